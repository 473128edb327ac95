import { beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CAPS, type Caps } from '../../domain/cap.ts';
import type { Incident } from '../../domain/incident.ts';
import { openIncident, plannedOperation, useStores } from '../../store/test-store.ts';
import { unique } from '../harness.ts';
import { steadyRules } from '../steady-rules.ts';
import { ENTRY } from './engine-incidents.ts';
import { createWorld } from './world.ts';
import { autonomyObstacle } from '../../activities/autonomy.ts';
import {
  admitDraft,
  keyOf,
  storeDraft,
  type Draft,
  type EffectJob,
} from '../../activities/plan-effect.ts';

// Goal: of two incidents that take the last place at once exactly one goes on by itself, and the guard says the same by
// current rows. Method: the real tables; two transactions side by side, and what they left behind.

const stores = useStores();
const { plan, planDigest } = plannedOperation({
  incidentId: '',
  operation: '',
  target: '',
  round: 1,
});

const caps: Caps = {
  ...DEFAULT_CAPS,
  atOnce: { targets: 1, modelPercent: 100, totalPercent: 100 },
};
const { connector } = createWorld({});
const instance = { name: 'kubernetes', drill: false, holdMs: 0, connector };
const deps = {
  connectors: { of: () => ({ find: () => instance, named: () => instance }) },
  caps: () => caps,
  inventory: () => [{ ...ENTRY, replicas: 10_000 }],
  now: () => new Date(),
  rules: steadyRules(),
};

let model = '';
beforeEach(() => {
  model = unique('model');
});

async function incidentOf(): Promise<Incident> {
  const id = await openIncident(stores.api(), unique('incident'));
  const incident = await stores.worker().incidents.change(id, { model });
  return incident;
}

/** A plan that takes one of four replicas of an object of its own. */
function draftOf(incident: Incident, name: string): Draft {
  const target = `kubernetes/Deployment/${model}/${name}`;
  const job: EffectJob = {
    incident,
    step: 'isolate',
    operation: 'drain',
    round: 1,
    use: 'kubernetes.scale',
    instance: 'kubernetes',
    holdMs: 0,
    input: {},
    approvalClass: 'R1',
    containment: true,
    target,
    claim: 'shared',
  };
  return {
    job,
    plan: {
      ...plan,
      targets: [],
      takes: [{ object: `Deployment/${model}/${name}`, replicas: 1, stays: false }],
    },
    planDigest,
    claimTargets: [target],
    joins: null,
    contradicts: false,
    serving: [
      { object: target, ready: 1 },
      { object: `kubernetes/Deployment/${model}/rest`, ready: 3 },
    ],
    cap: null,
    isolates: null,
  };
}

/** Plans as `act` does: what goes beyond a cap is not stored. Answers that cap, or null. */
async function take(draft: Draft): Promise<string | null> {
  return stores.worker().transaction(async (tables) => {
    const admitted = await admitDraft(deps, tables, draft);
    if ('blockedBy' in admitted) throw new Error(`blocked by ${admitted.blockedBy}`);
    if (admitted.weighed.cap !== null) return admitted.weighed.cap;
    await storeDraft(tables, admitted.weighed, { approvalId: null, facts: [] });
    return null;
  });
}

async function obstacleOf(incident: Incident, draft: Draft): Promise<string | null> {
  const taker = keyOf(draft.job);
  const row = await stores.worker().operations.find(taker);
  if (!row) throw new Error('no row');
  const standing = await stores.worker().isolations.standing(incident.id, { countUpTo: 0, taker });
  const auto = { ...incident, mode: 'auto', vetoSeconds: 0 } as const;
  return autonomyObstacle(deps, { incident: auto, row, standing, undoes: false });
}

describe('the last place', () => {
  test('goes to exactly one of many that ask at once', async () => {
    const drafts: Draft[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e']) drafts.push(draftOf(await incidentOf(), name));
    const told = await Promise.all(drafts.map(take));
    expect(told.filter((cap) => cap === null)).toHaveLength(1);
    const beyond = `2 targets of ${model} isolated at once, the cap is 1`;
    expect(told.filter((cap) => cap === beyond)).toHaveLength(4);
  });

  test('is one for all targets of one operation', async () => {
    const incident = await incidentOf();
    expect(await take(draftOf(incident, 'a'))).toBeNull();
    expect(await take(draftOf(incident, 'b'))).toMatch(/2 targets/);
  });

  test('is free again when its effect was put back, at once and not within the hour', async () => {
    const first = draftOf(await incidentOf(), 'a');
    const second = draftOf(await incidentOf(), 'b');
    expect(await take(first)).toBeNull();
    await stores.worker().operations.move(keyOf(first.job), ['planned'], 'refused', {});
    const perHour = { ...caps, perHour: caps.atOnce };
    const [weighed] = await stores
      .worker()
      .transaction(async (tables) => [
        await admitDraft({ ...deps, caps: () => perHour }, tables, second),
      ]);
    expect(weighed).toMatchObject({ weighed: { cap: expect.stringContaining('within an hour') } });
    expect(await take(second)).toBeNull();
  });

  test('an approved effect beyond the cap does not push out the one within it', async () => {
    const within = await incidentOf();
    const beyond = await incidentOf();
    const [first, second] = [draftOf(within, 'a'), draftOf(beyond, 'b')];
    expect(await take(first)).toBeNull();
    await stores.worker().transaction(async (tables) => {
      const admitted = await admitDraft(deps, tables, second);
      if ('blockedBy' in admitted) throw new Error('blocked');
      expect(admitted.weighed.job.approvalClass).toBe('R2');
      await storeDraft(tables, admitted.weighed, { approvalId: null, facts: [] });
    });
    expect(await obstacleOf(within, first)).toBeNull();
    expect(await obstacleOf(beyond, second)).toMatch(/R2 needs an approval: 2 targets/);
  });

  test('an effect that reserved nothing is refused', async () => {
    const incident = await incidentOf();
    const draft = draftOf(incident, 'a');
    await stores
      .worker()
      .transaction((tables) => storeDraft(tables, draft, { approvalId: null, facts: [] }));
    expect(await obstacleOf(incident, draft)).toMatch(/reserved nothing/);
  });
});

describe('the source', () => {
  test('is counted within the hour, up to the incident itself', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(await openIncident(stores.api(), unique('busy')));
    const counts: number[] = [];
    for (const id of ids) {
      const { incidentsOfSource } = await stores
        .worker()
        .isolations.standing(id, { countUpTo: 500 });
      counts.push(incidentsOfSource);
    }
    const [first = 0] = counts;
    expect(counts).toEqual([first, first + 1, first + 2]);
    const standing = await stores.worker().isolations.standing(ids[2] ?? '', { countUpTo: 2 });
    expect(standing.incidentsOfSource).toBe(2);
  });
});
