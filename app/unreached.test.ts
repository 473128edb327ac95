// Goal: what Slack does not take waits and is told by mail, once; it is sent when the trouble is over, and a week in vain is the end.
// Method: rows of the real store through the real connectors; the twin refuses, the messenger's clock is moved.
import { expect, test } from '@jest/globals';
import { createMailTwin } from '../lab/mail/twin.ts';
import { createSlackTwin } from '../lab/slack/twin.ts';
import { CHANNEL, useChat } from './test-chat.ts';

const STEP = 'step/isolate';

const chat = useChat(async () => ({
  slack: await createSlackTwin(),
  mail: await createMailTwin(),
}));

async function failures(): Promise<readonly unknown[]> {
  const { stores, incidentId } = chat();
  const facts = await stores.worker().facts.page(incidentId, 0, 100);
  return facts.filter(({ kind }) => kind === 'message.failed').map(({ data }) => data);
}

/** The row of the step, as after so many tries in vain. */
async function triedBefore(attempts: number): Promise<void> {
  const { stores, incidentId } = chat();
  const words = { channel: 'slack', subject: `About ${STEP}`, text: '' } as const;
  await stores.worker().messages.put([{ incidentId, purpose: STEP, ...words }]);
  await stores.sql('update firebreak.message set attempts = $1 where purpose = $2', [
    attempts,
    STEP,
  ]);
}

test.each(['is_archived', 'channel_not_found', 'not_in_channel', 'invalid_auth', 'token_revoked'])(
  '%s: the message waits, people are told by mail once, and it is sent when that is put right',
  async (error) => {
    const { slack, pass, send, mails } = chat();
    const reply = { status: 200, body: { ok: false, error } };
    slack.faults.add({ kind: 'reply', reply }, { times: Number.MAX_SAFE_INTEGER });
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await send(STEP)).toBe('later');
      pass(60_000);
    }
    expect(await mails()).toEqual(['Not in Slack: About step/isolate']);
    expect(await failures()).toEqual([]);
    slack.faults.clear();
    expect(await send(STEP)).toBe('sent');
    expect(slack.messages(CHANNEL)).toHaveLength(2);
  },
);

test('a Slack that is away for hours loses nothing: mail tells after some tries, and then it is sent', async () => {
  const { slack, pass, send, mails } = chat();
  await triedBefore(4000);
  slack.faults.add({ kind: 'reply', reply: { status: 503, body: 'down' } });
  expect(await send(STEP)).toBe('later');
  expect(await mails()).toEqual(['Not in Slack: About step/isolate']);
  pass(60_000);
  expect(await send(STEP)).toBe('sent');
  expect(await failures()).toEqual([]);
});

const DOWN = { status: 503, body: 'down' };
const LIMITED = { status: 429, body: '', headers: { 'retry-after': '1' } };

test.each([
  ['unavailable', DOWN],
  ['rate_limited', LIMITED],
] as const)('a week in vain (%s) is the end, with a fact and a mail', async (reason, reply) => {
  const { slack, send, mails, row } = chat();
  await triedBefore(9999);
  slack.faults.add({ kind: 'reply', reply });
  expect(await send(STEP)).toBe('failed');
  expect(await failures()).toMatchObject([{ reason }]);
  expect(await mails()).toEqual(['Not in Slack: About step/isolate']);
  const mail = await row(`unreached/${STEP}`, 'mail');
  expect(mail?.text).toContain(`Slack does not take it (${reason}: `);
});

test('a Slack that only ever asks to wait: each time counts, mail tells after many, and then it is sent', async () => {
  const { slack, pass, send, mails, row } = chat();
  await triedBefore(57);
  slack.faults.add({ kind: 'reply', reply: LIMITED }, { times: 3 });
  for (const told of [[], [], ['Not in Slack: About step/isolate']]) {
    expect(await send(STEP)).toBe('later');
    expect(await mails()).toEqual(told);
    pass(10_000);
  }
  expect((await row(STEP))?.attempts).toBe(60);
  expect(await send(STEP)).toBe('sent');
  expect(await failures()).toEqual([]);
});
