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
    updatedReplicas: z.number().default(0),
    readyReplicas: z.number().default(0),
  }),
});

function containerOf(story: Story, version: string | null): Json {
  const uri = version === null ? `@${story.alias}` : `/${version}`;
  return {
    name: story.container,
    image: story.image(version ?? story.alias),
    ports: [{ containerPort: 8080 }],
    env: [{ name: 'MODEL_URI', value: `models:/${story.model}${uri}` }],
  };
}

function deployment(
  story: Story,
  part: {
    readonly name: string;
    readonly track: string;
    readonly replicas: number;
    /** Null: its pods load what the alias names when they start. */
    readonly version: string | null;
  },
): Json {
  const { version } = part;
  const labels = { app: story.model, track: part.track };
  const named = version === null ? labels : { ...labels, version };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: part.name, namespace: story.namespace, labels },
    spec: {
      replicas: part.replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: named },
        spec: {
          containers: [containerOf(story, version)],
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

/**
 * Brings a fresh namespace to where the story begins. With a canary version 6 serves and version 7 is its canary;
 * without one, every replica loads what the alias names.
 */
export async function seedCluster(kubernetes: JsonClient, story: Story): Promise<void> {
  const core = `/api/v1/namespaces/${story.namespace}`;
  await kubernetes.send('POST', '/api/v1/namespaces', {
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: story.namespace } },
  });
  const { pointer, guard, canary } = story;
  const pointed = configMap(story, pointer.name, { [pointer.key]: story.days.latest });
  await kubernetes.send('POST', `${core}/configmaps`, { body: pointed });
  if (guard !== null) {
    const open = configMap(story, guard.name, { [guard.key]: 'false' });
    await kubernetes.send('POST', `${core}/configmaps`, { body: open });
  }
  await kubernetes.send('POST', `${core}/services`, { body: service(story) });
  const stable = {
    name: story.stable,
    track: 'stable',
    replicas: story.replicas - (canary === null || story.rollout === 'full' ? 0 : 1),
    version: story.load === 'alias-at-start' ? null : '6',
  };
  await kubernetes.send('POST', deploymentsOf(story), { body: deployment(story, stable) });
  if (canary !== null) await seedCanary(kubernetes, story, canary);
  await ready(kubernetes, story, story.stable);
  if (story.rollout === 'full') await rollOut(kubernetes, story);
}

/** The new version passed its trial: stable takes it, and the canary goes to zero. */
async function rollOut(kubernetes: JsonClient, story: Story): Promise<void> {
  const { stable, canary } = story;
  await release(kubernetes, story, { name: stable, version: '7' });
  await ready(kubernetes, story, stable);
  if (canary === null) return;
  await kubernetes.send('PATCH', `${deploymentsOf(story)}/${canary}`, {
    type: MERGE_PATCH,
    body: { spec: { replicas: 0 } },
  });
  await ready(kubernetes, story, canary);
}

function deploymentsOf({ namespace }: Story): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments`;
}

/** The canary ran the stable version first: that is the ReplicaSet which a rollback finds. */
async function seedCanary(kubernetes: JsonClient, story: Story, name: string): Promise<void> {
  const canary = { name, track: 'canary', replicas: 1, version: '6' };
  await kubernetes.send('POST', deploymentsOf(story), { body: deployment(story, canary) });
  await ready(kubernetes, story, name);
  await release(kubernetes, story, { name, version: '7' });
  await ready(kubernetes, story, name);
}

/** What CI/CD did last night: a Deployment takes a new version. */
async function release(
  kubernetes: JsonClient,
  story: Story,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<void> {
  const template = {
    metadata: { labels: { version } },
    spec: { containers: [containerOf(story, version)] },
  };
  await kubernetes.send('PATCH', `${deploymentsOf(story)}/${name}`, {
    type: MERGE_PATCH,
    body: { spec: { template } },
  });
}

async function ready(kubernetes: JsonClient, story: Story, name: string): Promise<void> {
  const path = `${deploymentsOf(story)}/${name}`;
  const deadline = Date.now() + CONVERGES_WITHIN_MS;
  for (;;) {
    const { spec, status } = seenDeployment.parse(await kubernetes.send('GET', path));
    if (status.updatedReplicas === spec.replicas && status.readyReplicas === spec.replicas) return;
    if (Date.now() > deadline) throw new Error(`${name} did not become ready`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** The platform engineer's patch, which closes the way in; nothing where nobody came in. */
export async function closeEntryPath(kubernetes: JsonClient, story: Story): Promise<void> {
  const { guard, namespace } = story;
  if (guard === null) return;
  await kubernetes.send('PATCH', `/api/v1/namespaces/${namespace}/configmaps/${guard.name}`, {
    type: MERGE_PATCH,
    body: { data: { [guard.key]: 'true' } },
  });
}
