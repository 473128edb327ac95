// Goal: a role on one object decides and opens nothing beyond it, by any door, and is gone the moment that it is taken. Method: the API,
// its pages and the Slack door over memory, with two teams.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import { carryOutCommand } from './slack/commands.ts';
import { APPROVAL, as, createTestApi, factOf, INCIDENT, PLAN_DIGEST } from './test-api.ts';
import { addAccount, PASSWORD, TestBrowser } from './test-browser.ts';
import { addLimited, addOtherTeam, TEAMS } from './test-teams.ts';

let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  given = createTestApi({
    holding: { destroys: () => 'nothing', inventory: () => TEAMS, written: () => TEAMS },
    openRequest: (text, actor) => ({
      incidentKey: text,
      incident: { ...INCIDENT, model: text, origin: { ...INCIDENT.origin, by: actor.person } },
      reopenWindowSeconds: 0,
    }),
  });
  addOtherTeam(given.memory);
  addLimited(given.memory, 'fred', { on: 'team', name: 'fraud' });
});
afterEach(() => given.app.close());

const plan = (target: string): ApprovedPlan => ({
  ...{ operation: 'o', target, round: 1, digest: 'd', summary: 's', action: 'a' },
  ...{ approvalClass: 'R3', undo: 'u' },
});
const setPlans = (...targets: string[]): void => {
  const plans: Approval['plans'] = targets.map(plan);
  given.memory.approvals.set('apr_1', { ...APPROVAL, plans });
};
const answer = (verdict: 'approve' | 'reject') =>
  given.app.inject({
    ...{ method: 'POST', url: '/api/v1/approvals/apr_1/decision', headers: as('fred') },
    payload: { planDigest: PLAN_DIGEST, verdict, reason: 'why' },
  });
const post = (url: string, payload: object) =>
  given.app.inject({ method: 'POST', url: `/api/v1${url}`, headers: as('fred'), payload });

describe('an approval', () => {
  test('takes a yes whose role covers every target, signed with the roles on this incident', async () => {
    setPlans('kubernetes/Deployment/ml/fraud-scorer', 'mlflow/Alias/fraud-scorer/champion');
    const fred = given.memory.people.get('fred');
    const only = [{ role: 'approver-security' as const, on: 'team' as const, name: 'fraud' }];
    if (fred !== undefined) given.memory.people.set('fred', { ...fred, grants: only });
    expect((await answer('approve')).statusCode).toBe(202);
    const signed = [...given.memory.decisions.values()].at(-1);
    expect(signed?.actor).toMatchObject({ person: 'fred', roles: ['approver-security'] });
  });

  test('takes none when one target is another team’s; a no is always good', async () => {
    setPlans('kubernetes/Deployment/ml/fraud-scorer', 'kubernetes/Deployment/shop/pricing');
    expect((await answer('approve')).statusCode).toBe(403);
    expect(given.memory.approvals.get('apr_1')?.status).toBe('open');
    expect((await answer('reject')).statusCode).toBe(202);
  });
});

test('an incident is opened on the own model alone, and nobody gets another’s by its request', async () => {
  expect((await post('/incidents', { text: 'fraud-scorer', requestId: 'mine' })).statusCode).toBe(
    201,
  );
  expect((await post('/incidents', { text: 'pricing', requestId: 'theirs' })).statusCode).toBe(403);
  expect(given.memory.requests.has('theirs')).toBe(false);
  given.memory.requests.set('other', 'inc_2');
  const replay = await post('/incidents', { text: 'fraud-scorer', requestId: 'other' });
  expect(replay.statusCode).toBe(404);
});

test('an incident is handed to nobody who does not see it', async () => {
  addLimited(given.memory, 'paul', { on: 'team', name: 'pricing' });
  expect((await post('/incidents/inc_1/hand-over', { to: 'paul' })).statusCode).toBe(400);
  expect((await post('/incidents/inc_1/hand-over', { to: 'fred' })).statusCode).toBe(202);
});

test('the pages show what is of the own object, and the rest is not there', async () => {
  await addAccount(given, 'fred', []);
  addLimited(given.memory, 'fred', { on: 'namespace', name: 'ml' });
  const browser = new TestBrowser(given.app);
  await browser.signIn('fred', PASSWORD);
  const list = (await browser.get('/approvals')).body;
  expect([list.includes('/approvals/apr_1'), list.includes('/approvals/apr_2')]).toEqual([
    true,
    false,
  ]);
  expect((await browser.get('/approvals/apr_1')).status).toBe(200);
  expect((await browser.get('/approvals/apr_2')).status).toBe(404);
});

describe('in Slack', () => {
  const say = async (words: string) => {
    const fred = given.memory.people.get('fred');
    if (fred !== undefined) given.memory.people.set('fred', { ...fred, slackUser: 'T1/U1' });
    const desk = { ...given.dependencies, inventory: () => TEAMS, channel: 'C1' };
    const who = { team: 'T1', user: 'U1' };
    const requestId = words.replaceAll(/\W/gu, '-');
    return (await carryOutCommand(desk, { words, who, requestId })).text;
  };

  test('the list holds what is of the own object; the rest answers as what is not there', async () => {
    const list = await say('list');
    expect([list.includes('#1 '), list.includes('#2 ')]).toEqual([true, false]);
    expect(await say('status 1')).toContain('#1 ');
    expect(await say('ack 1')).toContain('acknowledge of #1');
    for (const words of ['status 2', 'status inc_2', 'ack 2', 'note 2 x', 'status 99']) {
      await expect(say(words)).rejects.toMatchObject({
        code: 'not_found',
        message: 'There is no such incident.',
      });
    }
  });
});

test('the stream of an incident ends when the role is taken, and tells nothing more', async () => {
  const address = await given.app.listen({ port: 0, host: '127.0.0.1' });
  const stream = await fetch(`${address}/api/v1/incidents/inc_1/events`, { headers: as('fred') });
  expect(stream.status).toBe(200);
  const fred = given.memory.people.get('fred');
  if (fred !== undefined) given.memory.people.set('fred', { ...fred, grants: [] });
  given.memory.facts.push(factOf(1));
  for (const notify of given.memory.listeners) notify('inc_1');
  expect(await stream.text()).not.toContain('event: fact');
});
