import { z } from 'zod';
import {
  defineAction,
  defineProbe,
  type ActionManifest,
  type CallContext,
  type Connector,
} from '../../connectors/connector.ts';
import type { Destroys } from '../../domain/destruction.ts';
import { AppError } from '../../domain/error.ts';
import { threeWayDifference, type TakenCapacity } from '../../domain/plan.ts';

const setInput = z.object({ name: z.string(), value: z.number() });
type SetInput = z.infer<typeof setInput>;
const before = z.object({ value: z.number() });

function setManifest(
  approvalClass: 'R1' | 'R3',
  { claim, destroys }: Pick<ActionManifest<SetInput>, 'claim' | 'destroys'>,
): ActionManifest<SetInput> {
  return {
    title: 'Set a value',
    input: setInput,
    approvalClass,
    claim,
    reversible: true,
    destroys,
    takesCapacity: true,
    target: ({ name }) => `Value/-/${name}`,
  };
}

/** A world of named numbers behind a connector: what engine tests act on, fail and meddle with. */
export interface World {
  readonly values: Map<string, number>;
  /** True: values are ready replicas of serving objects, and lowering one takes capacity away. */
  serves: boolean;
  /** How long a change must hold before it is looked at again, in milliseconds. */
  holdMs: number;
  /** Every write that changed something: `name=value`. */
  readonly writes: string[];
  /** Raised by the next calls of that verb, in order. */
  readonly failures: {
    readonly verb: string;
    readonly error: AppError;
    readonly afterEffect: boolean;
  }[];
  readonly connector: Connector;
}

/** A fresh world, whose changes destroy nothing unless it is said that they do. */
export function createWorld(
  initial: Readonly<Record<string, number>>,
  destroys: Destroys = 'nothing',
): World {
  const values = new Map(Object.entries(initial));
  const writes: string[] = [];
  const failures: {
    readonly verb: string;
    readonly error: AppError;
    readonly afterEffect: boolean;
  }[] = [];
  const read = (name: string): number => {
    const value = values.get(name);
    if (value === undefined) throw new AppError('not_found', `No value ${name}.`);
    return value;
  };
  const failing = (verb: string, afterEffect: boolean): void => {
    const index = failures.findIndex((one) => one.verb === verb && one.afterEffect === afterEffect);
    const [failure] = index === -1 ? [] : failures.splice(index, 1);
    if (failure) throw failure.error;
  };
  const write = async (name: string, value: number, context: CallContext): Promise<void> => {
    await context.permit();
    failing('write', false);
    if (values.get(name) !== value) writes.push(`${name}=${value.toString()}`);
    values.set(name, value);
    failing('write', true);
  };
  const takenBy = ({ name, value }: SetInput): { takes?: readonly TakenCapacity[] } => {
    const replicas = read(name) - value;
    if (!world.serves || replicas <= 0) return {};
    return { takes: [{ object: `Deployment/-/${name}`, replicas, stays: false }] };
  };
  const set = (
    approvalClass: 'R1' | 'R3',
    claim: 'shared' | 'exclusive',
  ): Connector['actions'][string] =>
    defineAction<SetInput, { value: number }>({
      manifest: setManifest(approvalClass, { claim, destroys }),
      before,
      reversible: true,
      plan: (input) => {
        failing('plan', false);
        return Promise.resolve({
          summary: `Set ${input.name} to ${input.value.toString()}.`,
          targets: [`Value/-/${input.name}`],
          before: { value: read(input.name) },
          after: { value: input.value },
          token: null,
          undo: `Set ${input.name} back to ${read(input.name).toString()}.`,
          ...takenBy(input),
        });
      },
      apply: async (input, plan, context) => {
        const observed = { value: read(input.name) };
        if (observed.value !== plan.after.value) {
          if (observed.value !== plan.before.value) {
            throw new AppError('conflict', 'The value moved since the plan.', {
              details: { differences: threeWayDifference(plan, observed) },
            });
          }
          await write(input.name, plan.after.value, context);
        }
        return { externalId: input.name, origin: 'ours' };
      },
      verify: (input, plan) => {
        failing('verify', false);
        const holds = read(input.name) === plan.after.value;
        return Promise.resolve(
          holds
            ? { holds: 'yes' }
            : { holds: 'no', reason: `${input.name} is ${read(input.name).toString()}` },
        );
      },
      ensure: async (input, plan, context) => {
        const moved = read(input.name) !== plan.after.value;
        if (moved) await write(input.name, plan.after.value, context);
        return { externalId: input.name, origin: moved ? 'foreign' : 'ours' };
      },
      revert: async (input, plan, context) => {
        const observed = read(input.name);
        if (observed === plan.after.value) await write(input.name, plan.before.value, context);
        else if (observed !== plan.before.value)
          throw new AppError('conflict', 'Somebody else changed it.');
        return { externalId: input.name, origin: 'ours' };
      },
    });
  const world: World = {
    values,
    serves: false,
    holdMs: 0,
    writes,
    failures,
    connector: {
      name: 'world',
      probes: {
        value: defineProbe({
          manifest: { title: 'Read a value', input: z.object({ name: z.string() }) },
          read: ({ name }) => {
            failing('probe', false);
            return Promise.resolve({ value: { value: read(name) }, truncated: false });
          },
        }),
      },
      actions: { contain: set('R1', 'shared'), set: set('R3', 'exclusive') },
      readyReplicas: (object) => Promise.resolve(values.get(object.split('/')[2] ?? '') ?? 0),
      health: () => Promise.resolve({ reachable: true, version: null, missing: [], problem: null }),
      close: () => Promise.resolve(),
    },
  };
  return world;
}
