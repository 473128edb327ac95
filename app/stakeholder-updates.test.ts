// Goal: each update is drafted, sent and told once, whoever looks and how often; what goes outside waits for a person, and arrives as it
// was read, at each address alone. Method: rows of the real store, the time set, rounds side by side and after a restart; mail by
// the real connector to the twin.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Audience, StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { createMailTwin } from '../lab/mail/twin.ts';
import { renderUpdate } from '../render/update.ts';
import { plannedOperation } from '../store/test-store.ts';
import { draftUpdates, type StakeholderUpdatesOptions } from './stakeholder-updates.ts';
import { useMail } from './test-mail.ts';
import { messagesOf, tellUpdate } from './update-telling.ts';

const MINUTE_MS = 60_000;
const INSIDE: Audience = {
  name: 'leadership',
  reach: 'internal',
  to: ['cto@lab.test'],
  slackChannel: null,
  everyMinutes: { sev2: 30, sev3: 30 },
  templates: {},
};
const OUTSIDE: Audience = {
  ...INSIDE,
  name: 'customers',
  reach: 'external',
  to: ['ann@out.test', 'ben@out.test'],
};

const mail = useMail(createMailTwin);
let nowMs: number;
let ids = 0;

beforeEach(async () => {
  nowMs = Date.now();
  await mail.stores.worker().incidents.change(mail.incidentId(), { state: 'open' });
});

/** One round of a process that has just started. */
function round(
  audiences: readonly Audience[] = [INSIDE, OUTSIDE],
  store: StakeholderUpdatesOptions['store'] = mail.stores.worker(),
): Promise<number> {
  return draftUpdates({
    ...{ store, audiences, channels: { slack: true, mail: true } },
    now: () => new Date(nowMs),
    newId: (prefix) => `${prefix}_${mail.incidentId()}_${(ids += 1).toString()}`,
    log: pino({ level: 'silent' }),
  });
}

const ofIncident = async (name: string): Promise<readonly StakeholderUpdate[]> =>
  (await mail.stores.worker().updates.ofIncident(mail.incidentId())).filter(
    ({ audience }) => audience === name,
  );
async function newest(name: string): Promise<StakeholderUpdate> {
  const found = (await ofIncident(name)).at(-1);
  if (!found) throw new Error('nothing was drafted');
  return found;
}
const purposes = async (): Promise<readonly string[]> =>
  (await mail.stores.worker().messages.ofIncident(mail.incidentId()))
    .map(({ channel, purpose }) => `${channel} ${purpose}`)
    .filter((text) => / (?:update|draft)\//u.test(text));

/** A person sends what they read, through the API. */
const release = async ({ id }: StakeholderUpdate): Promise<void> => {
  const at = new Date(nowMs).toISOString();
  const settlement = { state: 'released', at, by: 'lea', through: 'cli', reason: null } as const;
  await mail.stores.api().updates.settle(id, settlement);
};
const told = async (): Promise<void> => {
  const { outbox } = mail.stores.worker();
  for (const { work } of await outbox.lease(100, 60_000)) {
    if (work.kind === 'tell-update') await tellUpdate(mail.stores.worker(), work.updateId);
  }
};

describe('for people inside', () => {
  test('each is sent once on its cadence, however many look', async () => {
    await Promise.all([round(), round(), round()]);
    await round();
    nowMs += 30 * MINUTE_MS;
    await Promise.all([round(), round()]);
    const all = await ofIncident('leadership');
    expect(all.map(({ ordinal, notice, state }) => [ordinal, notice, state])).toEqual([
      [1, 'first', 'released'],
      [2, 'update', 'released'],
    ]);
    const sent = (await purposes()).filter((text) => text.includes('update/leadership'));
    expect(sent).toHaveLength(2);
    const facts = (await mail.facts('update.released')).map(({ actor, data }) => [actor, data]);
    expect(facts).toMatchObject([
      ['engine', { audience: 'leadership', to: ['cto@lab.test'], ordinal: 1 }],
      ['engine', { textSha256: all[1]?.textSha256, templateSha256: all[1]?.templateSha256 }],
    ]);
  });

  test('the all-clear comes when the world was verified, and is taken back when it is not', async () => {
    const { incidents, operations } = mail.stores.worker();
    const key = { incidentId: mail.incidentId(), operation: 'scale', target: 'd/x', round: 1 };
    await operations.insertPlanned(plannedOperation(key));
    await round([INSIDE]);
    nowMs += 10 * MINUTE_MS;
    const at = new Date(nowMs).toISOString();
    await incidents.change(mail.incidentId(), { containedAt: at, stabilisedAt: at });
    await operations.move(key, ['planned'], 'unknown', {});
    await round([INSIDE]);
    expect((await newest('leadership')).notice).toBe('first');
    await operations.move(key, ['unknown'], 'verified', {});
    await round([INSIDE]);
    expect(await newest('leadership')).toMatchObject({ notice: 'all-clear', verified: true });
    nowMs += 10 * MINUTE_MS;
    await operations.move(key, ['verified'], 'unverified', { reason: 'it moved' });
    await round([INSIDE]);
    const { notice, text } = await newest('leadership');
    expect([notice, text]).toEqual(['update', expect.stringContaining('It holds no longer')]);
    expect(text).toContain('not known to be contained');
    await incidents.change(mail.incidentId(), { state: 'closed', closedAt: at });
    await round([INSIDE]);
    await round([INSIDE]);
    expect(await newest('leadership')).toMatchObject({ ordinal: 4, notice: 'resolved' });
  });

  test('words of their own that fail when they are needed give way to those that ship', async () => {
    const update = { subject: 's', text: '{{ model.length.x }}' };
    await round([{ ...INSIDE, templates: { first: update } }]);
    expect((await newest('leadership')).text).toContain('We are responding to an incident');
  });
});

describe('for people outside', () => {
  test('nothing is sent before a person sent it, and people are told that it waits, and again', async () => {
    await round();
    await Promise.all([round(), round()]);
    const { id } = await newest('customers');
    const outside = async () => (await purposes()).filter((text) => !text.includes('leadership'));
    expect(await outside()).toEqual([`slack draft/${id}`, `mail draft/${id}`]);
    nowMs += 15 * MINUTE_MS;
    await Promise.all([round(), round()]);
    expect((await outside()).slice(2)).toEqual([
      `slack draft/${id}/reminder`,
      `mail draft/${id}/reminder`,
    ]);
    expect(await mail.facts('update.drafted')).toHaveLength(1);
    expect(await mail.facts('update.reminded')).toHaveLength(1);
    expect((await mail.facts('update.released')).filter(({ actor }) => actor !== 'engine')).toEqual(
      [],
    );
  });

  test('the database itself takes none that nobody read', async () => {
    await round([OUTSIDE]);
    const draft = await newest('customers');
    const settled = {
      ...{ ...draft, id: 'upd_x', ordinal: 2, state: 'released' as const },
      ...{ settledAt: draft.draftedAt, settledBy: 'engine' },
    };
    await expect(mail.stores.worker().updates.draft(settled)).rejects.toMatchObject({
      code: 'refused',
    });
    await release(draft);
    await expect(release(draft)).rejects.toMatchObject({ code: 'refused' });
  });

  test('what was sent arrives as it was read, once at each address alone, and is one fact', async () => {
    await round([OUTSIDE]);
    const update = await newest('customers');
    await release(update);
    await told();
    // The relay was killed before it could say that it had told: it tells again.
    await tellUpdate(mail.stores.worker(), update.id);
    expect((await mail.facts('update.released')).map(({ actor, data }) => [actor, data])).toEqual([
      ['lea', expect.objectContaining({ to: OUTSIDE.to, textSha256: update.textSha256 })],
    ]);
    for (const { purpose } of messagesOf(update)) {
      expect(await mail.send(purpose)).toBe('sent');
      expect(await mail.send(purpose)).toBe('sent');
    }
    const { deliveries } = mail.twin();
    expect(deliveries.map(({ to }) => to)).toEqual([['ann@out.test'], ['ben@out.test']]);
    for (const { subject, text } of deliveries) {
      expect(`Subject: ${subject}\n\n${text}`.replaceAll('\r\n', '\n').trim()).toBe(
        renderUpdate(update).trim(),
      );
    }
    expect((await mail.facts('message.sent')).map(({ data }) => data)).toMatchObject([
      { to: ['ann@out.test'] },
      { to: ['ben@out.test'] },
    ]);
  });

  test('one that was left out is a fact with its reason, and no mail', async () => {
    await round([OUTSIDE]);
    const { id } = await newest('customers');
    const at = new Date(nowMs).toISOString();
    const skipped = {
      state: 'skipped',
      at,
      by: 'lea',
      through: 'api',
      reason: 'by phone',
    } as const;
    await mail.stores.api().updates.settle(id, skipped);
    await told();
    expect((await mail.facts('update.skipped')).map(({ summary }) => summary)).toEqual([
      expect.stringContaining('by phone'),
    ]);
    expect((await purposes()).filter((text) => text.includes('update/'))).toEqual([]);
  });

  test('a drill is nobody’s news', async () => {
    const worker = mail.stores.worker();
    const unfinished = async (limit: number) =>
      (await worker.incidents.unfinished(limit)).map((one) => ({ ...one, drill: true }));
    expect(
      await round([INSIDE], { ...worker, incidents: { ...worker.incidents, unfinished } }),
    ).toBe(0);
    expect(await round([INSIDE])).toBeGreaterThan(0);
  });
});
