// Goal: each refused answer is kept with why, nobody fills the table, and nobody rewrites it. Method: real rows by each role, past
// the limits and at the same time.
import { beforeAll, expect, test } from '@jest/globals';
import { REFUSED_ANSWERS_MAX, type NewRefusedAnswer } from '../domain/refused-answer.ts';
import { openIncident, useStores } from './test-store.ts';

const stores = useStores();
let incidentId: string;
beforeAll(async () => {
  incidentId = await openIncident(stores.api(), 'refused');
});

async function approvalOf(id: string): Promise<string> {
  await stores.worker().approvals.open({
    ...{ id, incidentId, operation: id, round: 1, title: 't', approvalClass: 'R3' },
    ...{ quorum: { people: 2, roles: ['approver-security'] }, plans: [], requestedBy: null },
    ...{ planDigest: 'a'.repeat(64), createdAt: '2026-11-23T10:00:00.000Z' },
    expiresAt: '2026-11-23T11:00:00.000Z',
  });
  return id;
}

function refused(approvalId: string, change: Partial<NewRefusedAnswer> = {}): NewRefusedAnswer {
  return {
    ...{ approvalId, person: 'rex', claimed: null, name: 'Rex', roles: ['responder'] },
    ...{ channel: 'cli', verdict: 'approve', planDigest: 'a'.repeat(64), requestId: 'dec_1' },
    ...{ code: 'unauthorized', reason: 'Your roles do not allow this.' },
    refusedAt: '2026-11-23T10:30:00.000Z',
    ...change,
  };
}

const add = (one: NewRefusedAnswer): Promise<void> => stores.api().refusedAnswers.add(one);
const kept = (id: string) => stores.worker().refusedAnswers.ofApproval(id);

test('is kept as it came, text from outside cleaned', async () => {
  const id = await approvalOf('apr_kept');
  const unknown = { person: null, claimed: 'T0OTHER/U0SAM', name: 'a\u0000b', roles: [] };
  await add(refused(id));
  await add(refused(id, { ...unknown, verdict: null, planDigest: null }));
  expect(await kept(id)).toMatchObject([
    { ...refused(id), incidentId, further: 0 },
    { person: null, claimed: 'T0OTHER/U0SAM', name: 'a\uFFFDb', verdict: null, planDigest: null },
  ]);
  const work = await stores.sql(`select work->>'refusedAnswerId' as id from firebreak.outbox
    where kind = 'record-refused-answer'`);
  expect(work).toEqual((await kept(id)).map((one) => ({ id: one.id })));
});

test('of one person are so many, at once too; the rest is counted, and others still have a place', async () => {
  const id = await approvalOf('apr_many');
  const { ofPerson } = REFUSED_ANSWERS_MAX;
  await Promise.all(Array.from({ length: ofPerson + 5 }, () => add(refused(id))));
  await add(refused(id, { person: 'sue' }));
  const rows = await kept(id);
  expect(rows.filter(({ person }) => person === 'rex')).toHaveLength(ofPerson);
  expect(rows.reduce((sum, { further }) => sum + further, 0)).toBe(5);
  expect(rows.at(-1)).toMatchObject({ person: 'sue', further: 0 });
});

test('of everybody are so many', async () => {
  const id = await approvalOf('apr_all');
  const { ofApproval } = REFUSED_ANSWERS_MAX;
  for (let n = 0; n < ofApproval + 3; n += 1) {
    await add(refused(id, { person: null, claimed: `T0/U${n.toString()}` }));
  }
  const rows = await kept(id);
  expect(rows).toHaveLength(ofApproval);
  expect(rows.at(-1)?.further).toBe(3);
});

test('of an approval that is not there is nothing', async () => {
  await add(refused('apr_none'));
  expect(await kept('apr_none')).toEqual([]);
});

test('stays: the worker writes none, the API changes and deletes none', async () => {
  const id = await approvalOf('apr_stays');
  await add(refused(id));
  await expect(stores.worker().refusedAnswers.add(refused(id))).rejects.toMatchObject({
    code: expect.any(String),
  });
  for (const text of [
    `update firebreak.refused_answer set reason = 'x'`,
    `delete from firebreak.refused_answer`,
  ]) {
    await expect(stores.sql(`set role firebreak_api; ${text}`)).rejects.toThrow();
  }
  expect(await kept(id)).toHaveLength(1);
});
