// Goal: the form opens one incident for a person who may, tells beside a field what can be mended, and the connection to Slack
// comes back whatever ends it.
// Method: the real Bolt over the Slack twin's HTTP and WebSocket; the store is in memory.
import { describe, expect, test } from '@jest/globals';
import { WebClient } from '@slack/web-api';
import type { SlackDesk } from '../../api/slack/door.ts';
import { AppError } from '../../domain/error.ts';
import { createFaultPlan } from '../../lab/fault.ts';
import type { SlackTwinOptions } from '../../lab/slack/twin.ts';
import { closersAfterEach } from '../closers.ts';
import { putMember, slackStage, type SlackStage } from './stage.ts';

const closers = closersAfterEach();

async function stage(
  change: (desk: SlackDesk) => Partial<SlackDesk> = () => ({}),
  options: SlackTwinOptions = {},
): Promise<SlackStage> {
  const made = await slackStage(change, options);
  closers.push(() => made.close());
  return made;
}

const MONA = { command: '/firebreak', userId: 'U0MONA' };
const type = (made: SlackStage, text: string): Promise<unknown> =>
  made.twin.sendSlashCommand({ ...MONA, text });

describe('the form', () => {
  const fill = (made: SlackStage, values: Record<string, string>, deliveries = 1) =>
    made.twin.submit({
      userId: MONA.userId,
      viewId: made.twin.views()[0]?.id ?? '',
      ...{ values, deliveries },
    });

  test('asks, offers the inventory while one types, and opens one incident', async () => {
    const made = await stage();
    await made.twin.connected();
    expect(await type(made, 'open')).toEqual({});
    const [form] = made.twin.views();
    const typing = { userId: MONA.userId, viewId: form?.id ?? '', actionId: 'suspect' };
    const offered = await made.twin.suggest({ ...typing, value: 'DATASET' });
    expect(offered).toEqual({
      options: [
        {
          text: expect.objectContaining({ text: 'dataset warehouse/transactions (fraud-scorer)' }),
          value: expect.any(String),
        },
      ],
    });
    expect(await made.twin.suggest({ ...typing, userId: 'U0EVE', value: '' })).toEqual({
      options: [],
    });
    const suspect = /"value":"(slack-[0-9a-f]+)"/u.exec(JSON.stringify(offered))?.[1] ?? '';
    const said = await fill(made, { what: 'It drifts', suspect, severity: 'sev1' }, 2);
    expect(JSON.stringify(said)).toContain('lready open');
    expect(made.memory.requests.size).toBe(1);
    expect([...made.memory.incidents.values()].at(-1)?.title).toBe(
      'It drifts model="fraud-scorer" suspect="dataset:warehouse/transactions" severity="sev1"',
    );
  });

  test('what cannot be used is told beside its field, and can be mended', async () => {
    const made = await stage(({ openRequest }) => ({
      openRequest: (text, actor, side) => {
        if (!text.includes('x')) throw new AppError('invalid', 'No.', { field: 'playbook' });
        return openRequest(text, actor, side);
      },
    }));
    await made.twin.connected();
    await type(made, 'open');
    expect(await fill(made, { what: 'w', suspect: 'slack-0' })).toEqual({
      response_action: 'errors',
      errors: { suspect: expect.stringContaining('choose again') },
    });
    expect(await fill(made, { what: 'w' })).toEqual({
      response_action: 'errors',
      errors: { playbook: 'No.' },
    });
    expect(await fill(made, { what: 'x' })).toMatchObject({ response_action: 'update' });
    expect(made.memory.requests.size).toBe(1);
  });

  test('who lost the right since it was opened opens nothing', async () => {
    const made = await stage();
    await made.twin.connected();
    await type(made, 'open');
    putMember(made.memory, 'mona', { slackUser: 'T0LAB/U0MONA', roles: ['admin'], active: false });
    expect(JSON.stringify(await fill(made, { what: 'x' }))).toContain('does not know you');
    expect(made.memory.requests.size).toBe(0);
  });

  test('a trigger that is too old: the person is told the other way', async () => {
    let shiftMs = 0;
    const made = await stage(
      ({ store }) => ({
        store: {
          ...store,
          people: {
            ...store.people,
            bySlackUser: (user) => {
              shiftMs += 3_001;
              return store.people.bySlackUser(user);
            },
          },
        },
      }),
      { now: () => new Date(1_700_000_000_000 + shiftMs) },
    );
    await made.twin.connected();
    expect(await type(made, 'open')).toMatchObject({
      text: expect.stringContaining('open &lt;what is wrong&gt; instead'),
    });
  });
});

describe('a message', () => {
  const CHANNEL = 'C0INCIDENTS';
  const SAID_AT = '2026-11-23T09:41:07.250Z';

  /** A message that stands in the channel, and the form about it, opened by a person. */
  async function chosen(userId = MONA.userId): Promise<SlackStage> {
    const made = await stage(undefined, { now: () => new Date(SAID_AT) });
    await made.twin.connected();
    const client = new WebClient(made.twin.botToken, { slackApiUrl: made.twin.apiUrl });
    await client.chat.postMessage({ channel: CHANNEL, text: 'v7 answers &lt;null&gt;' });
    const ts = made.twin.messages(CHANNEL)[0]?.ts ?? '';
    const callbackId = 'firebreak-add-to-incident';
    await made.twin.chooseShortcut({ userId, channel: CHANNEL, ts, callbackId });
    return made;
  }
  const add = (made: SlackStage, values: Record<string, string>, deliveries = 1) => {
    const viewId = made.twin.views()[0]?.id ?? '';
    return made.twin.submit({ userId: MONA.userId, viewId, values, deliveries });
  };

  test('goes onto a timeline once, under its own time', async () => {
    const made = await chosen();
    expect(JSON.stringify(await add(made, { incident: 'inc_1' }, 2))).toContain('timeline of #7');
    expect([...made.memory.decisions.values()]).toMatchObject([
      {
        incidentId: 'inc_1',
        command: {
          kind: 'note',
          text: 'v7 answers <null> [said in Slack by T0LAB/U0FIREBREAK]',
          occurredAt: SAID_AT,
        },
        actor: { person: 'mona', channel: 'slack' },
      },
    ]);
  });

  test('that is there already, in other words, is not added again', async () => {
    const made = await chosen();
    await add(made, { incident: 'inc_1' });
    const [message] = made.twin.messages(CHANNEL);
    await made.twin.chooseShortcut({
      ...{ userId: MONA.userId, channel: CHANNEL, ts: message?.ts ?? '' },
      callbackId: 'firebreak-add-to-incident',
    });
    const viewId = made.twin.views().at(-1)?.id ?? '';
    const values = { incident: 'inc_1', text: 'other words' };
    const said = await made.twin.submit({ userId: MONA.userId, viewId, values });
    expect(JSON.stringify(said)).toContain('already');
    expect(made.memory.decisions.size).toBe(1);
  });

  test('whom we do not know gets no form; an incident that is not there gets no note', async () => {
    const stranger = await chosen('U0EVE');
    await stranger.twin.responded(1);
    expect(JSON.stringify(stranger.twin.responses)).toContain('does not know you');
    expect(stranger.twin.views()).toEqual([]);
    const made = await chosen();
    expect(JSON.stringify(await add(made, { incident: 'inc_9' }))).toContain('no such incident');
    expect(made.memory.decisions.size).toBe(0);
  });
});

describe('the connection', () => {
  test('comes back after Slack recycles it, and after it is cut', async () => {
    const made = await stage();
    await made.twin.connected();
    for (const leave of [
      (): void => {
        made.twin.disconnect('refresh_requested');
      },
      (): void => {
        made.twin.drop();
      },
    ]) {
      leave();
      expect(made.twin.connections()).toBe(0);
      await made.twin.connected();
      expect(await type(made, 'open x')).toMatchObject({
        text: expect.stringContaining('Opened #1'),
      });
    }
  });

  test('starts while Slack refuses, and connects when it is back', async () => {
    const faults = createFaultPlan();
    faults.add({ kind: 'cut-before' });
    faults.add({
      kind: 'reply',
      reply: { status: 429, body: '', headers: { 'retry-after': '60' } },
    });
    const { twin, log } = await stage(undefined, { faults });
    await twin.connected();
    expect(log.filter(({ text }) => text === 'Slack cannot be reached')).toHaveLength(2);
  });

  test('stop ends at once: connected, connecting, or with Slack gone; no token in the log', async () => {
    for (const state of ['connected', 'connecting', 'gone']) {
      const made = await stage();
      if (state !== 'connecting') await made.twin.connected();
      if (state === 'gone') await made.twin.close();
      const started = performance.now();
      await made.stop();
      expect(performance.now() - started).toBeLessThan(2_500);
      expect(JSON.stringify(made.log)).not.toMatch(/xapp-lab|xoxb-lab/);
    }
  });
});
