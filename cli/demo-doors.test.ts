// Goal: the demo's people answer by the door that was asked for, and a door that cannot carry the answer fails the demo rather than
// pass it over. Method: each door against what stands behind it: a canned API, the lab's Slack with a card, pages with forms.
import { afterEach, expect, test } from '@jest/globals';
import { WebClient } from '@slack/web-api';
import { createSlackTwin } from '../lab/slack/twin.ts';
import { hiddenFieldsOf } from './demo-browser.ts';
import { answering, type DemoDoorName, type DemoQuestion } from './demo-doors.ts';
import { createDemoPerson } from './demo-person.ts';
import { cleanUp, serve } from './test-run.ts';

const QUESTION: DemoQuestion = { id: 'apr_1', planDigest: 'a'.repeat(64) };
const DECIDED = { status: 200, body: { decision: {} } };
const DECISION = 'POST /api/v1/approvals/apr_1/decision';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await cleanUp();
});

async function stage(door: DemoDoorName) {
  const twin = await createSlackTwin();
  closers.push(() => twin.close());
  const { url, seen } = await serve({ [DECISION]: DECIDED });
  const person = createDemoPerson(url, 'fb_mona');
  const mona = { id: 'mona', name: 'Mona', token: 'fb_mona', person };
  const sam = { ...mona, id: 'sam', name: 'Sam' };
  const clicks: object[] = [];
  const click = (one: object) => {
    clicks.push(one);
    return Promise.resolve(null);
  };
  const slack = { ...twin, click };
  const answer = answering(door, {
    ...{ url, browsers: new Map(), slack },
    standIn: () => Promise.resolve({ ...mona, id: 'olga', name: 'Olga' }),
  });
  return { answer, twin, mona, sam, seen, clicks };
}

test('in Slack Mona clicks on the card of the approval, and Sam answers at the API: chat alone is not enough', async () => {
  const { answer, twin, mona, sam, seen, clicks } = await stage('slack');
  const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
  const button = { type: 'button', text: { type: 'plain_text', text: 'Approve' } };
  for (const value of ['apr_0', 'apr_1']) {
    const elements = [{ ...button, action_id: 'approve', value: `${value}/digest` }];
    const blocks = [{ type: 'actions', block_id: 'actions', elements }];
    await client.apiCall('chat.postMessage', { channel: 'C0INCIDENTS', text: value, blocks });
  }
  expect(await answer(mona, QUESTION, 'approve')).toEqual({ by: 'Mona', door: 'slack' });
  expect(await answer(sam, QUESTION, 'approve')).toEqual({ by: 'Sam', door: 'api' });
  const card = twin.messages('C0INCIDENTS')[1];
  expect(clicks).toMatchObject([{ userId: 'U0MONA', ts: card?.ts, actionId: 'approve' }]);
  expect(seen.map(({ path }) => path)).toEqual(['/api/v1/approvals/apr_1/decision']);
});

test('on the page nobody answers who has not signed in', async () => {
  const { answer, mona, seen } = await stage('page');
  await expect(answer(mona, QUESTION, 'approve')).rejects.toMatchObject({ code: 'internal' });
  expect(seen).toEqual([]);
});

test('what a card cannot show whole is answered by somebody who reads it elsewhere', async () => {
  const { answer, twin, mona, seen, clicks } = await stage('slack');
  const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
  const words = { type: 'plain_text', text: 'Read it whole: firebreak approval show apr_1' };
  const blocks = [{ type: 'section', text: words }];
  await client.apiCall('chat.postMessage', { channel: 'C0INCIDENTS', text: 'x', blocks });
  expect(await answer(mona, QUESTION, 'approve')).toEqual({ by: 'Olga', door: 'api' });
  expect([clicks.length, seen.length]).toEqual([0, 1]);
});

test('a rejection goes by the API, with its reason', async () => {
  const { answer, mona, seen, clicks } = await stage('slack');
  expect(await answer(mona, QUESTION, 'reject')).toEqual({ by: 'Mona', door: 'api' });
  expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
    verdict: 'reject',
    planDigest: 'a'.repeat(64),
  });
  expect(clicks).toEqual([]);
});

test('a form is sent with the fields that the page gave it, or not at all', () => {
  const page = `<form method="post" action="/logout"><input type="hidden" name="token" value="no" /></form>
    <form method="post" action="/approvals/apr_1"><input type="hidden" name="token" value="a&amp;b&#39;" />
    <input type="hidden" name="planDigest" value="c" /></form>`;
  expect(hiddenFieldsOf(page, '/approvals/apr_1')).toEqual({ token: "a&b'", planDigest: 'c' });
  expect(() => hiddenFieldsOf(page, '/approvals/apr_2')).toThrow('no form');
});
