import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { create } from '../../connectors/kubernetes/index.ts';
import { DEFAULT_CAPS, type Caps } from '../../domain/cap.ts';
import type { Incident } from '../../domain/incident.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import type { OperationState } from '../../domain/operation.ts';
import type { PlaybookOperation } from '../../domain/playbook.ts';
import type { Fault, FaultPlan, FaultSubject } from '../../lab/fault.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import { createJsonClient, type JsonClient } from '../../lab/scenario/json-client.ts';
import type { Closers } from '../closers.ts';
import { expectWholeLog } from '../crash/whole.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { ENTRY } from '../workflows/engine-incidents.ts';
import { op, playbookOf } from '../workflows/engine-operations.ts';
import { startEngine, type Engine } from '../workflows/engine.ts';
import { createWorld } from '../workflows/world.ts';
import { ABSURD_WAIT, FAULT_CASES, type FaultCase } from './cases.ts';

// Goal: however the far side misbehaves, an effect happens once and is never taken for done when it is not; the
// incident goes on, or it is held with an owner and a reason, and goes on when a person retries. Method: the real
// connector against a cluster under faults, the whole engine around it; every case has a Deployment and an incident of
// its own, and all run side by side, so that one system's trouble must not touch another incident.
const NAMESPACE = 'ml';
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const AGENT = 'firebreak';
const TEST_MAX_MS = 240_000;
/** Requests that change the cluster when nothing is in the way. */
const CHANGES = { scale: 1, quarantine: 2 } as const;

const ENDS = ['operation.applied', 'operation.verified'];

const closers: Closers = [];
let engine: Engine;
let twin: KubernetesTwin;
let client: JsonClient;

/** What each case's requests meet, by the name that is in them. */
const meetings = new Map<string, (asked: FaultSubject) => Fault | undefined>();
const faults: FaultPlan = {
  add: () => undefined,
  clear: () => undefined,
  next: (asked) => {
    const name = [...meetings.keys()].find((one) => isOf(one, asked));
    return name === undefined ? undefined : meetings.get(name)?.(asked);
  },
};

/** Serves whatever happens to the others: no case takes the last healthy capacity away. */
const STEADY = 'steady';
const SERVED: InventoryEntry = {
  ...ENTRY,
  serving: [
    {
      cluster: 'world',
      namespace: NAMESPACE,
      kind: 'Deployment',
      name: STEADY,
      container: 'server',
      role: 'only',
    },
  ],
};
const NO_LIMIT = 1_000_000;
const NO_LIMITS = { targets: NO_LIMIT, modelPercent: NO_LIMIT, totalPercent: NO_LIMIT };
const UNCAPPED: Caps = { ...DEFAULT_CAPS, atOnce: NO_LIMITS, perHour: NO_LIMITS };

const input = { namespace: NAMESPACE };
const contain = op.contain('', '', 0);
const PLAYBOOK = playbookOf({
  isolate: [
    {
      ...contain,
      name: 'scale',
      use: 'world.scale',
      when: `parameters.action == 'scale'`,
      with: { ...input, name: '${{ parameters.name }}', replicas: 0 },
    },
    {
      ...contain,
      name: 'quarantine',
      use: 'world.quarantine-pod',
      when: `parameters.action == 'quarantine'`,
      with: {
        ...input,
        deployment: '${{ parameters.name }}',
        reason: 'a test',
        owner: 'ada',
        leaseUntil: '2100-01-01T00:00:00Z',
      },
    },
  ] satisfies readonly PlaybookOperation[],
});

beforeAll(async () => {
  await quietTemporalRuntime();
  twin = await createKubernetesTwin({ namespaces: [NAMESPACE], faults });
  closers.push(() => twin.close());
  client = createJsonClient(twin.url);
  const connector = create({ server: twin.url });
  closers.push(() => connector.close());
  await deploy(STEADY, 3);
  engine = await startEngine(PLAYBOOK, { ...createWorld({}), connector }, { caps: UNCAPPED });
  closers.push(() => engine.stop());
});
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A Deployment with that name. */
async function deploy(name: string, replicas = 1): Promise<void> {
  const labels = { app: name };
  await client.send('POST', DEPLOYMENTS, {
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: NAMESPACE, labels },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'server', image: 'registry.example/scorer:7' }] },
        },
      },
    },
  });
}

/** One case on its way. */
interface Trial {
  readonly given: FaultCase;
  readonly incident: Incident;
  /** Requests of the case's kind by now. */
  readonly calls: () => number;
  readonly changes: () => number;
  readonly mend: () => void;
}

type Asked = Pick<FaultSubject, 'agent' | 'path' | 'body'>;

function isOf(name: string, { agent, path, body }: Asked): boolean {
  return agent === AGENT && (path.includes(name) || body.includes(name));
}

/** Somebody else's change at the moment of ours. */
async function scaleMeanwhile(name: string): Promise<void> {
  const type = 'application/merge-patch+json';
  await client.send('PATCH', `${DEPLOYMENTS}/${name}`, { body: { spec: { replicas: 5 } }, type });
}

/** Sets the case's faults in its Deployment's way and opens its incident. */
async function begin(given: FaultCase, name: string): Promise<Trial> {
  await deploy(name);
  let mended = false;
  let calls = 0;
  let writes = 0;
  meetings.set(name, (asked) => {
    const reads = asked.method === 'GET';
    writes += reads ? 0 : 1;
    if (reads !== (given.at === 'reads') || (given.at === 'later writes' && writes === 1)) return;
    const fault = given.faults[given.forGood === true ? 0 : calls];
    calls += 1;
    if (mended || !fault) return;
    return given.meanwhile === undefined
      ? fault
      : { kind: 'delay', until: () => scaleMeanwhile(name) };
  });
  return {
    given,
    incident: await engine.open({
      entry: SERVED,
      parameters: { action: given.action, name },
    }),
    calls: () => calls,
    changes: () => twin.ledger.filter((entry) => entry.changed && isOf(name, entry)).length,
    mend: () => {
      mended = true;
    },
  };
}

/** What was told of the case's effect, in order. */
async function told({ given, incident }: Pick<Trial, 'given' | 'incident'>): Promise<string[]> {
  const facts = await engine.facts(incident);
  return facts
    .filter(({ operation, kind }) => operation === given.action && kind.startsWith('operation.'))
    .map(({ kind }) => kind);
}

async function stateOf({ incident }: Trial): Promise<OperationState | null> {
  const rows = await engine.store.operations.ofIncident(incident.id);
  return rows.toSorted((a, b) => a.round - b.round).at(-1)?.state ?? null;
}

/** It stands as the case says, and a person's retry is taken once the far side is mended. */
async function expectHeld(trial: Trial, held: NonNullable<FaultCase['held']>): Promise<void> {
  const { given, incident } = trial;
  const now = await engine.waitFor(incident, 'the hold', ({ state }) => state === 'held');
  expect(now.owner).not.toBeNull();
  expect(now.stateReason).toMatch(held.reason);
  expect(await told(trial)).toEqual(given.told);
  expect(await stateOf(trial)).toBe(held.state);
  expect(trial.changes()).toBe(0);
  expect(trial.calls()).toBeLessThanOrEqual(given.callsMax);
  trial.mend();
  expect(await engine.decide(incident, 'ada', { kind: 'retry' })).toMatchObject({
    outcome: 'accepted',
  });
}

let absurd: Trial;
const trials = new Map<FaultCase, Trial>();

beforeAll(async () => {
  absurd = await begin(ABSURD_WAIT, 'case-absurd');
  for (const [index, given] of FAULT_CASES.entries()) {
    trials.set(given, await begin(given, `case-${(index + 100).toString()}`));
  }
}, TEST_MAX_MS);

test.each(FAULT_CASES)(
  '$name: $action happens once',
  async (given) => {
    const trial = trials.get(given);
    if (!trial) throw new Error('the case was not begun');
    if (given.held) await expectHeld(trial, given.held);
    await engine.waitFor(trial.incident, 'the review', ({ phase }) => phase === 'review');
    const kinds = await told(trial);
    if (given.held) expect(kinds.slice(-2)).toEqual(ENDS);
    else expect(kinds).toEqual([...given.told, ...ENDS]);
    expect(kinds.filter((kind) => kind === 'operation.applied')).toHaveLength(1);
    expect(await stateOf(trial)).toBe('verified');
    expect(trial.changes()).toBe(CHANGES[given.action]);
    if (!given.held) expect(trial.calls()).toBeLessThanOrEqual(given.callsMax);
    await expectWholeLog(await engine.facts(trial.incident));
  },
  TEST_MAX_MS,
);

test('a wait that nobody can sit out: nothing is asked meanwhile, and nothing is taken for done', async () => {
  const incident = await engine.waitFor(absurd.incident, 'its call', () => absurd.calls() > 0);
  expect(incident).toMatchObject({ state: 'open', phase: 'containment' });
  expect(await told(absurd)).toEqual(absurd.given.told);
  expect([absurd.calls(), absurd.changes()]).toEqual([1, 0]);
});

test(
  'an attempt that is overtaken between its read and its permit sends nothing and records nothing',
  async () => {
    const name = 'case-overtaken';
    await deploy(name);
    const sentBefore: number[] = [];
    const writes = (): number =>
      twin.ledger.filter((entry) => entry.method === 'PATCH' && isOf(name, entry)).length;
    const overtake = async (): Promise<void> => {
      const rows = await engine.store.operations.ofIncident(incident.id);
      const row = rows.find(({ state }) => state === 'applying');
      if (!row) return;
      sentBefore.push(writes());
      if (sentBefore.length > 1) return;
      // What another attempt does first; it then sleeps for good.
      await engine.store.operations.beginAttempt(row, ['applying'], 'applying');
    };
    meetings.set(name, ({ method }) =>
      method === 'GET' ? { kind: 'delay', until: overtake } : undefined,
    );
    const incident = await engine.open({
      entry: SERVED,
      parameters: { action: ABSURD_WAIT.action, name },
    });
    await engine.waitFor(incident, 'the review', ({ phase }) => phase === 'review');
    // The read of the attempt that was overtaken, then that of the next one.
    expect(sentBefore.slice(0, 2)).toEqual([0, 0]);
    expect(writes()).toBe(1);
    const kinds = await told({ given: ABSURD_WAIT, incident });
    expect(kinds).toEqual(['operation.planned', ...ENDS]);
  },
  TEST_MAX_MS,
);
