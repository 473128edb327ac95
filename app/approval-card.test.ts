// Goal: the card of an approval shows how it stands now, in one message, whatever happened to it.
// Method: the real store, messenger and connector against the Slack twin.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { create as createSlack } from '../connectors/slack/index.ts';
import { cardEdit, cardPurpose } from '../domain/message.ts';
import { createSlackTwin, type SlackTwin } from '../lab/slack/twin.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { deliverDecision } from './decision-delivery.ts';
import { createMessenger, type Messenger } from './messenger.ts';

const CHANNEL = 'C0INCIDENTS';
const OPEN = {
  ...{ operation: 'approve-revert', round: 1, title: 'Go back' },
  approvalClass: 'R3',
  quorum: { people: 2, roles: ['approver-security'] },
  ...{ plans: [], planDigest: 'a'.repeat(64), requestedBy: null },
  createdAt: '2026-11-23T10:00:00.000Z',
  expiresAt: '2026-11-23T11:00:00.000Z',
} as const;

const stores = useStores();
let slack: SlackTwin;
let messenger: Messenger;
let incidentId: string;
let id: string;
let count = 0;
let close: () => Promise<void>;

beforeEach(async () => {
  count += 1;
  id = `apr_card_${count.toString()}`;
  slack = await createSlackTwin();
  const config = { token: slack.botToken, channel: CHANNEL, apiUrl: slack.apiUrl };
  const connector = createSlack(config);
  messenger = createMessenger({
    ...{ store: stores.worker(), slack: connector, mail: null, slackChannel: CHANNEL },
    mailing: { to: [], from: '', publicUrl: null },
    ...{ decide: true, patienceMs: 30_000 },
  });
  incidentId = await openIncident(stores.api(), `card-${count.toString()}`);
  await stores.worker().approvals.open({ ...OPEN, id, incidentId });
  close = async () => {
    await connector.close();
    await slack.close();
  };
});
afterEach(() => close());

/** Writes a row and sends it. */
async function send(purpose: string): Promise<unknown> {
  const { messages } = stores.worker();
  await messages.put([
    { ...{ incidentId, purpose, text: '' }, channel: 'slack', subject: 'An approval' },
  ]);
  const row = (await messages.ofIncident(incidentId)).find((one) => one.purpose === purpose);
  return messenger.send(row?.id ?? '');
}

const shown = (): string => JSON.stringify(slack.messages(CHANNEL));
const VALUE = (): string => `${id} ${OPEN.planDigest}`;

describe('the card of an approval', () => {
  test('has buttons while it is open, and is edited in place once it is not; an edit is no fact', async () => {
    expect(await send(cardPurpose(id))).toBe('sent');
    expect(shown()).toContain(VALUE());
    await stores.worker().approvals.settle(id, 'expired', 'Nobody answered.');
    expect(await send(cardEdit(id, 'expired').purpose)).toBe('sent');
    expect(slack.messages(CHANNEL)).toHaveLength(1);
    expect(shown()).toContain('expired: Nobody answered.');
    expect(shown()).not.toContain(VALUE());
    const facts = await stores.worker().facts.page(incidentId, 0, 100);
    expect(facts.filter(({ kind }) => kind === 'message.sent')).toHaveLength(1);
  });

  test('that somebody deleted is posted anew', async () => {
    await send(cardPurpose(id));
    slack.remove(CHANNEL, slack.messages(CHANNEL)[0]?.ts ?? '');
    expect(await send(cardEdit(id, 'dec_1').purpose)).toBe('sent');
    expect(slack.messages(CHANNEL)).toHaveLength(1);
    expect(shown()).toContain(VALUE());
  });

  test('is beside a rung of the ladder, which mentions whom it calls and nobody else', async () => {
    const person = { name: '<!channel>', roles: ['commander'], mail: null, active: true } as const;
    await stores.api().people.put({ ...person, id: 'cleo', slackUser: 'T0LAB/U0CLEO' });
    await stores.worker().escalations.take({
      ...{ subject: { kind: 'approval', id }, rung: 1, incidentId, people: ['cleo'] },
      ...{ reached: true, takenAt: OPEN.createdAt },
    });
    expect(await send(`${cardPurpose(id)}/escalation/1`)).toBe('sent');
    expect(shown().match(/<[@!][^>]*>/gu)).toEqual(['<@U0CLEO>']);
  });

  test.each([true, false])(
    'an answer by any door leaves word for it, Slack: %j',
    async (slackIs) => {
      const decision = await stores.api().decisions.insert({
        id: `dec_${id}`,
        incidentId,
        command: { kind: 'reject', approvalId: id, planDigest: OPEN.planDigest, reason: 'No.' },
        actor: { person: 'ann', name: 'Ann', roles: ['approver-security'], channel: 'cli' },
        decidedAt: OPEN.createdAt,
        signature: 'c2ln',
      });
      await deliverDecision(
        {
          store: stores.worker(),
          engine: {
            decide: () => Promise.resolve({ outcome: 'accepted', reason: null }),
            terminate: () => Promise.reject(new Error('not asked')),
          },
          redirections: { playbooks: () => [], inventory: () => [] },
          channels: { slack: slackIs },
        },
        decision.id,
      );
      const rows = await stores.worker().messages.ofIncident(incidentId);
      expect(rows.map(({ purpose }) => purpose)).toEqual(
        slackIs ? [cardEdit(id, decision.id).purpose] : [],
      );
    },
  );
});
