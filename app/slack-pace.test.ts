// Goal: what Slack asks to wait with rests alone, and afterwards what people wait for is ahead of what only tells of progress.
// Method: a clock in hand; the real messenger and editor against a twin that counts calls as Slack does.
import { describe, expect, test } from '@jest/globals';
import { createMailTwin } from '../lab/mail/twin.ts';
import { createSlackTwin } from '../lab/slack/twin.ts';
import { note, openIncident } from '../store/test-store.ts';
import { SlackPace } from './slack-pace.ts';
import { CHANNEL, useChat } from './test-chat.ts';

describe('the pace', () => {
  let nowMs = 0;
  const pace = (): SlackPace => {
    nowMs = 1_000_000;
    return new SlackPace(() => new Date(nowMs));
  };

  test('counts nothing before Slack asks to wait, and a while after', () => {
    const made = pace();
    const taken = (): number =>
      Array.from({ length: 100 }, () => made.take('post', false)).filter(Boolean).length;
    expect(taken()).toBe(100);
    made.limited('post', 2_000);
    expect(taken()).toBe(0);
    nowMs += 2_000 + 300_000;
    expect(taken()).toBe(100);
  });

  test('one verb rests, the other does not', () => {
    const made = pace();
    made.limited('update', 30_000);
    expect([made.rests('update'), made.rests('post')]).toEqual([true, false]);
    expect([made.take('update', true), made.take('post', false)]).toEqual([false, true]);
  });

  test('after a rest the urgent go first, and progress follows once nothing urgent has come for a while', () => {
    const made = pace();
    made.limited('post', 1_000);
    nowMs += 1_000 + 1_250;
    expect([made.take('post', false), made.take('post', true)]).toEqual([false, true]);
    nowMs += 1_250;
    expect([made.take('post', false), made.take('post', true)]).toEqual([false, true]);
    nowMs += 5_000;
    expect([made.take('post', false), made.take('post', false)]).toEqual([true, false]);
  });
});

describe('a Slack that counts', () => {
  // The twin counts by a clock that stands still, so that each test says how far it goes.
  let twinMs = 1_800_000_000_000;
  const chat = useChat(async () => ({
    slack: await createSlackTwin({ limited: true, now: () => new Date(twinMs) }),
    mail: await createMailTwin(),
  }));
  const pass = (ms: number): void => {
    twinMs += ms;
    chat().pass(ms);
  };
  const calls = (method: string, status: number): number =>
    chat().slack.ledger.filter((one) => one.path === `/api/${method}` && one.status === status)
      .length;
  const edit = async (owner: string) => {
    const { incidentId, stores, editor } = chat();
    await stores.worker().transaction(async (tables) => {
      await tables.incidents.change(incidentId, { owner });
      await tables.facts.append(incidentId, [note(`owner/${owner}`)]);
    });
    await stores.sql('update firebreak.status_card set due_at = now()');
    return editor.next();
  };

  /** Asks for an approval in another incident. */
  const elsewhere = async () => {
    const { stores, messenger } = chat();
    const incidentId = await openIncident(stores.api(), 'elsewhere');
    const { messages } = stores.worker();
    const about = { incidentId, channel: 'slack', subject: 'Approve', text: '' } as const;
    await messages.put([{ ...about, purpose: 'approval/apr_2' }]);
    const [row] = await messages.ofIncident(incidentId);
    return messenger.send(row?.id ?? '');
  };

  test('a 429 of edits delays no approval’s card, is no failure, and the card heals', async () => {
    for (let edits = 0; edits < 50; edits += 1)
      expect(await edit(`p${edits.toString()}`)).toBe('edited');
    expect(await edit('late')).toBe('failed');
    expect([calls('chat.update', 200), calls('chat.update', 429)]).toEqual([50, 1]);
    // Each edit is one call: what was posted is known, and not read again.
    expect(calls('conversations.replies', 200)).toBe(0);
    expect(await chat().send('approval/apr_1')).toBe('sent');
    expect(await edit('later')).toBe('none');
    expect(calls('chat.update', 429)).toBe(1);
    pass(10_000);
    expect(await edit('last')).toBe('edited');
    expect(JSON.stringify(chat().slack.messages(CHANNEL)[0])).toContain('last');
    expect(await chat().mails()).toEqual([]);
  });

  test('in a storm of milestones an approval’s card goes first, and nothing is lost', async () => {
    const milestones = ['isolate', 'audit', 'revert', 'forensics', 'redeploy'];
    const sent: string[] = [];
    for (const step of milestones.slice(0, 3)) sent.push(await chat().send(`step/${step}`));
    expect(sent).toEqual(['sent', 'sent', 'sent']);
    expect(await chat().send('step/forensics')).toBe('later');
    expect(calls('chat.postMessage', 429)).toBe(1);
    // While it rests nobody asks Slack.
    expect(await chat().send('step/forensics')).toBe('later');
    expect(calls('chat.postMessage', 429)).toBe(1);
    pass(3_000);
    // Progress waits though Slack would take it; an approval of another incident goes at once.
    expect(await chat().send('step/forensics')).toBe('later');
    expect(await elsewhere()).toBe('sent');
    // What stands before an approval in its thread goes as soon as it would.
    expect(await chat().send('approval/apr_1')).toBe('later');
    pass(1_000);
    expect(await chat().send('step/forensics')).toBe('sent');
    pass(1_250);
    expect(await chat().send('approval/apr_1')).toBe('sent');
    pass(7_000);
    expect(await chat().send('step/redeploy')).toBe('sent');
    expect(chat().slack.messages(CHANNEL)).toHaveLength(8);
    expect(await chat().mails()).toEqual([]);
  });
});
