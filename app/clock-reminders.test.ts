// Goal: what is declared is a fact with who, when and which decision, later words stand over earlier ones, and each rung of a
// clock is told once, over restarts and two processes at once, until somebody settles it. Method: the shipped regimes and
// real rows; decisions go the way of the relay; the time is moved by hand.
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { declarationsIn } from '../domain/clock-record-schema.ts';
import { recordedWords, type DeclaredWords } from '../domain/clock-record.ts';
import { loadRegimes, type RegimeCatalogue } from '../regimes/loader.ts';
import { openIncident, useStores } from '../store/test-store.ts';
import { remindOfClocks } from './clock-reminders.ts';
import { deliverDecision } from './decision-delivery.ts';
import { createRecordedClocks } from './incident-clocks.ts';
import { factsOf } from './incident-facts.ts';

const HOUR_MS = 3_600_000;
const CLOCK = 'eu-gdpr-33/report';
const WORDS: DeclaredWords = { facts: [], moments: [], met: [], waived: [], opened: [] };
const BREACH = ['gdpr', 'personalDataBreach'].map((name) => ({ name, holds: true }));

const stores = useStores();
let catalogue: RegimeCatalogue;
let incidentId: string;
let nowMs: number;
let count = 0;

beforeAll(async () => {
  catalogue = await loadRegimes();
});
beforeEach(async () => {
  count += 1;
  incidentId = await openIncident(stores.api(), `clocks-${count.toString()}`);
  nowMs = Date.now();
  // An hour after the alert.
  nowMs = (await limitMs()) - 71 * HOUR_MS;
});

const clocksOf = () => createRecordedClocks({ catalogue, now: () => new Date(nowMs) });

async function declare(words: Partial<DeclaredWords>, person = 'lea'): Promise<string> {
  const { decisions } = stores.api();
  const id = `dec-${incidentId}-${(await decisions.ofIncident(incidentId)).length.toString()}`;
  await decisions.insert({
    ...{ id, incidentId, decidedAt: new Date(nowMs).toISOString(), signature: 's' },
    command: { kind: 'declare', ...WORDS, ...words },
    actor: { person, name: person, roles: ['legal'], channel: 'cli' },
  });
  const unasked = (): Promise<never> => Promise.reject(new Error('no run is asked'));
  const engine = { decide: unasked, terminate: unasked };
  const redirections = { playbooks: () => [], inventory: () => [] };
  const deps = { store: stores.worker(), engine, redirections, channels: { slack: false } };
  expect(await deliverDecision(deps, id)).toBe('done');
  return id;
}

/** One round of a process that has just started. */
function round(): Promise<number> {
  return remindOfClocks({
    ...{ store: stores.worker(), clocksOf: clocksOf(), now: () => new Date(nowMs) },
    channels: { slack: true, mail: true },
    log: pino({ level: 'silent' }),
  });
}

async function told(): Promise<readonly string[]> {
  const messages = await stores.worker().messages.ofIncident(incidentId);
  return messages
    .filter(({ purpose }) => purpose.startsWith(`clock/${CLOCK}/`))
    .map(({ channel, purpose }) => `${channel} ${purpose.split('/')[3] ?? ''}`);
}

async function standing() {
  const incident = await stores.worker().incidents.get(incidentId);
  if (!incident) throw new Error('no incident');
  const facts = await factsOf(stores.worker(), incidentId);
  const clock = clocksOf()(incident, facts)
    .regimes.find(({ id }) => id === 'eu-gdpr-33')
    ?.clocks.find(({ name }) => name === 'report');
  return { facts, clock };
}

async function limitMs(): Promise<number> {
  return Date.parse((await standing()).clock?.limitAt ?? '');
}

describe('what is declared', () => {
  test('is a fact of its person and decision, and later words stand', async () => {
    const first = await declare({ facts: BREACH });
    const second = await declare(
      {
        facts: [{ name: 'gdpr', holds: false }],
        waived: [{ clock: CLOCK, reason: 'none' }],
      },
      'max',
    );
    const { facts, clock } = await standing();
    expect(clock).toBeUndefined();
    const record = recordedWords(declarationsIn(facts));
    expect(
      record.map(({ name, says, by, decisionId, superseded }) => [
        ...[name, says, by, decisionId],
        superseded,
      ]),
    ).toEqual([
      ['gdpr', 'yes', 'lea', first, true],
      ['personalDataBreach', 'yes', 'lea', first, false],
      ['gdpr', 'no', 'max', second, false],
      [CLOCK, 'waived: none', 'max', second, false],
    ]);
    await declare({ facts: [{ name: 'gdpr', holds: true }], opened: [CLOCK] });
    expect((await standing()).clock).toMatchObject({ answer: 'yes', state: 'running' });
  });

  test('of names that no regime knows any more stays on record and counts for nothing', async () => {
    await declare({ facts: [...BREACH, { name: 'formerQuestion', holds: true }] });
    const { facts, clock } = await standing();
    expect(clock?.answer).toBe('yes');
    expect(recordedWords(declarationsIn(facts)).map(({ name }) => name)).toContain(
      'formerQuestion',
    );
  });
});

describe('reminders', () => {
  test('come once a rung and channel, whoever looks and how often, and end overdue', async () => {
    await declare({ facts: BREACH });
    const limit = await limitMs();
    const seen: string[] = [];
    for (const [hours, rungs] of [
      [-72 + 1, 0],
      [-48, 1],
      [-24, 2],
      [-8, 3],
      [-2, 4],
      [0, 5],
      [24, 5],
    ] as const) {
      nowMs = limit + hours * HOUR_MS;
      await Promise.allSettled([round(), round()]);
      await round();
      seen.splice(0, seen.length, ...(await told()));
      expect(seen).toHaveLength(rungs * 2);
    }
    expect(seen.filter((one) => one === 'mail overdue')).toHaveLength(1);
    expect(seen.filter((one) => one === 'slack reminder')).toHaveLength(4);
    const { facts } = await standing();
    const reminded = facts.filter(
      ({ kind, key }) => kind === 'clock.reminded' && key.includes(CLOCK),
    );
    expect(reminded).toHaveLength(5);
    expect(await stores.chainLength(incidentId)).toBe(facts.length);
  });

  test('that passed before anybody said anything are one', async () => {
    await declare({ facts: BREACH });
    nowMs = (await limitMs()) - 7 * HOUR_MS;
    await round();
    expect(await told()).toEqual(['slack reminder', 'mail reminder']);
  });

  test.each<[string, () => Partial<DeclaredWords>]>([
    ['waived', () => ({ waived: [{ clock: CLOCK, reason: 'counsel' }] })],
    ['met', () => ({ met: [{ clock: CLOCK, at: new Date(nowMs).toISOString() }] })],
    ['not owed', () => ({ facts: [{ name: 'gdpr', holds: false }] })],
  ])('stop when it is %s', async (_name, words) => {
    await declare({ facts: BREACH });
    const limit = await limitMs();
    await declare(words());
    nowMs = limit + HOUR_MS;
    await round();
    expect(await told()).toEqual([]);
  });

  test('say what the rule is worth, and how to answer', async () => {
    await declare({ facts: BREACH });
    nowMs = (await limitMs()) + HOUR_MS;
    await round();
    const messages = await stores.worker().messages.ofIncident(incidentId);
    const mail = messages.find(({ purpose }) => purpose.startsWith(`clock/${CLOCK}/overdue/`));
    expect(mail?.subject).toContain(`OVERDUE: ${CLOCK}`);
    expect(mail?.text).toContain('not law: to be checked by counsel');
    expect(mail?.text).toContain(`--record --met ${CLOCK}=TIME`);
  });

  test('are of no incident about which nobody said anything', async () => {
    nowMs += 90 * 24 * HOUR_MS;
    await round();
    expect(await told()).toEqual([]);
  });
});
