// Goal: the rules are seen by everybody, answered by those who steer, and people are changed through them alone. Method: the
// API over memory, with a desk that notes what reaches it.
import { describe, expect, test } from '@jest/globals';
import type { ChangeAnswer, RuleDesk } from './dependencies.ts';
import type { ChangeView } from './schema/rule.ts';
import { as, createTestApi } from './test-api.ts';
import { FIRST_REVISION } from './test-desk.ts';

const CHANGE: ChangeView = {
  id: 'chg_1',
  base: 1,
  digest: 'c'.repeat(64),
  status: 'open',
  statusReason: null,
  proposedBy: null,
  proposedAt: '2026-11-23T10:00:00.000Z',
  notBefore: '2026-11-23T11:00:00.000Z',
  approvedBy: [],
  differences: [{ path: ['routes', 'drift', 'mode'], before: 'ask', after: 'auto' }],
  differencesLeftOut: 0,
};
const BASE = '/api/v1/configuration/changes';

function apiWithDesk() {
  const answers: ChangeAnswer[] = [];
  const asked: string[] = [];
  const rules: RuleDesk = {
    revision: () => ({ ...FIRST_REVISION, armed: true }),
    changes: (status) => Promise.resolve(status === 'void' ? [] : [CHANGE]),
    change: () => Promise.resolve(CHANGE),
    answer: (answer) => {
      answers.push(answer);
      return Promise.resolve({ ...CHANGE, approvedBy: [answer.caller.person.id] });
    },
    putPerson: ({ id }, by) => {
      asked.push(`${by}: ${id}`);
      return Promise.resolve(CHANGE);
    },
  };
  return { ...createTestApi({ rules }), answers, asked };
}

describe('changes of the rules', () => {
  test('are shown with the revision in force, exact', async () => {
    const { app } = apiWithDesk();
    const reply = await app.inject({ url: BASE, headers: as('viewer') });
    expect(reply.json()).toMatchObject({
      revision: { number: 1, armed: true, changeDelaySeconds: 3600 },
      items: [CHANGE],
    });
    const none = await app.inject({ url: `${BASE}?status=void`, headers: as('viewer') });
    expect(none.json()).toMatchObject({ items: [] });
    const one = await app.inject({ url: `${BASE}/chg_1`, headers: as('viewer') });
    expect(one.json()).toEqual(CHANGE);
    expect((await app.inject({ url: BASE })).statusCode).toBe(401);
    await app.close();
  });

  test('are answered under the own name, with what the token may do', async () => {
    const { app, answers } = apiWithDesk();
    const payload = { digest: CHANGE.digest, verdict: 'approve' };
    const url = `${BASE}/chg_1/answer`;
    const post = (person: string) =>
      app.inject({ method: 'POST', url, headers: as(person), payload });
    expect((await post('viewer')).statusCode).toBe(403);
    expect((await post('approver-security')).json()).toMatchObject({
      approvedBy: ['approver-security'],
    });
    expect((await post('admin')).statusCode).toBe(200);
    expect(answers).toMatchObject([
      { changeId: 'chg_1', reason: null, caller: { canApprove: true } },
      { verdict: 'approve', caller: { person: { id: 'admin' }, canApprove: false } },
    ]);
    await app.close();
  });

  test('a person is put by way of them, and nowhere else', async () => {
    const { app, asked, memory } = apiWithDesk();
    const reply = await app.inject({
      method: 'PUT',
      url: '/api/v1/people/eve',
      headers: as('admin'),
      payload: { name: 'Eve', roles: ['approver-security'] },
    });
    expect(reply.json()).toMatchObject({ person: { id: 'eve' }, change: 'chg_1' });
    expect([asked, memory.people.has('eve')]).toEqual([['admin: eve'], false]);
    await app.close();
  });
});
