import { expect } from '@jest/globals';
import { actionOf, probeOf } from '../../connectors/test-connector.ts';
import type { AppError, ErrorCode } from '../../domain/error.ts';
import type { Damage, Fault, FaultSubject } from '../../lab/fault.ts';
import type { Twin } from '../../lab/twin.ts';
import { cleanRun } from './apply-properties.ts';
import {
  actionCase,
  changesSince,
  contextOf,
  failureOf,
  httpTwin,
  inWorld,
  placeIn,
  probeCase,
  type Bench,
  type Property,
} from './bench.ts';

const PATIENCE_MS = 100;
const STOPPED_WITHIN_MS = 1_000;
const MANY = 1_000;
/** Requests of one refused call: a login, the call, and both again with a renewed credential. */
const CALLS_MAX = 4;
const NOW = new Date('2026-11-23T12:00:00Z');

/** A refusal that every connector must tell by its code, to a read and to a write. */
interface Refusal {
  readonly status: number;
  readonly read: readonly ErrorCode[];
  readonly write: readonly ErrorCode[];
}

function definite(status: number, ...codes: readonly ErrorCode[]): Refusal {
  return { status, read: codes, write: codes };
}

function trouble(status: number): Refusal {
  return { status, read: ['unavailable'], write: ['outcome_unknown'] };
}

/** Refusals by status, as any server or proxy before it may send them. */
const REFUSALS: readonly Refusal[] = [
  definite(400, 'invalid'),
  definite(401, 'unauthorized'),
  definite(403, 'unauthorized'),
  // Without the system's own words it may be another server that answers.
  definite(404, 'not_found', 'unsupported'),
  // To a creation it may mean that it is there already: then the answer is read, and it must be the system's own.
  { status: 409, read: ['conflict'], write: ['conflict', 'bad_reply'] },
  definite(422, 'invalid'),
  definite(429, 'rate_limited'),
  trouble(500),
  trouble(502),
  trouble(503),
  trouble(504),
];

/** What `Retry-After` says at `NOW`, and how many milliseconds of it are honoured; null: not at all. */
type Wait = readonly [string, number | null];

const WAITS: readonly Wait[] = [
  ['7', 7_000],
  ['Mon, 23 Nov 2026 12:00:09 GMT', 9_000],
  ['1000000000', 300_000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 300_000],
  ['-5', null],
  ['soon', null],
];

function answering(status: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return { kind: 'reply', reply: { status, headers, body: { message: 'no' } } };
}

function expectWait({ code, retryAfterMs }: AppError, [words, ms]: Wait): void {
  expect([words, code, retryAfterMs ?? null]).toEqual([words, 'rate_limited', ms]);
}

/** Asks once under a fault that hits every request; answers the error, after few requests. */
async function refused(
  { world }: Bench,
  twin: Twin,
  asked: { readonly fault: Fault; readonly call: () => Promise<unknown> },
): Promise<AppError> {
  const place = placeIn(twin);
  twin.faults.add(asked.fault, { times: MANY });
  const error = await failureOf(world, asked.call());
  twin.faults.clear();
  expect(placeIn(twin) - place).toBeLessThanOrEqual(CALLS_MAX);
  return error;
}

/** Bodies that end or stop before they are whole; a dripping one is whole in the end. */
const DAMAGES: readonly Damage[] = ['short', 'unended', 'half-closed', 'stalled'];

/** What every probe must keep to when the far side is in trouble. */
export const probeFaults: readonly Property[] = [
  {
    name: 'a refusal is told by its code after few requests, a wait is honoured within a cap',
    run: (subject) =>
      inWorld(subject, async (bench) => {
        const twin = httpTwin(bench.world);
        if (twin === null) return;
        const { input } = probeCase(bench.world, subject.name);
        const probe = probeOf(bench.connector, subject.name);
        const call = (): Promise<unknown> => probe.read(input, contextOf({ now: () => NOW }));
        for (const { status, read } of REFUSALS) {
          const { code } = await refused(bench, twin, { fault: answering(status), call });
          expect({ status, code, known: read.includes(code) }).toEqual({
            status,
            code,
            known: true,
          });
        }
        for (const wait of WAITS) {
          const fault = answering(429, { 'retry-after': wait[0] });
          expectWait(await refused(bench, twin, { fault, call }), wait);
        }
      }),
  },
  {
    name: 'an answer that does not arrive whole is no answer, and a slow one is stopped in time',
    run: (subject) =>
      inWorld(subject, async (bench) => {
        const twin = httpTwin(bench.world);
        if (twin === null) return;
        const { input } = probeCase(bench.world, subject.name);
        const probe = probeOf(bench.connector, subject.name);
        for (const damage of [...DAMAGES, 'dripping'] as const) {
          const began = performance.now();
          const call = (): Promise<unknown> =>
            probe.read(input, contextOf({ signal: AbortSignal.timeout(PATIENCE_MS) }));
          const fault = { kind: 'damage', damage } as const;
          const { code } = await refused(bench, twin, { fault, call });
          expect({ damage, code }).toEqual({ damage, code: 'unavailable' });
          expect(performance.now() - began).toBeLessThan(PATIENCE_MS + STOPPED_WITHIN_MS);
        }
      }),
  },
];

/** True for an answer that the caller has to stop. */
function isEndless(fault: Fault): boolean {
  return fault.kind === 'damage' && fault.damage === 'stalled';
}

/** Lets the first write of an apply meet one fault after the other, then none: the clean run's world, written once. */
async function meetEach(
  bench: Bench,
  subject: { readonly name: string; readonly clean: Awaited<ReturnType<typeof cleanRun>> },
  faults: readonly {
    readonly fault: Fault;
    readonly check: (error: AppError) => void;
  }[],
): Promise<void> {
  const { world, connector, restart } = bench;
  const { clean, name } = subject;
  const [write] = clean.writes;
  const twin = httpTwin(world);
  if (twin === null || write === undefined) return;
  const { input, snapshot } = actionCase(world, name);
  const plan = await actionOf(connector, name).plan(input, contextOf());
  const place = placeIn(twin);
  const before = await snapshot();
  for (const { fault, check } of faults) {
    const stop = new AbortController();
    const matches = ({ method }: FaultSubject): boolean => {
      if (method === 'GET') return false;
      if (isEndless(fault)) setTimeout(stop.abort.bind(stop), PATIENCE_MS);
      return true;
    };
    twin.faults.add(fault, { matches, skip: write, times: MANY });
    const context = contextOf({ signal: stop.signal, now: () => NOW });
    check(await failureOf(world, actionOf(connector, name).apply(input, plan, context)));
    twin.faults.clear();
    if (fault.kind === 'reply') expect(await snapshot()).toEqual(before);
  }
  await actionOf(await restart(), name).apply(input, plan, contextOf());
  expect(changesSince(twin, place)).toBe(clean.writes.length);
  expect(await snapshot()).toEqual(clean.snapshot);
}

/** What every action must keep to when the far side is in trouble. */
export const actionFaults: readonly Property[] = [
  {
    name: 'a write that is refused is told by its code and changes nothing, a wait is honoured within a cap',
    run: async (subject) => {
      const clean = await cleanRun(subject);
      await inWorld(subject, (bench) =>
        meetEach(bench, { name: subject.name, clean }, [
          ...REFUSALS.map(({ status, write }) => ({
            fault: answering(status),
            check: ({ code }: AppError) => {
              expect({ status, code, known: write.includes(code) }).toEqual({
                status,
                code,
                known: true,
              });
            },
          })),
          ...WAITS.map((wait) => ({
            fault: answering(429, { 'retry-after': wait[0] }),
            check: (error: AppError) => {
              expectWait(error, wait);
            },
          })),
        ]),
      );
    },
  },
  {
    name: 'a read that is refused ends apply after few requests, before it writes',
    run: (subject) =>
      inWorld(subject, async (bench) => {
        const twin = httpTwin(bench.world);
        if (twin === null) return;
        const { input, snapshot } = actionCase(bench.world, subject.name);
        const action = actionOf(bench.connector, subject.name);
        const plan = await action.plan(input, contextOf());
        const before = await snapshot();
        const call = (): Promise<unknown> => action.apply(input, plan, contextOf());
        for (const { status, read, write } of REFUSALS) {
          const { code } = await refused(bench, twin, { fault: answering(status), call });
          const known = [...read, ...write].includes(code);
          expect({ status, code, known }).toEqual({ status, code, known: true });
        }
        expect(await snapshot()).toEqual(before);
      }),
  },
  ...DAMAGES.map((damage): Property => ({
    name: `an answer to a write that is ${damage} leaves the outcome unknown, the retry adopts`,
    run: async (subject) => {
      const clean = await cleanRun(subject);
      await inWorld(subject, (bench) =>
        meetEach(bench, { name: subject.name, clean }, [
          {
            fault: { kind: 'damage', damage },
            check: ({ code }) => {
              expect(code).toBe('outcome_unknown');
            },
          },
        ]),
      );
    },
  })),
];
