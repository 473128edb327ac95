// Goal: what is a drill stays one, says so in its first fact, and shares nothing with what is real: no claim, no target,
// no silence, no cap, no report. Method: the real tables, with a drill and a real incident side by side in each case.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { unique } from '../test/harness.ts';
import { deliveryOf, NEW_INCIDENT, routedAlert, type AlertWish } from './test-delivery.ts';
import { plannedOperation, useStores } from './test-store.ts';

const stores = useStores();
const AT = '2026-11-23T10:00:00.000Z';

async function accept(wish: AlertWish) {
  const name = wish.name ?? unique('drill');
  const alert = routedAlert({ name, incidentKey: name, ...wish });
  const [receipts = []] = await stores.api().alerts.accept([deliveryOf([alert], AT)]);
  const [receipt] = receipts;
  if (receipt === undefined) throw new Error('no receipt');
  return receipt;
}

async function open(wish: AlertWish): Promise<string> {
  const { incidentId } = await accept(wish);
  if (incidentId === null) throw new Error('nothing was opened');
  return incidentId;
}

/** A drill and a real incident. */
async function both(): Promise<{ readonly drill: string; readonly real: string }> {
  return { drill: await open({ drill: true }), real: await open({}) };
}

/** A containment of an incident on a target, applied, which takes a replica. */
async function contain(incidentId: string, target: string, drill: boolean): Promise<void> {
  const { operations, isolations } = stores.worker();
  const key = { incidentId, operation: 'contain', target, round: 1 };
  const row = await operations.insertPlanned(plannedOperation(key, true, drill));
  await isolations.reserve(key, {
    ...{ model: 'm', capacity: 2, remaining: 1, instead: null },
    objects: [{ object: target, replicas: 1, stays: false }],
  });
  await operations.beginAttempt(row, ['planned'], 'applying');
  await operations.move(key, ['applying'], 'verified');
}

async function subjectsOf(incidentId: string): Promise<readonly string[]> {
  const message = { incidentId, channel: 'mail', purpose: 'opened', text: 'x' } as const;
  await stores.worker().messages.put([{ ...message, subject: '[sev2] #1 (Drill) it drifts' }]);
  const sent = await stores.worker().messages.ofIncident(incidentId);
  return sent.map(({ subject }) => subject);
}

test('it is fixed, whoever asks, and told in the first fact', async () => {
  for (const drill of [true, false]) {
    const { incident: opened } = await stores.api().incidents.open({
      ...{ requestId: unique('req'), incidentKey: unique('key'), openedAt: AT },
      incident: { ...NEW_INCIDENT, drill, title: 'It drifts [DRILL]' },
      reopenWindowSeconds: 0,
    });
    const { id } = opened;
    const change = `update firebreak.incident set drill = not drill where id = '${id}'`;
    // As the login, past every role.
    await expect(stores.sql(change)).rejects.toMatchObject({ code: 'FB002' });
    const incident = await stores.worker().incidents.change(id, { severity: 'sev4' });
    const title = drill ? '[DRILL] It drifts' : 'It drifts drill';
    expect(incident).toMatchObject({ drill, severity: 'sev4', title });
    const [first] = await stores.worker().facts.page(id, 0, 1);
    expect(first).toMatchObject({ kind: 'incident.opened', data: { drill, title } });
    expect(await stores.chainLength(id)).toBeGreaterThan(0);
  }
});

test('messages about it say so, and no other ones do', async () => {
  const { drill, real } = await both();
  expect(await subjectsOf(drill)).toEqual(['[DRILL] [sev2] #1 it drifts']);
  expect(await subjectsOf(real)).toEqual(['[sev2] #1 drill it drifts']);
});

describe('a target', () => {
  test.each(['drill', 'real'] as const)('that a %s incident holds is not held', async (holder) => {
    const ids = await both();
    const [mine, other] = [ids[holder], holder === 'drill' ? ids.real : ids.drill];
    const target = `sandbox/Deployment/ns/${unique('target')}`;
    const { claims, operations } = stores.worker();
    const asked = { targets: [target], mode: 'exclusive', waitsForContainments: true } as const;
    expect(await claims.take({ incidentId: mine, ...asked })).toEqual({ taken: true });
    const isDrill = holder === 'drill';
    await contain(mine, target, isDrill);

    // Neither waits for the other, nor joins its containment.
    expect(await claims.take({ incidentId: other, ...asked })).toEqual({ taken: true });
    const use = 'kubernetes.scale';
    const shared = await operations.containedByOthers({ incidentId: other, target, use });
    expect(shared).toEqual([]);
    // An alert about it opens an incident of its own side, or joins the one of its side.
    const claimTargets = [target];
    expect(await open({ drill: isDrill, claimTargets })).toBe(mine);
    expect(await open({ drill: !isDrill, claimTargets })).toBe(other);
    await claims.release(other);
    expect([mine, other]).not.toContain(await open({ drill: !isDrill, claimTargets }));
    const [row] = await operations.ofIncident(mine);
    expect(row?.drill).toBe(isDrill);
  });
});

test('an operation is of the side of its incident, or is not planned at all', async () => {
  const { drill, real } = await both();
  const plan = (incidentId: string, isDrill: boolean) => {
    const key = { incidentId, operation: 'contain', target: unique('target'), round: 1 };
    return stores.worker().operations.insertPlanned(plannedOperation(key, true, isDrill));
  };
  // As a process plans that does not know of drills.
  await expect(plan(drill, false)).rejects.toMatchObject({ code: 'refused' });
  await expect(plan(real, true)).rejects.toMatchObject({ code: 'refused' });
  expect(await plan(drill, true)).toMatchObject({ drill: true });
  expect(await plan(real, false)).toMatchObject({ drill: false });
  const change = 'update firebreak.operation set drill = not drill where incident_id = $1';
  await expect(stores.sql(change, [drill])).rejects.toMatchObject({ code: 'FB006' });
});

test('what a drill isolates counts for drills alone, and so do the incidents of a source', async () => {
  const { drill, real } = await both();
  const object = unique('object');
  await contain(drill, object, true);
  const standing = (id: string) => stores.worker().isolations.standing(id, { countUpTo: 1_000 });
  const [ofDrill, ofReal] = [await standing(drill), await standing(real)];
  expect(ofDrill.isolated.map((one) => one.object)).toContain(object);
  expect(ofReal.isolated.map((one) => one.object)).not.toContain(object);
  await open({ drill: true });
  await open({ drill: true });
  const next = await open({});
  expect((await standing(next)).incidentsOfSource).toBe(ofReal.incidentsOfSource + 1);
});

test('a silence keeps no drill quiet, and counts none', async () => {
  const name = unique('silenced');
  const { id } = await stores.api().silences.put({
    ...{ id: unique('sil'), owner: 'ml', reason: 'node drain', createdBy: 'mona', channel: 'cli' },
    matchers: [{ name: 'alertname', operator: '=', value: name }],
    ...{ startsAt: '2026-11-23T09:00:00.000Z', endsAt: '2026-11-23T11:00:00.000Z', createdAt: AT },
  });
  expect(await accept({ name, drill: true })).not.toHaveProperty('silencedBy');
  expect(await stores.api().silences.get(id)).toMatchObject({ suppressedCount: 0 });
  const again = { name, incidentKey: unique('key'), startsAt: '2026-11-23T09:59:00.000Z' };
  expect(await accept(again)).toMatchObject({ incidentId: null, silencedBy: id });
});

test('no report on a route knows of it', async () => {
  const counted = async (): Promise<number> => {
    const counts = await stores.api().incidents.routeCounts('2026-11-22T00:00:00.000Z');
    const numbers = z.array(z.object({ count: z.number() })).parse(counts);
    return numbers.reduce((sum, { count }) => sum + count, 0);
  };
  const before = await counted();
  await open({ drill: true });
  expect(await counted()).toBe(before);
  await open({});
  expect(await counted()).toBe(before + 1);
});
