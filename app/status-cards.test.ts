// Goal: an incident has one live card in Slack that shows how it stands, whatever happens to it, Slack and the channel, and a storm of facts
// costs few edits. Method: the real store, messenger and connectors against the Slack twin; the editor is asked, no clock is waited for.
import { describe, expect, test } from '@jest/globals';
import { OPENED } from '../domain/message.ts';
import type { FaultSubject } from '../lab/fault.ts';
import type { IncidentChange } from '../store/tables.ts';
import { note, plannedOperation } from '../store/test-store.ts';
import { createMailTwin } from '../lab/mail/twin.ts';
import { createSlackTwin } from '../lab/slack/twin.ts';
import { CHANNEL, useChat } from './test-chat.ts';

const AT = '2026-11-23T10:00:00.000Z';

const chat = useChat(async () => ({
  slack: await createSlackTwin(),
  mail: await createMailTwin(),
}));

const edits = (): number =>
  chat().slack.ledger.filter(({ path, changed }) => path === '/api/chat.update' && changed).length;
const card = (): string => JSON.stringify(chat().slack.messages(CHANNEL)[0]);

/** Lets the rest between two edits of one card pass, and looks until nothing is due. */
async function settle(): Promise<readonly string[]> {
  const outcomes: string[] = [];
  while (outcomes.at(-1) !== 'none' && outcomes.length < 20) {
    await chat().stores.sql('update firebreak.status_card set due_at = now()');
    outcomes.push(await chat().editor.next());
  }
  return outcomes;
}

async function change(fields: IncidentChange): Promise<void> {
  await chat()
    .stores.worker()
    .transaction(async (tables) => {
      await tables.incidents.change(chat().incidentId, fields);
      await tables.facts.append(chat().incidentId, [note(`change/${JSON.stringify(fields)}`)]);
    });
}

const refuse = (error: string, method: string, times = 1): void => {
  chat().slack.faults.add(
    { kind: 'reply', reply: { status: 200, body: { ok: false, error } } },
    { matches: ({ path }: FaultSubject) => path === `/api/${method}`, times },
  );
};

describe('the live card', () => {
  test('is the message that opened the incident; it shows phase, targets, what is contained, approvals, who acts and until when', async () => {
    const { incidentId, stores } = chat();
    const { operations, approvals } = stores.worker();
    for (const [operation, state] of [
      ['scale', 'verified'],
      ['route', 'unverified'],
    ] as const) {
      const key = {
        incidentId,
        operation,
        target: `kubernetes/Deployment/ml/${operation}`,
        round: 1,
      };
      await operations.insertPlanned(plannedOperation(key));
      await operations.beginAttempt(key, ['planned'], 'applying');
      await operations.move(key, ['applying'], 'applied');
      await operations.move(key, ['applied'], state);
    }
    await approvals.open({
      ...{
        id: 'apr_status',
        incidentId,
        operation: 'approve-revert',
        round: 1,
      },
      ...{ title: 'Go back', approvalClass: 'R3', plans: [], planDigest: 'a'.repeat(64) },
      quorum: { people: 2, roles: ['approver-security'] },
      ...{ requestedBy: null, createdAt: AT, expiresAt: '2026-11-23T11:00:00.000Z' },
    });
    await change({ phase: 'containment', step: 'isolate', owner: 'mona' });
    expect(await settle()).toEqual(['edited', 'none']);
    const shown = card();
    for (const words of [
      'containment (isolate)',
      'sev2',
      'model fraud-detector',
      'Contained:\\n• kubernetes/Deployment/ml/scale',
      'Not seen to be contained:\\n• kubernetes/Deployment/ml/route',
      'approvers: 2 of approver-security',
      'R3 Go back, until 2026-11-23T11:00:00.000Z',
      '2026-11-23T11:00:00.000Z: Go back expires',
    ]) {
      expect(shown).toContain(words);
    }
    expect(chat().slack.messages(CHANNEL)).toHaveLength(1);
  });

  test('a storm of facts is one edit, what changes nothing that it shows is none, and it rests between edits', async () => {
    for (let facts = 0; facts < 50; facts += 1)
      await change({ owner: `person-${facts.toString()}` });
    expect(await chat().editor.next()).toBe('edited');
    expect(card()).toContain('person-49');
    await change({ owner: 'the-next-one' });
    expect(await chat().editor.next()).toBe('none');
    expect(edits()).toBe(1);
    expect(await settle()).toEqual(['edited', 'none']);
    await chat()
      .stores.worker()
      .facts.append(chat().incidentId, [note('nothing to see')]);
    expect(await settle()).toEqual(['unchanged', 'none']);
    expect(edits()).toBe(2);
  });

  test('two processes: one of them edits', async () => {
    await change({ owner: 'mona' });
    expect((await Promise.all([chat().editor.next(), chat().editor.next()])).toSorted()).toEqual([
      'edited',
      'none',
    ]);
    expect(edits()).toBe(1);
  });

  test('one that somebody deleted is posted anew once, though the answer is lost, and the thread goes on below it', async () => {
    const before = chat().slack.messages(CHANNEL)[0]?.ts ?? '';
    chat().slack.remove(CHANNEL, before);
    chat().slack.faults.add(
      { kind: 'cut-after' },
      { matches: ({ path }) => path === '/api/chat.postMessage' },
    );
    await change({ owner: 'mona' });
    expect(await chat().editor.next()).toBe('failed');
    chat().pass(10_000);
    expect(await settle()).toEqual(['posted', 'none']);
    const [again] = chat().slack.messages(CHANNEL);
    expect(chat().slack.messages(CHANNEL)).toHaveLength(1);
    expect((await chat().row(OPENED))?.externalId).toBe(again?.ts);
    expect(await chat().send('step/isolate')).toBe('sent');
    expect(chat().slack.messages(CHANNEL)[1]?.thread_ts).toBe(again?.ts);
    await change({ owner: 'sam' });
    expect((await settle())[0]).toBe('edited');
    expect(card()).toContain('sam');
  });

  test('is closed with its incident, and looked at again when something more is told', async () => {
    await change({ state: 'closed', verdict: 'confirmed' });
    expect((await settle())[0]).toBe('edited');
    expect(card()).toContain('closed: confirmed');
    await chat()
      .stores.worker()
      .facts.append(chat().incidentId, [note('afterwards')]);
    expect(await settle()).toEqual(['none']);
    expect(await chat().send('closed')).toBe('sent');
    expect(await settle()).toEqual(['unchanged', 'none']);
  });

  test.each(['is_archived', 'channel_not_found', 'invalid_auth', 'not_in_channel'])(
    '%s: people are told by mail, once, and the card heals',
    async (error) => {
      const ts = chat().slack.messages(CHANNEL)[0]?.ts ?? '';
      refuse(error, 'chat.update', 2);
      if (error === 'channel_not_found') refuse(error, 'conversations.history', 2);
      await change({ owner: 'mona' });
      for (let tries = 0; tries < 2; tries += 1) {
        expect(await chat().editor.next()).toBe('failed');
        chat().pass(120_000);
        await chat().stores.sql('update firebreak.status_card set due_at = now()');
      }
      expect(await chat().mails()).toEqual(['Not in Slack: the live card']);
      expect(await chat().send(`unreached/card/${ts}`, 'mail')).toBe('sent');
      expect(chat().mail.received[0]?.text).toContain(`Slack answered ${error}`);
      expect((await settle())[0]).toBe('edited');
      expect(chat().slack.messages(CHANNEL)).toHaveLength(1);
      expect(card()).toContain('mona');
    },
  );

  test('while Slack asks to wait no card is tried', async () => {
    chat().slack.faults.add({
      kind: 'reply',
      reply: { status: 429, body: '', headers: { 'retry-after': '30' } },
    });
    await change({ owner: 'mona' });
    expect(await chat().editor.next()).toBe('failed');
    const asked = chat().slack.ledger.length;
    chat().pass(29_000);
    expect(await settle()).toEqual(['none']);
    expect(chat().slack.ledger).toHaveLength(asked);
    // What people wait for goes first; a card is no such thing.
    chat().pass(7_000);
    expect((await settle())[0]).toBe('edited');
  });
});
