import type { Json } from '../../../domain/json.ts';
import { listAt, numberAt, textAt } from '../../../lab/kubernetes/object.ts';
import { PATCH_TYPES, type PlainClient } from '../../../lab/kubernetes/plain-client.ts';
import { servingDeployment } from '../../../lab/kubernetes/serving-sample.ts';

/** One request as anybody may send it. */
interface Question {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
  readonly type?: string;
}

/** Asked one after the other in a fresh namespace of this name. */
export const NAMESPACE = 'answers';
const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const APPS = `/apis/apps/v1/namespaces/${NAMESPACE}`;
const MAP = `${CORE}/configmaps/one`;
const DEPLOYMENT = `${APPS}/deployments/scorer`;
const one = { metadata: { name: 'one' }, data: { a: '1' } };
const deployment = servingDeployment('scorer', '6', 1);

function ask(title: string, line: string, rest: Pick<Question, 'body' | 'type'> = {}): Question {
  const [method = '', path = ''] = line.split(' ');
  return { title, method, path, ...rest };
}

const merge = (body: Json) => ({ body, type: PATCH_TYPES.merge });
const json = (body: Json) => ({ body, type: PATCH_TYPES.json });

const QUESTIONS: readonly Question[] = [
  ask('a namespace', 'POST /api/v1/namespaces', { body: { metadata: { name: NAMESPACE } } }),
  ask('it again', 'POST /api/v1/namespaces', { body: { metadata: { name: NAMESPACE } } }),
  ask('a name with a capital', 'POST /api/v1/namespaces', { body: { metadata: { name: 'Bad' } } }),
  ask('a map', `POST ${CORE}/configmaps`, { body: one }),
  ask('it again', `POST ${CORE}/configmaps`, { body: one }),
  ask('one without a name', `POST ${CORE}/configmaps`, { body: { data: {} } }),
  ask('one of a generated name', `POST ${CORE}/configmaps`, {
    body: { metadata: { generateName: 'made-' } },
  }),
  ask('one of another namespace', `POST ${CORE}/configmaps`, {
    body: { metadata: { name: 'two', namespace: 'default' } },
  }),
  ask('one in no namespace', 'POST /api/v1/namespaces/nowhere/configmaps', { body: one }),
  ask('data that is no text', `POST ${CORE}/configmaps`, {
    body: { metadata: { name: 'three' }, data: { a: 1 } },
  }),
  ask('a label that is none', `POST ${CORE}/configmaps`, {
    body: { metadata: { name: 'four', labels: { a: 'not a label!' } } },
  }),
  ask('only to see', `POST ${CORE}/configmaps?dryRun=All`, { body: { metadata: { name: 'dry' } } }),
  ask('that it is not there', `GET ${CORE}/configmaps/dry`),
  ask('an unknown one', `GET ${CORE}/configmaps/none`),
  ask('an unknown kind', `GET ${CORE}/nonsense`),
  ask('a merge', `PATCH ${MAP}`, merge({ data: { b: '2' } })),
  ask('an old version', `PATCH ${MAP}`, merge({ metadata: { resourceVersion: '1' } })),
  ask('another uid', `PATCH ${MAP}`, merge({ metadata: { uid: 'not-this-one' } })),
  ask('a test that holds', `PATCH ${MAP}`, json([{ op: 'test', path: '/data/a', value: '1' }])),
  ask('a test that fails', `PATCH ${MAP}`, json([{ op: 'test', path: '/data/a', value: '9' }])),
  ask('a place that is not there', `PATCH ${MAP}`, json([{ op: 'remove', path: '/data/zz' }])),
  ask('no patch', `PATCH ${MAP}`, json({ not: 'a list' })),
  ask('a patch of nothing', `PATCH ${CORE}/configmaps/none`, merge({ data: {} })),
  ask('an unknown type', `PATCH ${MAP}`, { body: {}, type: 'application/nonsense' }),
  ask('a replacement of an old version', `PUT ${MAP}`, {
    body: { ...one, metadata: { name: 'one', resourceVersion: '1' } },
  }),
  ask('a replacement of another name', `PUT ${MAP}`, { body: { metadata: { name: 'two' } } }),
  ask('a deployment', `POST ${APPS}/deployments`, { body: deployment }),
  ask('one without a selector', `POST ${APPS}/deployments`, {
    body: { metadata: { name: 'bare' }, spec: {} },
  }),
  ask('fewer than none', `PATCH ${DEPLOYMENT}`, merge({ spec: { replicas: -1 } })),
  ask('replicas in words', `PATCH ${DEPLOYMENT}`, merge({ spec: { replicas: 'many' } })),
  ask(
    'another selector',
    `PATCH ${DEPLOYMENT}`,
    merge({ spec: { selector: { matchLabels: { a: 'b' } } } }),
  ),
  ask('a container by its name', `PATCH ${DEPLOYMENT}`, {
    body: { spec: { template: { spec: { containers: [{ name: 'model', image: 'i:7' }] } } } },
    type: PATCH_TYPES.strategic,
  }),
  ask('its scale', `GET ${DEPLOYMENT}/scale`),
  ask('a list by label', `GET ${CORE}/pods?labelSelector=app%3Dnobody`),
  ask('a selector that is none', `GET ${CORE}/pods?labelSelector=%3D%3D%3D`),
  ask('a field that is none', `GET ${CORE}/pods?fieldSelector=spec.nonsense%3Da`),
  ask('a page that is none', `GET ${CORE}/configmaps?limit=1&continue=nonsense`),
  ask('a service', `POST ${CORE}/services`, {
    body: { metadata: { name: 's' }, spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } },
  }),
  ask('a service without ports', `POST ${CORE}/services`, {
    body: { metadata: { name: 't' }, spec: { selector: { app: 'x' } } },
  }),
  ask('a deletion of another uid', `DELETE ${MAP}`, { body: { preconditions: { uid: 'no' } } }),
  ask('a deletion', `DELETE ${MAP}`),
  ask('it again', `DELETE ${MAP}`),
  ask('the version', 'GET /version'),
];

/** What one server answered. */
export interface Answer {
  readonly title: string;
  readonly status: number;
  readonly reason: string;
  readonly kind: string;
  /** The fields that a refusal names. */
  readonly causes: string;
}

/** Asks a server everything, in order. */
export async function answersOf(client: PlainClient): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const { title, method, path, ...options } of QUESTIONS) {
    const { status, body } = await client.send(method, path, options);
    const causes = listAt(body, 'details', 'causes');
    answers.push({
      title: `${title}: ${method} ${path}`,
      status,
      reason: textAt(body, 'reason'),
      kind: textAt(body, 'details', 'kind'),
      causes: causes
        .map((cause) => textAt(cause, 'field'))
        .sort()
        .join(),
    });
    const code = numberAt(body, 'code');
    if (code !== undefined && code !== status) throw new Error(`${title}: code ${code.toString()}`);
  }
  return answers;
}
