import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { startFirebreak, type Firebreak } from '../../app/firebreak.ts';
import type { Fact } from '../../domain/fact.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import { createJsonClient, type JsonClient } from '../../lab/scenario/json-client.ts';
import {
  freshDatabase,
  quietTemporalRuntime,
  temporalAddress,
  tempDir,
  unique,
  workflowBundlePath,
} from '../harness.ts';
import { settingsOf, type Places } from './settings.ts';
import { makeOurBuildCurrent, startWorkerProcess } from './worker.ts';
import { CANARY, MODEL, NAMESPACE, PERSON, PLAYBOOK, smallConfiguration } from './small-world.ts';

// Goal: a worker that is killed with -9 around its first effect loses and repeats nothing. Method: API here, worker
// in a process of its own, which the cluster's twin kills the moment the write arrives; then a second worker.
const ROOT = join(import.meta.dirname, '..', '..');
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY}`;
const WAIT_MAX_MS = 120_000;
const LOOK_MS = 100;
// Above the sum of the waits, so that a wait in vain says what it waited for.
const TEST_MAX_MS = 600_000;
const READS = ['GET', 'HEAD', 'OPTIONS'];

const closers: (() => Promise<void>)[] = [];

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Stage {
  readonly places: Places;
  readonly firebreak: Firebreak;
  readonly twin: KubernetesTwin;
  readonly mona: JsonClient;
}

/** A cluster that runs one replica of the canary. */
async function clusterWithCanary(): Promise<KubernetesTwin> {
  const twin = await createKubernetesTwin({ namespaces: [NAMESPACE] });
  closers.push(() => twin.close());
  const labels = { app: MODEL };
  await createJsonClient(twin.url).send('POST', DEPLOYMENT.slice(0, DEPLOYMENT.lastIndexOf('/')), {
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: CANARY, namespace: NAMESPACE, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'server', image: 'registry.example/fraud-scorer:7' }] },
        },
      },
    },
  });
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

/** Twin, database and the API role in this process. */
async function stage(): Promise<Stage> {
  const twin = await clusterWithCanary();
  const database = await freshDatabase();
  closers.push(() => database.drop());
  const places: Places = {
    dataDir: await tempDir(),
    databaseUrl: database.url,
    temporalAddress: temporalAddress(),
    taskQueue: unique('crash'),
    playbooksDir: await playbooksDir(),
    configuration: smallConfiguration(twin.url),
    bundlePath: await workflowBundlePath(),
  };
  const firebreak = await startFirebreak(settingsOf(places, 'api'));
  closers.push(() => firebreak.stop());
  const admin = client(firebreak, firebreak.adminToken ?? '');
  const { token } = z
    .object({ token: z.string() })
    .parse(
      await admin.send('POST', `/api/v1/people/${PERSON}/tokens`, { body: { label: 'test' } }),
    );
  return { places, firebreak, twin, mona: client(firebreak, token) };
}

function client(firebreak: Firebreak, token: string): JsonClient {
  return createJsonClient(firebreak.url, { authorization: `Bearer ${token}` });
}

/** The way every alert comes in. */
async function raiseAlert({ firebreak }: Stage): Promise<void> {
  const token = firebreak.sources.find(({ name }) => name === 'generic')?.token ?? '';
  await client(firebreak, token).send('POST', '/api/v1/alerts/generic/generic', {
    body: {
      alerts: [
        { startsAt: new Date().toISOString(), title: 'odd scores', labels: { model: MODEL } },
      ],
    },
  });
}

const seenIncidents = z.object({
  items: z.array(z.object({ id: z.string(), state: z.string(), phase: z.string() })),
});
type SeenIncident = z.infer<typeof seenIncidents>['items'][number];

async function factsOf({ firebreak }: Stage, incidentId: string): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of firebreak.store.facts.all(incidentId)) facts.push(fact);
  return facts;
}

/** Waits until the one incident is as asked. */
async function waitFor(
  given: Stage,
  what: string,
  holds: (incident: SeenIncident) => boolean,
): Promise<SeenIncident> {
  const deadline = Date.now() + WAIT_MAX_MS;
  let last: SeenIncident | undefined;
  while (Date.now() < deadline) {
    [last] = seenIncidents.parse(await given.mona.send('GET', '/api/v1/incidents')).items;
    if (last && holds(last)) return last;
    await sleep(LOOK_MS);
  }
  const facts = last ? await factsOf(given, last.id) : [];
  const told = facts.map(({ sequence, summary }) => `${sequence.toString()} ${summary}`);
  throw new Error(`waited in vain for ${what}: ${JSON.stringify(last)}\n${told.join('\n')}`);
}

/** A person closes it; what was contained is deliberately left. */
async function close({ mona }: Stage, incidentId: string): Promise<void> {
  const plans = z
    .object({ items: z.array(z.object({ operation: z.string(), target: z.string() })) })
    .parse(await mona.send('GET', `/api/v1/incidents/${incidentId}/plans`));
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  await mona.send('POST', `/api/v1/incidents/${incidentId}/close`, {
    body: {
      verdict: 'confirmed',
      reason: 'the canary is gone for good',
      leave: plans.items.map(({ operation, target }) => ({
        operation,
        target,
        owner: PERSON,
        expiresAt,
      })),
    },
  });
}

const KINDS = ['cut-before', 'cut-after'] as const;

interface Crash {
  readonly kind: (typeof KINDS)[number];
  /** How the first worker ended: code and signal. */
  readonly end: readonly unknown[];
  /** What had changed in the cluster when it was killed. */
  readonly writesAtKill: readonly string[];
  /** What has changed in all. */
  readonly writes: readonly string[];
  readonly facts: readonly Fact[];
}

/** One incident whose first worker is killed around its first write. */
async function crashAround(kind: Crash['kind']): Promise<Crash> {
  const given = await stage();
  const { twin, places } = given;
  const seeded = twin.ledger.length;
  const writes = (): readonly string[] =>
    twin.ledger
      .slice(seeded)
      .filter(({ changed }) => changed)
      .map(({ method, path }) => `${method} ${path.split('?')[0] ?? ''}`);
  const first = await startWorkerProcess(places, closers);
  await makeOurBuildCurrent(places);
  const killed = once(first, 'exit', { signal: AbortSignal.timeout(WAIT_MAX_MS) });
  twin.faults.add(
    { kind },
    {
      matches: ({ method, path }) => {
        if (READS.includes(method) || path !== DEPLOYMENT) return false;
        return first.kill('SIGKILL');
      },
    },
  );
  await raiseAlert(given);
  const end = await killed;
  const writesAtKill = writes();
  await startWorkerProcess(places, closers);
  const { id } = await waitFor(given, 'review', ({ phase }) => phase === 'review');
  await close(given, id);
  await waitFor(given, 'the end', ({ state }) => state === 'closed');
  return { kind, end, writesAtKill, writes: writes(), facts: await factsOf(given, id) };
}

test(
  'a worker killed with -9 before and after its first effect: the incident ends, the effect happened once',
  async () => {
    // Side by side: most of it is waiting until Temporal misses the dead worker's heartbeat.
    const crashes = await Promise.allSettled(KINDS.map(crashAround));
    for (const crash of crashes) if (crash.status === 'rejected') throw crash.reason;
    const ended = crashes.flatMap((crash) => (crash.status === 'fulfilled' ? [crash.value] : []));
    const write = `PATCH ${DEPLOYMENT}`;
    expect(ended).toMatchObject([
      { kind: 'cut-before', end: [null, 'SIGKILL'], writesAtKill: [], writes: [write] },
      { kind: 'cut-after', end: [null, 'SIGKILL'], writesAtKill: [write], writes: [write] },
    ]);
    for (const { facts } of ended) {
      expect(facts.map(({ sequence }) => sequence)).toEqual(facts.map((_, index) => index + 1));
      expect(await verifyChain(facts)).toMatchObject({ verified: true, facts: facts.length });
      const kinds = facts
        .filter(({ operation }) => operation === 'scale-away')
        .map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'operation.applied')).toHaveLength(1);
      expect(kinds).toContain('operation.verified');
    }
  },
  TEST_MAX_MS,
);
