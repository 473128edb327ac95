import { describe, expect, test } from '@jest/globals';
import { keyText } from '../domain/operation.ts';
import type { OperationKey } from '../domain/operation.ts';
import type { OperationTable } from './operation-table.ts';
import { note, openIncident, plannedOperation, useStores } from './test-store.ts';

// Goal: an operation row is walked once however many try, and says afterwards what may have happened in the
// world. Method: the worker's store; losers of a race must change nothing.

const stores = useStores();
const TARGET = 'kubernetes/Deployment/fraud/scorer';
let count = 0;

async function planned(operation = 'isolate'): Promise<OperationKey> {
  count += 1;
  const incidentId = await openIncident(stores.api(), `operation-${count.toString()}`);
  const key = { incidentId, operation, target: TARGET, round: 1 };
  await stores.worker().operations.insertPlanned(plannedOperation(key));
  return key;
}

const operations = (): OperationTable => stores.worker().operations;

describe('an operation', () => {
  test('is planned once; a retry finds the stored plan', async () => {
    const key = await planned();
    const other = { ...plannedOperation(key), planDigest: 'e'.repeat(64) };
    const stored = await operations().insertPlanned(other);
    expect(stored).toMatchObject({
      ...key,
      state: 'planned',
      fence: 0,
      planDigest: 'd'.repeat(64),
      plan: plannedOperation(key).plan,
      receipt: null,
      verdict: null,
      applySequence: null,
    });
    expect(await operations().find(key)).toEqual(stored);
    expect(await operations().find({ ...key, round: 2 })).toBeNull();
  });

  test('moves only from where it is, with what the move brings', async () => {
    const key = await planned();
    expect(await operations().move(key, ['applying', 'applied'], 'verified')).toBeNull();
    const receipt = { externalId: 'x', origin: 'ours' } as const;
    const applied = await operations().move(key, ['planned', 'approved'], 'applied', {
      receipt,
      leaseUntil: '2026-11-23T12:00:00.000Z',
    });
    expect(applied).toMatchObject({ state: 'applied', receipt, reason: null });
    const verdict = { holds: 'no', reason: 'Two replicas answer.' } as const;
    const unverified = await operations().move(key, ['applied'], 'unverified', {
      verdict,
      reason: verdict.reason,
    });
    expect(unverified).toMatchObject({ state: 'unverified', verdict, receipt });
    const cleared = await operations().move(key, ['unverified'], 'verified', { reason: null });
    expect(cleared).toMatchObject({
      reason: null,
      verdict,
      leaseUntil: '2026-11-23T12:00:00.000Z',
    });
  });

  test('is moved by one of many racers; a loser rolls its facts back with it', async () => {
    const key = await planned();
    const winners = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        stores.worker().transaction(async (tables) => {
          const moved = await tables.operations.move(key, ['planned'], 'applying');
          if (moved !== null)
            await tables.facts.append(key.incidentId, [note(`won/${n.toString()}`)]);
          return moved !== null;
        }),
      ),
    );
    expect(winners.filter(Boolean)).toHaveLength(1);
    expect((await stores.api().facts.head(key.incidentId)).sequence).toBe(3);
  });

  test('hands out rising fences, holds the newest, and revokes them all', async () => {
    const key = await planned();
    const first = await operations().nextFence(key);
    const second = await operations().nextFence(key);
    expect([first.fence, second.fence]).toEqual([1, 2]);
    expect(first.applySequence).not.toBeNull();
    expect(second.applySequence).toBe(first.applySequence);
    expect(await operations().holdsFence(key, 1)).toBe(false);
    expect(await operations().holdsFence(key, 2)).toBe(true);
    await operations().revokeFences(key);
    expect(await operations().holdsFence(key, 2)).toBe(false);
    expect((await operations().nextFence(key)).fence).toBe(4);
  });

  test('an attempt begins only where the row still waits for one, and then with a newer fence', async () => {
    const key = await planned();
    const first = await operations().beginAttempt(key, ['planned', 'applying'], 'applying');
    expect(first).toMatchObject({ state: 'applying', fence: 1 });
    expect(first?.applySequence).not.toBeNull();
    const second = await operations().beginAttempt(key, ['planned', 'applying'], 'applying');
    expect(second).toMatchObject({ fence: 2, applySequence: first?.applySequence });
    await operations().move(key, ['applying'], 'applied');
    expect(await operations().beginAttempt(key, ['planned', 'applying'], 'applying')).toBeNull();
    expect(await operations().find(key)).toMatchObject({ state: 'applied', fence: 2 });
  });

  test('is not moved by an attempt whose fence is old', async () => {
    const key = await planned();
    await operations().beginAttempt(key, ['planned'], 'applying');
    await operations().beginAttempt(key, ['applying'], 'applying');
    const late = { reason: 'too late', whileFence: 1 };
    expect(await operations().move(key, ['applying'], 'refused', late)).toBeNull();
    const newest = await operations().move(key, ['applying'], 'applied', { whileFence: 2 });
    expect(newest).toMatchObject({ state: 'applied', reason: null });
  });

  test('advances with its facts and the end of older containments, or not at all', async () => {
    const older = await planned();
    await operations().beginAttempt(older, ['planned'], 'applying');
    await operations().move(older, ['applying'], 'applied');
    const key = { ...older, operation: 'contain-again' };
    await operations().insertPlanned(plannedOperation(key));
    await operations().beginAttempt(key, ['planned'], 'applying');
    const stage = { from: ['applying'], to: 'applied', change: {}, supersedes: true } as const;
    const told = async (): Promise<readonly string[]> =>
      (await stores.worker().facts.page(key.incidentId, 0, 50)).map((fact) => fact.key);
    const before = await told();
    const first = note('advanced');
    await stores.worker().facts.append(key.incidentId, [first]);
    const other = { ...first, summary: 'Something else was said under this key.' };
    await expect(operations().advance(key, { ...stage, facts: [other] })).rejects.toMatchObject({
      code: 'internal',
    });
    expect(await operations().find(key)).toMatchObject({ state: 'applying' });
    expect(await operations().find(older)).toMatchObject({ superseded: false });
    const late = { ...stage, change: { whileFence: 7 }, facts: [note('late')] };
    expect(await operations().advance(key, late)).toBeNull();
    const moved = await operations().advance(key, { ...stage, facts: [note('applied')] });
    expect(moved).toMatchObject({ row: { state: 'applied', superseded: false }, isSettled: false });
    expect(await operations().advance(key, { ...stage, facts: [note('twice')] })).toBeNull();
    expect(await operations().find(older)).toMatchObject({ superseded: true });
    expect(await told()).toEqual([...before, 'advanced', 'applied']);
  });

  test('advances with the result of its operation, which the first one settles', async () => {
    const key = await planned();
    const { results } = stores.worker();
    const stage = { to: 'verified', change: {}, facts: [], supersedes: false } as const;
    const { incidentId, operation, round } = key;
    const result = {
      incidentId,
      operation,
      round,
      step: 'isolate',
      outcome: 'succeeded',
      reason: null,
      value: { targets: [1] },
      startedAt: '2026-11-23T12:00:00.000Z',
      settledAt: '2026-11-23T12:00:01.000Z',
    } as const;
    const lost = { ...stage, from: ['unknown'], result } as const;
    expect(await operations().advance(key, lost)).toBeNull();
    expect(await results.ofIncident(key.incidentId)).toEqual([]);
    const won = { ...stage, from: ['planned'], result } as const;
    expect(await operations().advance(key, won)).toMatchObject({ isSettled: true });
    expect(await results.ofIncident(key.incidentId)).toEqual([result]);
    const later = { ...result, outcome: 'failed', reason: 'later' } as const;
    const again = { ...stage, from: ['verified'], result: later } as const;
    expect(await operations().advance(key, again)).toMatchObject({
      row: { state: 'verified' },
      isSettled: false,
    });
    expect(await results.ofIncident(key.incidentId)).toEqual([result]);
  });

  test('racing attempts never share a fence', async () => {
    const key = await planned();
    const rows = await Promise.all(Array.from({ length: 12 }, () => operations().nextFence(key)));
    expect(new Set(rows.map((row) => row.fence)).size).toBe(12);
    expect(new Set(rows.map((row) => row.applySequence)).size).toBe(1);
  });

  test('that is unknown has no fence to give', async () => {
    const key = { incidentId: 'inc_none', operation: 'x', target: 'y', round: 1 };
    await expect(operations().nextFence(key)).rejects.toMatchObject({ code: 'not_found' });
    expect(await operations().holdsFence(key, 0)).toBe(false);
  });
});

describe('the undo stack', () => {
  test('holds what began and was not taken back, newest first', async () => {
    const base = await planned('a');
    const keys = ['b', 'c', 'd', 'e'].map((operation) => ({ ...base, operation }));
    for (const key of keys) await operations().insertPlanned(plannedOperation(key));
    for (const key of [base, ...keys.toReversed()]) await operations().nextFence(key);
    await operations().move(base, ['planned'], 'unknown');
    const ends = ['verified', 'reverted', 'refused', 'planned'] as const;
    for (const [n, key] of keys.entries()) {
      await operations().move(key, ['planned'], ends[n] ?? 'void');
    }
    const stack = await operations().undoStack(base.incidentId);
    expect(stack.map((row) => row.operation)).toEqual(['b', 'a']);
    expect(await operations().ofIncident(base.incidentId)).toHaveLength(5);
  });
});

describe('containments', () => {
  test('in force are watched until a later one of their kind supersedes them', async () => {
    const first = await planned('isolate');
    const second = { ...first, operation: 'isolate-again' };
    const elsewhere = { ...first, target: `${TARGET}-2` };
    await operations().insertPlanned(plannedOperation(second));
    await operations().insertPlanned(plannedOperation(elsewhere));
    for (const key of [first, second, elsewhere]) {
      await operations().nextFence(key);
      await operations().move(key, ['planned'], 'applied');
    }
    const watched = async (): Promise<readonly string[]> => {
      const rows = await operations().containments(1000);
      return rows.filter((row) => row.incidentId === first.incidentId).map(keyText);
    };
    expect(await watched()).toEqual([first, second, elsewhere].map(keyText));
    const ending = { from: ['applied'], to: 'verified', change: {}, facts: [] } as const;
    await operations().advance(first, { ...ending, supersedes: false });
    expect(await watched()).toEqual([first, second, elsewhere].map(keyText));
    await operations().advance(second, { ...ending, supersedes: true });
    expect(await watched()).toEqual([second, elsewhere].map(keyText));
    await operations().renewLease(second, '2026-11-23T13:00:00.000Z');
    expect((await operations().find(second))?.leaseUntil).toBe('2026-11-23T13:00:00.000Z');
    await operations().move(elsewhere, ['applied'], 'reverting');
    expect(await watched()).toEqual([keyText(second)]);
  });

  test('are left in place only while in force, in their newest round', async () => {
    const first = await planned('hold');
    const second = { ...first, round: 2 };
    await operations().insertPlanned(plannedOperation(second));
    const left = {
      operation: 'hold',
      target: TARGET,
      owner: 'ann',
      expiresAt: '2026-12-01T00:00:00.000Z',
    };
    expect(await operations().leaveInPlace(first.incidentId, left)).toBeNull();
    await operations().move(first, ['planned'], 'verified');
    await operations().move(second, ['planned'], 'verified');
    const row = await operations().leaveInPlace(first.incidentId, left);
    expect(row).toMatchObject({ round: 2, leftOwner: 'ann', leaseUntil: left.expiresAt });
    expect((await operations().find(first))?.leftOwner).toBeNull();
  });
});

describe('a result', () => {
  test('of a round is the first that was put; the newest round speaks for the operation', async () => {
    const { incidentId } = await planned();
    const result = {
      incidentId,
      step: 'isolate',
      operation: 'probe',
      round: 1,
      outcome: 'failed',
      reason: 'No.',
      value: null,
      startedAt: '2026-11-23T10:00:00.000Z',
      settledAt: '2026-11-23T10:00:01.000Z',
    } as const;
    const { results, facts } = stores.worker();
    expect(await results.put(result, [note('first')])).toEqual(result);
    expect(await results.put({ ...result, outcome: 'succeeded' }, [note('late')])).toEqual(result);
    const again = { ...result, round: 2, outcome: 'succeeded', value: { a: [1] } } as const;
    await results.put(again, [note('again')]);
    await results.put({ ...result, operation: 'other' }, []);
    const page = await facts.page(incidentId, 0, 100);
    const keys = page.map(({ key }) => key).filter((key) => /^(?:first|late|again)$/u.test(key));
    expect(keys).toEqual(['first', 'again']);
    // What the log does not take is not settled.
    const other = [note('first', 'Another word.')];
    await expect(results.put({ ...result, operation: 'third' }, other)).rejects.toThrow();
    expect(await results.ofIncident(incidentId)).toEqual([
      { ...result, operation: 'other' },
      again,
    ]);
  });
});
