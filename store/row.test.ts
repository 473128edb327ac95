import { describe, expect, test } from '@jest/globals';
import { toRfc3339 } from './column.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: the smaller tables give back what was put, once. Method: each function of each through its role.

const stores = useStores();

describe('messages', () => {
  test('are put once per purpose, with work for the relay, and remember how they went', async () => {
    const incidentId = await openIncident(stores.api(), 'messages');
    const { messages } = stores.worker();
    const opened = {
      incidentId,
      channel: 'slack',
      purpose: 'opened',
      subject: 'S',
      text: 'T',
    } as const;
    const step = { ...opened, purpose: 'step/isolate' };
    await messages.put([opened, step]);
    await messages.put([
      { ...opened, text: 'again' },
      { ...opened, channel: 'mail' },
    ]);
    const stored = await messages.ofIncident(incidentId);
    expect(stored.map(({ channel, purpose, text }) => [channel, purpose, text])).toEqual([
      ['slack', 'opened', 'T'],
      ['slack', 'step/isolate', 'T'],
      ['mail', 'opened', 'T'],
    ]);
    const work = await stores.sql(
      `select work->>'messageId' as id from firebreak.outbox where kind = 'send-message' order by id`,
    );
    expect(work).toEqual(
      stored.map((message) => ({ id: message.id })).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
    const [first, second, third] = stored.map((message) => message.id);
    expect(await messages.threadParent(incidentId, 'slack')).toBeNull();
    await messages.failed(first ?? '', false);
    await messages.sent(second ?? '', '1.2');
    await messages.sent(first ?? '', '1.1');
    await messages.sent(first ?? '', '9.9');
    await messages.failed(third ?? '', true);
    expect(await messages.threadParent(incidentId, 'slack')).toMatchObject({
      id: first,
      state: 'sent',
      attempts: 2,
      externalId: '1.1',
    });
    expect(await messages.get(third ?? '')).toMatchObject({ state: 'failed', attempts: 1 });
    // The API looks up whose thread a message of Slack is in.
    const found = await stores.api().messages.inSlack(['1.2', '9.9', '1.1']);
    expect(found.map(({ id }) => id)).toEqual([first, second]);
  });
});

describe('people', () => {
  const ann = {
    id: 'ann',
    name: 'Ann',
    roles: ['responder', 'approver-security'],
    slackUser: 'T1/U1',
    mail: null,
    active: true,
  } as const;

  test('are found by id, chat name and token, while active and in time', async () => {
    const { people } = stores.api();
    await people.put(ann);
    const may = { canApprove: true, scopes: ['read', 'decide'] as const };
    const token = { personId: 'ann', label: 'cli', ...may };
    await people.addToken({ ...token, sha256: 'a'.repeat(64), expiresAt: null });
    const past = '2020-01-01T00:00:00.000Z';
    await people.addToken({ ...token, sha256: 'b'.repeat(64), expiresAt: past });
    expect(await people.get('ann')).toEqual(ann);
    expect(await people.bySlackUser('T1/U1')).toEqual(ann);
    expect(await people.byToken('a'.repeat(64))).toEqual({ person: ann, ...may });
    expect(await people.byToken('b'.repeat(64))).toBeNull();
    expect(await people.byToken('c'.repeat(64))).toBeNull();
    await people.put({ ...ann, active: false });
    // Who is let in is judged by the person as they are; who is turned away has a name.
    expect((await people.byToken('a'.repeat(64)))?.person.active).toBe(false);
    expect(await people.list()).toEqual([{ ...ann, active: false }]);
  });

  test('keep their tokens: another person cannot take one over', async () => {
    const { people } = stores.api();
    await people.put(ann);
    await people.put({ ...ann, id: 'bob', slackUser: null });
    const may = { canApprove: true, scopes: ['read'] as const };
    const token = { sha256: 'd'.repeat(64), label: 'x', expiresAt: null, ...may };
    await people.addToken({ ...token, personId: 'ann' });
    await people.addToken({ ...token, personId: 'bob' });
    expect((await people.byToken(token.sha256))?.person.id).toBe('ann');
  });
});

describe('evidence', () => {
  test('is kept once per operation and digest, with a linked custody', async () => {
    const incidentId = await openIncident(stores.api(), 'evidence');
    const evidence = {
      id: 'ev_1',
      incidentId,
      title: 'Audit events',
      operation: 'seal',
      sha256: 'a'.repeat(64),
      bytes: 3_000_000_000,
      mediaType: 'application/json',
      source: 'loki',
      collectedAt: '2026-11-23T10:00:00.000Z',
      truncated: false,
      moment: 'before-containment',
    } as const;
    const table = stores.worker().evidence;
    expect(await table.put(evidence)).toEqual(evidence);
    expect(await table.put({ ...evidence, id: 'ev_2' })).toEqual(evidence);
    expect(await table.get('ev_1')).toEqual(evidence);
    expect(await table.ofIncident(incidentId)).toEqual([evidence]);
    const at = '2026-11-23T10:00:00Z';
    const entry = { evidenceId: 'ev_1', by: 'engine', at, sha256: evidence.sha256 };
    await Promise.all(
      Array.from({ length: 6 }, () => table.addCustody({ ...entry, action: 'verified' })),
    );
    const custody = await stores.api().evidence.custodyOf('ev_1');
    expect(custody.map((one) => one.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(custody.slice(1).map((one) => one.previousHash)).toEqual(
      custody.slice(0, -1).map((one) => one.hash),
    );
    await expect(
      table.addCustody({ ...entry, evidenceId: 'ev_none', action: 'read' }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('small values', () => {
  test('settings: null when never written, the first wins where asked', async () => {
    const { settings } = stores.worker();
    expect(await settings.get('namespace')).toBeNull();
    expect(await settings.putIfAbsent('namespace', { id: 'a' })).toEqual({ id: 'a' });
    expect(await settings.putIfAbsent('namespace', { id: 'b' })).toEqual({ id: 'a' });
    await settings.put('namespace', ['c']);
    expect(await settings.get('namespace')).toEqual(['c']);
  });

  test('sources: the last put of a name', async () => {
    const source = { name: 'am', kind: 'alertmanager', tokenSha256: ['a', 'b'] } as const;
    await stores.api().sources.put({ ...source, tokenSha256: [] });
    await stores.api().sources.put(source);
    expect(await stores.worker().sources.list()).toEqual([source]);
  });

  test('playbooks: by digest, unchanged', async () => {
    const playbook = {
      formatVersion: 1,
      name: 'p',
      class: 'c',
      title: 't',
      parameters: {},
      steps: [],
    } as const;
    await stores.worker().playbooks.put({ playbook, digest: 'd1' });
    await stores.worker().playbooks.put({ playbook: { ...playbook, title: 'x' }, digest: 'd1' });
    expect(await stores.api().playbooks.get('d1')).toEqual({ playbook, digest: 'd1' });
    expect(await stores.api().playbooks.get('d2')).toBeNull();
  });
});

describe('a time stamp', () => {
  test.each([
    ['2026-11-23 10:00:00+00', '2026-11-23T10:00:00.000Z'],
    ['2026-11-23 10:00:00.1+00', '2026-11-23T10:00:00.100Z'],
    ['2026-11-23 10:00:00.123456+00', '2026-11-23T10:00:00.123456Z'],
  ])('%s is %s', (text, time) => {
    expect(toRfc3339(text)).toBe(time);
  });

  test('in another zone breaks an invariant', () => {
    expect(() => toRfc3339('2026-11-23 10:00:00+02')).toThrow('UTC');
  });
});
