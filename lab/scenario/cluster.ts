import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import type { JsonClient } from './json-client.ts';
import type { Story } from './story.ts';

const MERGE_PATCH = 'application/merge-patch+json';
const CONVERGES_WITHIN_MS = 60_000;
const LOOK_MS = 100;

const seenDeployment = z.object({
  spec: z.object({ replicas: z.number() }),
  status: z.object({
    updatedReplicas: z.number().optional(),
    readyReplicas: z.number().optional(),
  }),
});

function deployment(
  story: Story,
  part: {
    readonly name: string;
    readonly track: string;
    readonly replicas: number;
    readonly version: string;
  },
): Json {
  const labels = { app: story.model, track: part.track };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: part.name, namespace: story.namespace, labels },
    spec: {
      replicas: part.replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, version: part.version } },
        spec: {
          containers: [
            {
              name: story.container,
              image: story.image(part.version),
              ports: [{ containerPort: 8080 }],
              env: [{ name: 'MODEL_URI', value: `models:/${story.model}/${part.version}` }],
            },
          ],
        },
      },
    },
  };
}

function configMap(story: Story, name: string, data: Readonly<Record<string, string>>): Json {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: story.namespace },
    data,
  };
}

function service(story: Story): Json {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: story.service, namespace: story.namespace },
    spec: { selector: { app: story.model }, ports: [{ port: 80, targetPort: 8080 }] },
  };
}

/** Brings a fresh namespace to where the story begins: version 6 serves, version 7 is its canary. */
export async function seedCluster(kubernetes: JsonClient, story: Story): Promise<void> {
  const core = `/api/v1/namespaces/${story.namespace}`;
  const apps = `/apis/apps/v1/namespaces/${story.namespace}`;
  await kubernetes.send('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: story.namespace } },
  });
  const { pointer, guard } = story;
  const pointed = configMap(story, pointer.name, { [pointer.key]: story.days.poisoned });
  await kubernetes.send('POST', `${core}/configmaps`, { body: pointed });
  const open = configMap(story, guard.name, { [guard.key]: 'false' });
  await kubernetes.send('POST', `${core}/configmaps`, { body: open });
  await kubernetes.send('POST', `${core}/services`, { body: service(story) });
  const stable = {
    name: story.stable,
    track: 'stable',
    replicas: story.replicas - 1,
    version: '6',
  };
  await kubernetes.send('POST', `${apps}/deployments`, { body: deployment(story, stable) });
  // The canary ran the stable version first: that is the ReplicaSet which a rollback finds.
  const canary = { name: story.canary, track: 'canary', replicas: 1, version: '6' };
  await kubernetes.send('POST', `${apps}/deployments`, { body: deployment(story, canary) });
  await ready(kubernetes, story, story.canary);
  await release(kubernetes, story, '7');
  await ready(kubernetes, story, story.stable);
  await ready(kubernetes, story, story.canary);
}

/** What CI/CD did last night: the canary takes a new version. */
async function release(kubernetes: JsonClient, story: Story, version: string): Promise<void> {
  const container = {
    name: story.container,
    image: story.image(version),
    ports: [{ containerPort: 8080 }],
    env: [{ name: 'MODEL_URI', value: `models:/${story.model}/${version}` }],
  };
  await kubernetes.send(
    'PATCH',
    `/apis/apps/v1/namespaces/${story.namespace}/deployments/${story.canary}`,
    {
      type: MERGE_PATCH,
      body: {
        spec: {
          template: { metadata: { labels: { version } }, spec: { containers: [container] } },
        },
      },
    },
  );
}

async function ready(kubernetes: JsonClient, story: Story, name: string): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${story.namespace}/deployments/${name}`;
  const deadline = Date.now() + CONVERGES_WITHIN_MS;
  for (;;) {
    const { spec, status } = seenDeployment.parse(await kubernetes.send('GET', path));
    if (status.updatedReplicas === spec.replicas && status.readyReplicas === spec.replicas) return;
    if (Date.now() > deadline) throw new Error(`${name} did not become ready`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** The platform engineer's patch: from now on only signed batches come in. */
export async function closeEntryPath(kubernetes: JsonClient, story: Story): Promise<void> {
  const { guard, namespace } = story;
  await kubernetes.send('PATCH', `/api/v1/namespaces/${namespace}/configmaps/${guard.name}`, {
    type: MERGE_PATCH,
    body: { data: { [guard.key]: 'true' } },
  });
}
