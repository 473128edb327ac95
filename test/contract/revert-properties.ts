import { expect } from '@jest/globals';
import type { AnyAction, CallContext } from '../../connectors/connector.ts';
import { actionOf } from '../../connectors/test-connector.ts';
import { AppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { Receipt, StoredPlan } from '../../domain/plan.ts';
import { cleanRun } from './apply-properties.ts';
import {
  actionCase,
  changesSince,
  contextOf,
  expectFailure,
  expectNoSecret,
  inWorld,
  placeIn,
  type Property,
} from './bench.ts';

/** The action's revert; the caller knows that it is reversible. */
function revert(
  action: AnyAction,
  on: { readonly input: Json; readonly plan: StoredPlan },
  context: CallContext,
): Promise<Receipt> {
  if (action.revert === undefined) throw new Error('The action has no revert.');
  return action.revert(on.input, on.plan, context);
}

/** What going back must keep to, for reversible actions. */
export const revertProperties: readonly Property[] = [
  {
    name: 'revert restores what was there, twice is safe',
    run: (subject) =>
      inWorld(subject, async ({ world, connector, restart }) => {
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const before = await snapshot();
        const plan = await action.plan(input, contextOf());
        await action.apply(input, plan, contextOf());
        const receipt = await revert(action, { input, plan }, contextOf());
        expect(await snapshot()).toEqual(before);
        expectNoSecret(world, receipt);
        const place = placeIn(world.twin);
        const again = actionOf(await restart(), subject.name);
        expect(await revert(again, { input, plan }, contextOf())).toEqual(receipt);
        expect(changesSince(world.twin, place)).toBe(0);
        expect(await snapshot()).toEqual(before);
        expect((await action.verify(input, plan, contextOf())).holds).not.toBe('yes');
      }),
  },
  {
    name: 'revert of what was never applied changes nothing',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const before = await snapshot();
        const plan = await action.plan(input, contextOf());
        const place = placeIn(world.twin);
        await revert(action, { input, plan }, contextOf());
        expect(changesSince(world.twin, place)).toBe(0);
        expect(await snapshot()).toEqual(before);
      }),
  },
  {
    name: 'revert after an apply that died at each of its writes restores what was there',
    run: async (subject) => {
      const { writes } = await cleanRun(subject);
      for (const kind of ['cut-before', 'cut-after'] as const) {
        for (const write of writes) {
          await inWorld(subject, async ({ world, connector, restart }) => {
            const { input, snapshot } = actionCase(world, subject.name);
            const before = await snapshot();
            const action = actionOf(connector, subject.name);
            const plan = await action.plan(input, contextOf());
            const matches = (request: { readonly method: string }): boolean =>
              request.method !== 'GET';
            world.twin?.faults.add({ kind }, { matches, skip: write });
            const applying = action.apply(input, plan, contextOf());
            await expectFailure(world, applying, ['outcome_unknown']);
            const later = actionOf(await restart(), subject.name);
            await revert(later, { input, plan }, contextOf());
            expect(await snapshot()).toEqual(before);
          });
        }
      }
    },
  },
  {
    name: 'a revert that died at its first writes is finished by the next',
    run: (subject) =>
      inWorld(subject, async ({ world, connector, restart }) => {
        if (world.twin === null) return;
        const { input, snapshot } = actionCase(world, subject.name);
        const before = await snapshot();
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        await action.apply(input, plan, contextOf());
        const matches = (request: { readonly method: string }): boolean =>
          ['PUT', 'PATCH', 'DELETE', 'POST'].includes(request.method);
        let died = true;
        // Each round lets one more of its requests through before the connection is cut.
        for (let skip = 0; died; skip += 1) {
          expect(skip).toBeLessThan(20);
          world.twin.faults.add({ kind: 'cut-after' }, { matches, skip });
          const later = actionOf(await restart(), subject.name);
          died = await revert(later, { input, plan }, contextOf()).then(
            () => false,
            () => true,
          );
          world.twin.faults.clear();
        }
        expect(await snapshot()).toEqual(before);
      }),
  },
  {
    name: 'a foreign edit between apply and revert is a conflict and is not overwritten',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, meddle, snapshot } = actionCase(world, subject.name);
        if (meddle === null) return;
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        await action.apply(input, plan, contextOf());
        await meddle();
        const foreign = await snapshot();
        const reverting = revert(action, { input, plan }, contextOf());
        const error = await expectFailure(world, reverting, ['conflict']);
        const differences = error.details?.['differences'];
        expect(Array.isArray(differences) && differences.length > 0).toBe(true);
        expect(await snapshot()).toEqual(foreign);
      }),
  },
  {
    name: 'without a permit nothing is put back',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        const plan = await action.plan(input, contextOf());
        await action.apply(input, plan, contextOf());
        const after = await snapshot();
        const permit = (): Promise<void> => Promise.reject(new AppError('refused', 'Halted.'));
        const reverting = revert(action, { input, plan }, contextOf({ permit }));
        await expectFailure(world, reverting, ['refused']);
        expect(await snapshot()).toEqual(after);
      }),
  },
];

/** What writing the plan again must keep to, for actions that have `ensure`. */
export const ensureProperties: readonly Property[] = [
  {
    name: 'ensure leaves what holds, and writes it again from whatever state, naming the mover',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const { input, meddle, snapshot } = actionCase(world, subject.name);
        const action = actionOf(connector, subject.name);
        if (action.ensure === undefined) throw new Error('The action has no ensure.');
        const plan = await action.plan(input, contextOf());
        await action.apply(input, plan, contextOf());
        const after = await snapshot();
        const place = placeIn(world.twin);
        expect((await action.ensure(input, plan, contextOf())).origin).toBe('ours');
        expect(changesSince(world.twin, place)).toBe(0);
        if (meddle === null) return;
        await meddle();
        expect((await action.ensure(input, plan, contextOf())).origin).toBe('foreign');
        expect((await action.verify(input, plan, contextOf())).holds).not.toBe('no');
        const again = await action.ensure(input, plan, contextOf());
        expect(again.origin).toBe('ours');
        expect(typeof after).toBe(typeof (await snapshot()));
      }),
  },
];
