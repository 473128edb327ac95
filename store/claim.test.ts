import { describe, expect, test } from '@jest/globals';
import { CLAIM_TARGETS_MAX } from './claim.ts';
import { openIncident, plannedOperation, useStores } from './test-store.ts';

// Goal: one incident at a time may change a target, several may contain it, and whoever waits is woken.
// Method: every pair of modes on one target, then races, release and what people left in place.

const stores = useStores();
type ClaimMode = 'shared' | 'exclusive';
let count = 0;

async function twoIncidents(): Promise<readonly [string, string, string]> {
  count += 1;
  const name = `claim-${count.toString()}`;
  const first = await openIncident(stores.api(), `${name}-a`);
  const second = await openIncident(stores.api(), `${name}-b`);
  return [first, second, `kubernetes/Deployment/ns/${name}`];
}

function take(
  incidentId: string,
  targets: readonly string[],
  mode: ClaimMode,
): ReturnType<ReturnType<typeof stores.worker>['claims']['take']> {
  return stores.worker().claims.take({ incidentId, targets, mode });
}

async function wakesOf(incidentId: string): Promise<number> {
  const rows = await stores.sql(
    `select id from firebreak.outbox where incident_id = $1 and kind = 'wake-incident'`,
    [incidentId],
  );
  return rows.length;
}

describe('claims', () => {
  test.each<[ClaimMode, ClaimMode, boolean]>([
    ['shared', 'shared', true],
    ['shared', 'exclusive', true],
    ['exclusive', 'shared', true],
    ['exclusive', 'exclusive', false],
  ])('held %s, asked %s by another: taken %p', async (held, asked, taken) => {
    const [first, second, target] = await twoIncidents();
    expect(await take(first, [target], held)).toEqual({ taken: true });
    expect(await take(second, [target], asked)).toEqual(
      taken ? { taken: true } : { taken: false, by: first, target },
    );
    expect(await stores.worker().claims.holds(second, target)).toBe(taken);
  });

  test.each<[ClaimMode, ClaimMode, ClaimMode]>([
    ['shared', 'shared', 'shared'],
    ['shared', 'exclusive', 'exclusive'],
    ['exclusive', 'shared', 'exclusive'],
    ['exclusive', 'exclusive', 'exclusive'],
  ])('held %s, asked %s by the same: %s', async (held, asked, mode) => {
    const [first, , target] = await twoIncidents();
    await take(first, [target], held);
    expect(await take(first, [target, target], asked)).toEqual({ taken: true });
    expect(await stores.worker().claims.ofIncident(first)).toEqual([{ target, mode }]);
  });

  test('are taken all or not at all', async () => {
    const [first, second, target] = await twoIncidents();
    await take(first, [`${target}-2`], 'exclusive');
    const asked = [`${target}-3`, `${target}-2`, `${target}-1`];
    expect(await take(second, asked, 'exclusive')).toEqual({
      taken: false,
      by: first,
      target: `${target}-2`,
    });
    expect(await stores.worker().claims.ofIncident(second)).toEqual([]);
  });

  test('racing takers of overlapping targets: exactly one wins, nobody hangs', async () => {
    const [, , target] = await twoIncidents();
    const incidents = await Promise.all(
      Array.from({ length: 10 }, (_, n) => openIncident(stores.api(), `racer-${n.toString()}`)),
    );
    const answers = await Promise.all(
      incidents.map((id, n) => {
        const targets = [`${target}-a`, `${target}-b`, `${target}-c`];
        return take(id, n % 2 === 0 ? targets : targets.toReversed(), 'exclusive');
      }),
    );
    expect(answers.filter((answer) => answer.taken)).toHaveLength(1);
    const winner = incidents[answers.findIndex((answer) => answer.taken)];
    expect(answers.flatMap((answer) => (answer.taken ? [] : [answer.by]))).toEqual(
      Array.from({ length: 9 }, () => winner),
    );
  });

  test('when released wake who waits, once, and are free', async () => {
    const [first, second, target] = await twoIncidents();
    await take(first, [target], 'exclusive');
    await take(second, [target], 'exclusive');
    await take(second, [target], 'exclusive');
    expect(await wakesOf(second)).toBe(0);
    await stores.worker().claims.release(first);
    expect(await wakesOf(second)).toBe(1);
    expect(await stores.worker().claims.ofIncident(first)).toEqual([]);
    expect(await take(second, [target], 'exclusive')).toEqual({ taken: true });
  });

  test('of a containment left in place stay, with every target of its plan', async () => {
    const [first, , target] = await twoIncidents();
    const left = 'kubernetes/Deployment/fraud/scorer';
    const planned = [left, 'kubernetes/HorizontalPodAutoscaler/fraud/scorer'];
    const key = { incidentId: first, operation: 'isolate', target: left, round: 1 };
    const { operations, claims } = stores.worker();
    await operations.insertPlanned(plannedOperation(key));
    await operations.nextFence(key);
    await operations.move(key, ['planned'], 'verified');
    await take(first, [...planned, target], 'shared');
    const expiresAt = '2026-12-01T00:00:00.000Z';
    const leftRow = await operations.leaveInPlace(first, {
      operation: 'isolate',
      target: left,
      owner: 'ann',
      expiresAt,
    });
    expect(leftRow).toMatchObject({ leftOwner: 'ann', leftUntil: expiresAt });
    await claims.release(first);
    expect((await claims.ofIncident(first)).map((claim) => claim.target)).toEqual(planned);
  });

  test.each<[ClaimMode, boolean, 'applying' | 'verified' | 'reverted', boolean]>([
    ['exclusive', true, 'applying', false],
    ['exclusive', true, 'verified', false],
    ['exclusive', true, 'reverted', true],
    ['exclusive', false, 'verified', true],
    ['shared', true, 'verified', false],
    ['shared', true, 'reverted', true],
    ['shared', false, 'verified', true],
  ])(
    'of mode %s that wait for containments (%p) are given beside one that is %s: %p',
    async (...values) => {
      const [mode, waitsForContainments, state, taken] = values;
      const [first, second, target] = await twoIncidents();
      const key = { incidentId: first, operation: 'isolate', target, round: 1 };
      const { operations, claims } = stores.worker();
      const planned = plannedOperation(key);
      await operations.insertPlanned({ ...planned, plan: { ...planned.plan, targets: [] } });
      await operations.nextFence(key);
      await operations.move(key, ['planned'], state);
      await take(first, [target], 'shared');
      const asked = { incidentId: second, targets: [target], mode };
      expect(await claims.take({ ...asked, waitsForContainments })).toEqual(
        taken ? { taken } : { taken, by: first, target },
      );
      await claims.wakeWaiting([target]);
      expect(await wakesOf(second)).toBe(taken ? 0 : 1);
    },
  );

  test('past their limit are refused', async () => {
    const [first, , target] = await twoIncidents();
    const many = Array.from(
      { length: CLAIM_TARGETS_MAX + 1 },
      (_, n) => `${target}-${n.toString()}`,
    );
    await expect(take(first, many, 'shared')).rejects.toMatchObject({ code: 'too_large' });
  });
});
