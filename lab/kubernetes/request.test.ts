// Goal: the twin answers, refuses and audits what a Kubernetes API server answers, refuses and audits.
// Method: plain HTTP against a running twin, each refusal a row with its status and reason.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../domain/json.ts';
import { at, listAt, numberAt, textAt } from './object.ts';
import { createPlainClient, PATCH_TYPES, type PlainClient } from './plain-client.ts';
import { createKubernetesTwin, type KubernetesTwin, type KubernetesTwinOptions } from './twin.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PODS = '/api/v1/namespaces/default/pods';

let twin: KubernetesTwin;
let client: PlainClient;

async function start(options: KubernetesTwinOptions = {}): Promise<void> {
  await twin.close();
  twin = await createKubernetesTwin(options);
  client = createPlainClient(twin.url);
}

beforeEach(async () => {
  twin = await createKubernetesTwin();
  client = createPlainClient(twin.url);
});

afterEach(async () => {
  await twin.close();
});

const DEPLOYMENT = {
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'model', image: 'm:1', env: [{ name: 'A', value: '1' }] }] },
    },
  },
};

describe('requests', () => {
  test('create fills in uid, version, generation and defaults; the same name again is AlreadyExists', async () => {
    const made = await client.send('POST', DEPLOYMENTS, { body: DEPLOYMENT });
    expect(made.status).toBe(201);
    expect(numberAt(made.body, 'metadata', 'generation')).toBe(1);
    expect(textAt(made.body, 'metadata', 'uid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(numberAt(made.body, 'spec', 'revisionHistoryLimit')).toBe(10);
    const again = await client.send('POST', DEPLOYMENTS, { body: DEPLOYMENT });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({
      kind: 'Status',
      reason: 'AlreadyExists',
      message: 'deployments.apps "web" already exists',
      details: { name: 'web', group: 'apps', kind: 'deployments' },
      code: 409,
    });
  });

  const refusals: readonly {
    readonly name: string;
    readonly method: string;
    readonly path: string;
    readonly body?: Json;
    readonly type?: string;
    readonly status: number;
    readonly reason: string;
  }[] = [
    {
      name: 'unknown object',
      method: 'GET',
      path: `${DEPLOYMENTS}/none`,
      status: 404,
      reason: 'NotFound',
    },
    {
      name: 'unknown path',
      method: 'GET',
      path: '/apis/nope/v1/things',
      status: 404,
      reason: 'NotFound',
    },
    {
      name: 'missing namespace',
      method: 'POST',
      path: '/api/v1/namespaces/none/configmaps',
      body: { metadata: { name: 'a' } },
      status: 404,
      reason: 'NotFound',
    },
    {
      name: 'patch without a patch type',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: {},
      status: 415,
      reason: 'UnsupportedMediaType',
    },
    {
      name: 'server-side apply, which the twin does not do',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: {},
      type: 'application/apply-patch+yaml',
      status: 415,
      reason: 'UnsupportedMediaType',
    },
    {
      name: 'failed test of a json patch',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: [{ op: 'test', path: '/spec/replicas', value: 9 }],
      type: PATCH_TYPES.json,
      status: 422,
      reason: 'Invalid',
    },
    {
      name: 'json patch below a missing path',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: [{ op: 'add', path: '/metadata/labels/a', value: 'b' }],
      type: PATCH_TYPES.json,
      status: 422,
      reason: 'Invalid',
    },
    {
      name: 'merge body under the json patch type',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: { spec: { replicas: 1 } },
      type: PATCH_TYPES.json,
      status: 400,
      reason: 'BadRequest',
    },
    {
      name: 'stale version in a patch',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: { metadata: { resourceVersion: '1' }, spec: { replicas: 1 } },
      type: PATCH_TYPES.merge,
      status: 409,
      reason: 'Conflict',
    },
    {
      name: 'foreign uid in a patch',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: { metadata: { uid: '00000000-0000-0000-0000-000000000000' } },
      type: PATCH_TYPES.merge,
      status: 422,
      reason: 'Invalid',
    },
    {
      name: 'text where a number belongs',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: { spec: { replicas: '3' } },
      type: PATCH_TYPES.merge,
      status: 422,
      reason: 'Invalid',
    },
    {
      name: 'template that the selector does not match',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: { spec: { template: { metadata: { labels: { app: 'other' } } } } },
      type: PATCH_TYPES.merge,
      status: 422,
      reason: 'Invalid',
    },
    {
      name: 'label value with a colon',
      method: 'PATCH',
      path: `${DEPLOYMENTS}/web`,
      body: { metadata: { labels: { until: '12:00' } } },
      type: PATCH_TYPES.merge,
      status: 422,
      reason: 'Invalid',
    },
    {
      name: 'unreadable selector',
      method: 'GET',
      path: `${PODS}?labelSelector=${encodeURIComponent('a in b')}`,
      status: 400,
      reason: 'BadRequest',
    },
    {
      name: 'foreign continue token',
      method: 'GET',
      path: `${PODS}?continue=eA`,
      status: 400,
      reason: 'BadRequest',
    },
    {
      name: 'delete of a collection',
      method: 'DELETE',
      path: PODS,
      status: 405,
      reason: 'MethodNotAllowed',
    },
    {
      name: 'delete with the uid of another',
      method: 'DELETE',
      path: `${DEPLOYMENTS}/web`,
      body: { preconditions: { uid: 'x' } },
      status: 409,
      reason: 'Conflict',
    },
  ];

  test.each(refusals)('refuses: $name', async ({ method, path, body, type, status, reason }) => {
    await client.send('POST', DEPLOYMENTS, { body: DEPLOYMENT });
    const before = twin.fingerprint();
    const answer = await client.send(method, path, {
      ...(body === undefined ? {} : { body }),
      ...(type === undefined ? {} : { type }),
    });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', reason, code: status });
    expect(twin.fingerprint()).toEqual(before);
  });

  test('an equal write keeps the version and counts as no change; a dry run stores nothing', async () => {
    await client.send('POST', DEPLOYMENTS, { body: DEPLOYMENT });
    const before = await client.send('GET', `${DEPLOYMENTS}/web`);
    await client.patch(`${DEPLOYMENTS}/web`, { spec: { replicas: 2 } });
    const dry = await client.patch(`${DEPLOYMENTS}/web?dryRun=All`, { spec: { replicas: 7 } });
    expect(numberAt(dry.body, 'spec', 'replicas')).toBe(7);
    expect((await client.send('GET', `${DEPLOYMENTS}/web`)).body).toEqual(before.body);
    expect(twin.ledger.slice(-3).map((entry) => entry.changed)).toEqual([false, false, false]);
  });

  test('pages of a list hold every object once, and items carry no kind', async () => {
    await client.send('POST', DEPLOYMENTS, {
      body: { ...DEPLOYMENT, spec: { ...DEPLOYMENT.spec, replicas: 5 } },
    });
    const names: string[] = [];
    let token = '';
    do {
      const { body } = await client.send('GET', `${PODS}?limit=2&continue=${token}`);
      for (const item of listAt(body, 'items')) {
        expect(at(item, 'kind')).toBeUndefined();
        names.push(textAt(item, 'metadata', 'name'));
      }
      token = textAt(body, 'metadata', 'continue');
    } while (token !== '');
    expect(new Set(names).size).toBe(5);
    expect(names).toHaveLength(5);
  });

  test('strategic merge finds a container by name and keeps its other fields', async () => {
    await client.send('POST', DEPLOYMENTS, { body: DEPLOYMENT });
    const containers = [{ name: 'model', image: 'm:2' }];
    const type = 'application/strategic-merge-patch+json';
    const body = { spec: { template: { spec: { containers } } } };
    const answer = await client.patch(`${DEPLOYMENTS}/web`, body, type);
    const [container] = listAt(answer.body, 'spec', 'template', 'spec', 'containers');
    expect(container).toMatchObject({ image: 'm:2', env: [{ name: 'A', value: '1' }] });
  });
});

describe('access', () => {
  test('without a known token 401, without the right 403, both as Status; a review tells beforehand', async () => {
    await start({
      tokens: { good: 'alice' },
      isAllowed: (request) => request.verb !== 'delete',
    });
    expect((await client.send('GET', PODS)).body).toMatchObject({
      code: 401,
      reason: 'Unauthorized',
    });
    const alice = createPlainClient(twin.url, 'good');
    const refused = await alice.send('DELETE', `${PODS}/a`);
    expect(refused.body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "a" is forbidden: User "alice" cannot delete resource "pods" in API group "" in the namespace "default"',
    });
    const review = await alice.send(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        body: { spec: { resourceAttributes: { verb: 'delete', resource: 'pods' } } },
      },
    );
    expect(review.body).toMatchObject({ status: { allowed: false } });
  });

  test('the audit log has one event for each request, refused ones too, with the Audit-Id of the answer', async () => {
    const events: JsonObject[] = [];
    await start({ tokens: { good: 'alice' }, onAudit: (event) => events.push(event) });
    const alice = createPlainClient(twin.url, 'good');
    const made = await alice.send('POST', DEPLOYMENTS, { body: DEPLOYMENT });
    await client.send('GET', PODS);
    expect(events).toHaveLength(2);
    expect(events[0]).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      stage: 'ResponseComplete',
      auditID: made.headers.get('audit-id'),
      verb: 'create',
      user: { username: 'alice' },
      objectRef: { resource: 'deployments', namespace: 'default', name: 'web', apiGroup: 'apps' },
      responseStatus: { code: 201 },
      requestObject: { metadata: { name: 'web' } },
    });
    expect(events[1]).toMatchObject({
      level: 'Metadata',
      verb: 'list',
      user: { username: 'system:anonymous' },
      responseStatus: { code: 401, reason: 'Unauthorized' },
    });
  });
});
