import { beforeAll, expect, test } from '@jest/globals';
import { newFact } from '../domain/fact.ts';
import type { ClosingVerdict } from '../domain/incident.ts';
import { routeReports } from '../domain/route-report.ts';
import { unique } from '../test/harness.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: a route's report counts what it did, would have done, how it ended and who overruled it, and nothing older.
// Method: incidents with all of that in the real tables.

const stores = useStores();
const BEFORE = '2026-11-22T00:00:00.000Z';
const AFTER = '2026-11-24T00:00:00.000Z';

async function incidentOf(verdict: ClosingVerdict | null): Promise<string> {
  const id = await openIncident(stores.api(), unique('report'));
  if (verdict !== null) await stores.worker().incidents.change(id, { state: 'closed', verdict });
  return id;
}

beforeAll(async () => {
  const confirmed = await incidentOf('confirmed');
  await incidentOf('false_positive');
  const open = await incidentOf(null);
  const effect = (key: string, kind: 'operation.would-have' | 'operation.applied', use: string) =>
    newFact({ key, kind, summary: key, data: { use } });
  await stores
    .worker()
    .facts.append(open, [
      effect('a', 'operation.would-have', 'kubernetes.scale'),
      effect('b', 'operation.would-have', 'mlflow.hold-alias'),
      newFact({ key: 'c', kind: 'alert.unconfirmed', summary: 'c' }),
    ]);
  await stores
    .worker()
    .facts.append(confirmed, [
      effect('a', 'operation.applied', 'kubernetes.scale'),
      effect('b', 'operation.applied', 'kubernetes.scale'),
    ]);
  for (const [kind, outcome] of [
    ['veto', 'accepted'],
    ['cancel', 'refused'],
    ['pause', 'accepted'],
  ] as const) {
    const id = unique('dec');
    await stores.api().decisions.insert({
      id,
      incidentId: confirmed,
      command: { kind, reason: 'r' },
      actor: { person: 'ada', name: 'Ada', roles: ['responder'], channel: 'api' },
      decidedAt: BEFORE,
      signature: '',
    });
    await stores.worker().decisions.settle(id, outcome, null);
  }
});

test('one report for the route, with everything that counts', async () => {
  expect(routeReports(await stores.api().incidents.routeCounts(BEFORE))).toEqual([
    {
      route: 'drift',
      incidents: 3,
      verdicts: { confirmed: 1, false_positive: 1 },
      precision: 0.5,
      wouldHave: { 'kubernetes.scale': 1, 'mlflow.hold-alias': 1 },
      applied: { 'kubernetes.scale': 2 },
      confirmations: { confirmed: 0, unconfirmed: 1 },
      overrides: { veto: 1 },
    },
  ]);
});

test('what was opened before the time does not count', async () => {
  expect(await stores.api().incidents.routeCounts(AFTER)).toEqual([]);
});
