import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { factPageSchema } from '../../api/schema/timeline.ts';
import type { Firebreak } from '../../app/firebreak.ts';
import type { Fact } from '../../domain/fact.ts';
import type { Json } from '../../domain/json.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import { createJsonClient, type JsonClient } from '../../lab/scenario/json-client.ts';
import type { Closers } from '../closers.ts';
import { temporalAddress, tempDir, unique, workflowBundlePath } from '../harness.ts';
import type { Places } from './settings.ts';
import {
  CANARY,
  MODEL,
  NAMESPACE,
  PERSON,
  PLAYBOOK,
  smallConfiguration,
  STABLE,
} from './small-world.ts';
import { SCOPES } from '../../domain/scope.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The one object that the small playbook changes. */
export const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY}`;
const WAIT_MAX_MS = 120_000;
const LOOK_MS = 100;
const ANSWER_MAX_MS = 30_000;
const PAGE_FACTS = 200;
const READS = ['GET', 'HEAD', 'OPTIONS'];

function deploymentBody(name: string, track: string, replicas: number): Json {
  const labels = { app: MODEL, track };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'server', image: 'registry.example/fraud-scorer:7' }] },
      },
    },
  };
}

/** A cluster that runs one replica of the canary, beside enough others that it may go without a person. */
async function clusterWithCanary(closers: Closers): Promise<KubernetesTwin> {
  const twin = await createKubernetesTwin({ namespaces: [NAMESPACE] });
  closers.push(() => twin.close());
  const client = createJsonClient(twin.url);
  const deployments = DEPLOYMENT.slice(0, DEPLOYMENT.lastIndexOf('/'));
  for (const body of [deploymentBody(STABLE, 'stable', 3), deploymentBody(CANARY, 'canary', 1)]) {
    await client.send('POST', deployments, { body });
  }
  return twin;
}

async function playbooksDir(): Promise<string> {
  const folder = join(await tempDir(), 'playbooks');
  await mkdir(folder);
  await writeFile(join(folder, 'crash.yaml'), PLAYBOOK);
  // What an alert without a route would run must be there.
  const drift = 'p1-model-drift.yaml';
  await copyFile(join(ROOT, 'playbooks', drift), join(folder, drift));
  return folder;
}

/** A cluster, and where an installation that looks after it keeps its things. */
export interface SmallWorld {
  readonly places: Places;
  readonly twin: KubernetesTwin;
  /** What changed in the cluster by now, as method and path. */
  writes(): readonly string[];
  /** Calls `strike` once, when the one write arrives, which then meets the fault. */
  atWrite(kind: 'delay' | 'cut-before' | 'cut-after', strike: () => void): void;
}

/** Opens the smallest world that an incident can happen in, on the given database. */
export async function openSmallWorld(closers: Closers, databaseUrl: string): Promise<SmallWorld> {
  const twin = await clusterWithCanary(closers);
  const seeded = twin.ledger.length;
  return {
    twin,
    places: {
      dataDir: await tempDir(),
      databaseUrl,
      temporalAddress: temporalAddress(),
      taskQueue: unique('crash'),
      playbooksDir: await playbooksDir(),
      configuration: smallConfiguration(twin.url),
      bundlePath: await workflowBundlePath(),
    },
    writes: () =>
      twin.ledger
        .slice(seeded)
        .filter(({ changed }) => changed)
        .map(({ method, path }) => `${method} ${path.split('?')[0] ?? ''}`),
    atWrite: (kind, strike) => {
      const matches = ({ method, path }: FaultSubject): boolean => {
        if (READS.includes(method) || path !== DEPLOYMENT) return false;
        strike();
        return true;
      };
      twin.faults.add({ kind }, { matches });
    },
  };
}

/** The tokens of an installation: they outlive its processes. */
export interface Keys {
  readonly mona: string;
  readonly source: string;
}

/** Takes the keys that the first start of an installation hands out. */
export async function takeKeys(
  first: Pick<Firebreak, 'url' | 'adminToken' | 'sources'>,
): Promise<Keys> {
  const admin = clientOf(first.url, first.adminToken ?? '');
  const issued = await admin.send('POST', `/api/v1/people/${PERSON}/tokens`, {
    body: {
      label: 'test',
      scopes: SCOPES,
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    },
  });
  const { token } = z.object({ token: z.string() }).parse(issued);
  const source = first.sources.find(({ name }) => name === 'generic')?.token ?? '';
  return { mona: token, source };
}

function clientOf(url: string, token: string): JsonClient {
  return createJsonClient(url, { authorization: `Bearer ${token}` });
}

/** What intake said: `status` is null when no answer came. */
export interface IntakeAnswer {
  readonly status: number | null;
  readonly retryAfter: string | null;
  readonly body: unknown;
}

/** An alert is known again by its name and its time. */
export interface RaisedAlert {
  readonly name: string;
  readonly startsAt: string;
}

/** Sends one alert the way every alert comes in. */
export async function raise(
  { url, keys }: { readonly url: string; readonly keys: Keys },
  { name, startsAt }: RaisedAlert,
): Promise<IntakeAnswer> {
  const alert = { startsAt, title: 'odd scores', labels: { model: MODEL, alertname: name } };
  try {
    const response = await fetch(`${url}/api/v1/alerts/generic/generic`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.source}`, 'content-type': 'application/json' },
      body: JSON.stringify({ alerts: [alert] }),
      signal: AbortSignal.timeout(ANSWER_MAX_MS),
    });
    const retryAfter = response.headers.get('retry-after');
    return { status: response.status, retryAfter, body: await response.json() };
  } catch {
    return { status: null, retryAfter: null, body: null };
  }
}

const incidents = z.object({
  items: z.array(z.object({ id: z.string(), state: z.string(), phase: z.string() })),
});
/** An incident as the list shows it. */
export type SeenIncident = z.infer<typeof incidents>['items'][number];

/** A person at the API of an installation. */
export interface Person {
  incidents(): Promise<readonly SeenIncident[]>;
  facts(incidentId: string): Promise<readonly Fact[]>;
  /** Waits until the newest incident is as asked; the API may be away meanwhile. */
  waitFor(what: string, holds: (incident: SeenIncident) => boolean): Promise<SeenIncident>;
  /** Waits for the review, closes the incident, what was contained deliberately left; answers it closed. */
  closeReviewed(): Promise<SeenIncident>;
}

/** Mona, at the door of an installation. */
export function personAt({ url, keys }: { readonly url: string; readonly keys: Keys }): Person {
  const client = clientOf(url, keys.mona);
  const person: Person = {
    incidents: async () => incidents.parse(await client.send('GET', '/api/v1/incidents')).items,
    facts: (incidentId) => factsOf(client, incidentId),
    waitFor: async (what, holds) => {
      const deadline = Date.now() + WAIT_MAX_MS;
      let last: SeenIncident | undefined;
      while (Date.now() < deadline) {
        const seen = await person.incidents().catch(() => []);
        last = seen[0] ?? last;
        if (last && holds(last)) return last;
        await sleep(LOOK_MS);
      }
      const facts = last ? await person.facts(last.id) : [];
      const told = facts.map(({ sequence, summary }) => `${sequence.toString()} ${summary}`);
      throw new Error(`waited in vain for ${what}: ${JSON.stringify(last)}\n${told.join('\n')}`);
    },
    closeReviewed: async () => {
      const { id } = await person.waitFor('the review', ({ phase }) => phase === 'review');
      await close(client, id);
      return person.waitFor('the end', ({ state }) => state === 'closed');
    },
  };
  return person;
}

async function factsOf(client: JsonClient, incidentId: string): Promise<readonly Fact[]> {
  const path = `/api/v1/incidents/${incidentId}/timeline?limit=${PAGE_FACTS.toString()}`;
  const { items, next } = factPageSchema.parse(await client.send('GET', path));
  if (next !== null) throw new Error('a small incident tells little');
  return items;
}

async function close(client: JsonClient, incidentId: string): Promise<void> {
  const plans = z
    .object({ items: z.array(z.object({ operation: z.string(), target: z.string() })) })
    .parse(await client.send('GET', `/api/v1/incidents/${incidentId}/plans`));
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  await client.send('POST', `/api/v1/incidents/${incidentId}/close`, {
    body: {
      verdict: 'confirmed',
      reason: 'the canary is gone for good',
      leave: plans.items.map((plan) => ({ ...plan, owner: PERSON, expiresAt })),
    },
  });
}
