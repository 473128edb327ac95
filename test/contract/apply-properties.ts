import { expect } from '@jest/globals';
import { actionOf } from '../../connectors/test-connector.ts';
import { AppError } from '../../domain/error.ts';
import { invariant } from '../../domain/error.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { StoredPlan } from '../../domain/plan.ts';
import type { Fault } from '../../lab/fault.ts';
import type { LedgerEntry } from '../../lab/twin.ts';
import {
  actionCase,
  changesSince,
  contextOf,
  expectFailure,
  expectNoSecret,
  httpTwin,
  inWorld,
  NONSENSE,
  placeIn,
  replyOf,
  settledVerdict,
  since,
  type Nonsense,
  type Property,
  type Subject,
} from './bench.ts';

const ABORT_AFTER_MS = 100;
const ABORT_WITHIN_MS = 1_000;
const SLOW_MS = 2_000;

/** Which of the requests that are no GET changed the world, by their place among them. */
function placesOfWrites(entries: readonly LedgerEntry[]): readonly number[] {
  return entries
    .filter((entry) => entry.method !== 'GET')
    .flatMap((entry, place) => (entry.changed ? [place] : []));
}

/** What an undisturbed apply does in a fresh world. */
export interface CleanRun {
  /** Places of its writes among its requests that are no GET. */
  readonly writes: readonly number[];
  readonly snapshot: unknown;
}

/** Runs plan and apply once, undisturbed. */
export async function cleanRun(subject: Subject): Promise<CleanRun> {
  let clean: CleanRun | undefined;
  await inWorld(subject, async ({ world, connector }) => {
    const { input, snapshot } = actionCase(world, subject.name);
    const action = actionOf(connector, subject.name);
    const plan = await action.plan(input, contextOf());
    const place = placeIn(world.twin);
    await action.apply(input, plan, contextOf());
    const entries = world.twin === null ? [] : since(world.twin, place);
    clean = { writes: placesOfWrites(entries), snapshot: await snapshot() };
  });
  invariant(clean, 'the clean run ended');
  return clean;
}

/** Lets one write of an apply go wrong; the retry by another process must leave exactly the clean run's world. */
async function disturbed(subject: Subject, fault: Fault, applied: boolean): Promise<void> {
  const clean = await cleanRun(subject);
  for (const write of clean.writes) {
    await inWorld(subject, async ({ world, connector, restart }) => {
      if (world.twin === null) return;
      const { input, snapshot } = actionCase(world, subject.name);
      const plan = await actionOf(connector, subject.name).plan(input, contextOf());
      const before = await snapshot();
      const place = placeIn(world.twin);
      const matches = (request: { readonly method: string }): boolean => request.method !== 'GET';
      world.twin.faults.add(fault, { matches, skip: write });
      const first = actionOf(connector, subject.name).apply(input, plan, contextOf());
      await expectFailure(world, first, ['outcome_unknown']);
      world.twin.faults.clear();
      if (!applied && write === clean.writes[0]) expect(await snapshot()).toEqual(before);
      const again = actionOf(await restart(), subject.name);
      await again.apply(input, plan, contextOf());
      expect(changesSince(world.twin, place)).toBe(clean.writes.length);
      expect(await snapshot()).toEqual(clean.snapshot);
      const verdict = await settledVerdict(world, () => again.verify(input, plan, contextOf()));
      expect(verdict.holds).not.toBe('no');
    });
  }
}

/** An answer of nonsense after the write happened: an error, or the truth read back. */
function nonsenseAfterWrite(one: Nonsense): Property {
  return {
    name: `an answer to the write that is ${one.name} never hides what happened`,
    run: async (subject) => {
      const clean = await cleanRun(subject);
      await inWorld(subject, async ({ world, connector, restart }) => {
        const twin = httpTwin(world);
        const [write] = clean.writes;
        if (twin === null || write === undefined) return;
        const { input, snapshot } = actionCase(world, subject.name);
        const plan = await actionOf(connector, subject.name).plan(input, contextOf());
        const reply = replyOf(one);
        const matches = (request: { readonly method: string }): boolean => request.method !== 'GET';
        twin.faults.add({ kind: 'replace', reply }, { matches, skip: write });
        const applying = actionOf(connector, subject.name).apply(input, plan, contextOf());
        await applying.then(
          async () => {
            expect(await snapshot()).toEqual(clean.snapshot);
          },
          () => expectFailure(world, applying, [...one.codes, 'outcome_unknown']),
        );
        await actionOf(await restart(), subject.name).apply(input, plan, contextOf());
        expect(await snapshot()).toEqual(clean.snapshot);
      });
    },
  };
}

function nonsenseBeforeWrite(one: Nonsense): Property {
  return {
    name: `an answer that is ${one.name} is never success`,
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const twin = httpTwin(world);
        if (twin === null) return;
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        const before = await snapshot();
        const reply = replyOf(one);
        twin.faults.add({ kind: 'reply', reply }, { times: 1_000 });
        await expectFailure(world, action.apply(input, plan, contextOf()), one.codes);
        twin.faults.clear();
        expect(await snapshot()).toEqual(before);
      }),
  };
}

function expectWholePlan(plan: StoredPlan, target: string): void {
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  expect(plan.targets[0]).toBe(target);
  expect(plan.summary).toMatch(/\.$/);
  expect(plan.undo).not.toBe('');
}

/** What planning and applying must keep to. */
export const applyProperties: readonly Property[] = [
  {
    name: 'plan changes nothing, is plain JSON, names its target and shows no credential',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const before = await snapshot();
        const place = placeIn(world.twin);
        const permit = (): Promise<void> => Promise.reject(new Error('a plan asked for a permit'));
        const plan = await action.plan(input, contextOf({ permit }));
        expect(changesSince(world.twin, place)).toBe(0);
        expect(await snapshot()).toEqual(before);
        expectWholePlan(plan, action.manifest.target(input));
        expectNoSecret(world, plan);
      }),
  },
  {
    name: 'apply twice with one key acts once, with equal receipts, and verify sees it',
    run: (subject) =>
      inWorld(subject, async ({ world, connector, restart }) => {
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const before = await snapshot();
        const plan = await action.plan(input, contextOf());
        const first = await action.apply(input, plan, contextOf());
        const after = await snapshot();
        expect(after).not.toEqual(before);
        const place = placeIn(world.twin);
        const again = actionOf(await restart(), subject.name);
        expect(await again.apply(input, plan, contextOf())).toEqual(first);
        expect(changesSince(world.twin, place)).toBe(0);
        expect(await snapshot()).toEqual(after);
        expect(first.origin).toBe('ours');
        expectNoSecret(world, first);
        const verdict = await settledVerdict(world, () => action.verify(input, plan, contextOf()));
        expect(verdict.holds).not.toBe('no');
      }),
  },
  {
    name: 'verify looks at the world, before and after',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, meddle } = actionCase(world, subject.name);
        if (meddle === null) return;
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        expect((await action.verify(input, plan, contextOf())).holds).not.toBe('yes');
        await action.apply(input, plan, contextOf());
        const look = (): ReturnType<typeof action.verify> =>
          action.verify(input, plan, contextOf());
        expect((await settledVerdict(world, look)).holds).toBe('yes');
        await meddle();
        expect((await look()).holds).toBe('no');
      }),
  },
  {
    name: 'a world that moved since the plan is a conflict with its differences, and is left alone',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, meddle, snapshot } = actionCase(world, subject.name);
        if (meddle === null) return;
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        await meddle();
        const foreign = await snapshot();
        const error = await expectFailure(world, action.apply(input, plan, contextOf()), [
          'conflict',
        ]);
        const differences = error.details?.['differences'];
        expect(Array.isArray(differences) && differences.length > 0).toBe(true);
        expect(await snapshot()).toEqual(foreign);
      }),
  },
  {
    name: 'kill after each effect: the answer is lost, the retry adopts',
    run: (subject) => disturbed(subject, { kind: 'cut-after' }, true),
  },
  {
    name: 'kill before each effect: the outcome is unknown, the retry acts',
    run: (subject) => disturbed(subject, { kind: 'cut-before' }, false),
  },
  {
    name: 'without a permit nothing is written',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        const before = await snapshot();
        const place = placeIn(world.twin);
        const permit = (): Promise<void> => Promise.reject(new AppError('refused', 'Halted.'));
        await expectFailure(world, action.apply(input, plan, contextOf({ permit })), ['refused']);
        expect(changesSince(world.twin, place)).toBe(0);
        expect(await snapshot()).toEqual(before);
      }),
  },
  {
    name: 'an abort of apply is honoured within a second',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        if (httpTwin(world) === null) return;
        const { input } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        world.twin?.faults.add({ kind: 'delay', delayMs: SLOW_MS }, { times: 1_000 });
        const began = performance.now();
        const signal = AbortSignal.timeout(ABORT_AFTER_MS);
        const applying = action.apply(input, plan, contextOf({ signal }));
        await expectFailure(world, applying, ['unavailable', 'outcome_unknown']);
        expect(performance.now() - began).toBeLessThan(ABORT_AFTER_MS + ABORT_WITHIN_MS);
      }),
  },
  {
    name: 'an input or a plan that is not understood is invalid',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const wrong = { 'no-such-field': 1 };
        const planning = (async () => action.plan(wrong, contextOf()))();
        await expectFailure(world, planning, ['invalid']);
        const plan = await action.plan(input, contextOf());
        const strange = { ...plan, before: 'strange', after: isJsonObject(plan.after) ? [] : {} };
        const applying = (async () => action.apply(input, strange, contextOf()))();
        await expectFailure(world, applying, ['invalid']);
      }),
  },
  ...NONSENSE.map(nonsenseBeforeWrite),
  ...NONSENSE.map(nonsenseAfterWrite),
];
