import { AppError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import {
  jsonEquals,
  threeWayDifference,
  type Plan,
  type Receipt,
  type Verdict,
} from '../../domain/plan.ts';
import type { CallContext } from '../connector.ts';
import { standingOf } from '../level-set.ts';
import type { Address, Kind, KubernetesClient, ObjectPatch } from './client.ts';
import { untilNotOvertaken } from './lost-race.ts';
import { annotationValue, operationAnnotation } from './mark.ts';
import { moverOf, type FieldPaths } from './mover.ts';
import type { ManagedFields } from './reply-schema.ts';

/** What we own of one object; the uid tells a re-made object from the one that was planned for. */
export type SettingState = JsonObject & { readonly uid: string };

/** What every object has that a setting writes to. */
export interface MarkedThing {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>> | null | undefined;
    readonly managedFields?: readonly ManagedFields[] | null | undefined;
  };
}

/** Annotations to write along: null takes one away. */
export type Marks = Readonly<Record<string, string | null>>;

/** A change of some fields of one object. */
export interface Setting<Input, State extends SettingState, Thing extends MarkedThing> {
  /** Its key among the connector's actions; part of the mark. */
  readonly action: string;
  /** The object's kind in messages. */
  readonly noun: string;
  readonly kind: Kind<Thing>;
  /** The fields that it sets, for naming who else sets them. */
  readonly fields: FieldPaths;
  address(input: Input): Address;
  /** The fields that we own, as they are. */
  stateOf(thing: Thing, input: Input, plan: Pick<Plan<State>, 'before' | 'after'>): State;
  /** The write that brings the fields to a state. It must be conditional on the thing's resourceVersion. */
  patch(
    write: { readonly thing: Thing; readonly to: State; readonly marks: Marks },
    input: Input,
    context: CallContext,
  ): ObjectPatch | Promise<ObjectPatch>;
  /** Once the fields are as wanted: did the cluster follow? */
  settled(thing: Thing, input: Input, context: CallContext): Promise<Verdict>;
}

/** The stages of a setting. */
export interface SettingStages<Input, State extends SettingState> {
  apply(input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt>;
  verify(input: Input, plan: Plan<State>, context: CallContext): Promise<Verdict>;
  revert(input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt>;
  ensure(input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt>;
}

/** `{resourceVersion, annotations}` of a merge or strategic patch. */
export function patchMetadata(thing: MarkedThing, marks: Marks): JsonObject {
  const { resourceVersion } = thing.metadata;
  return Object.keys(marks).length === 0
    ? { resourceVersion }
    : { resourceVersion, annotations: marks };
}

/** The object, or `not_found` in words. */
export async function findOrRefuse<T>(
  client: KubernetesClient,
  subject: { readonly kind: Kind<T>; readonly noun: string; readonly address: Address },
  context: CallContext,
): Promise<T> {
  const { namespace, name } = subject.address;
  const thing = await client.find(subject.kind, subject.address, context);
  if (thing !== null) return thing;
  throw new AppError('not_found', `There is no ${subject.noun} ${namespace}/${name}.`);
}

/** The three values of one move: where from, where to, and the mark that goes along. */
interface Move<State> {
  readonly from: State;
  readonly to: State;
  /** True when any state may be overwritten (level-set). */
  readonly whatever: boolean;
  /** True: leave our mark; false: take it away. */
  readonly marking: boolean;
}

/** True for a mark that this incident left, in whichever round. */
function isOurs(mark: string | undefined, context: CallContext): boolean {
  if (mark === undefined) return false;
  const isThisKey = mark === annotationValue(context.idempotencyKey);
  return isThisKey || mark.startsWith(`${context.incidentId}/`);
}

const EMPTY_PLAN = { summary: '', targets: [], token: null, undo: '' };

/** What every attempt of a setting needs. */
interface Bench<Input, State extends SettingState, Thing extends MarkedThing> {
  readonly client: KubernetesClient;
  readonly setting: Setting<Input, State, Thing>;
}

/** The annotations that a move writes along. */
function marksOf(
  action: string,
  mark: { readonly leave: boolean; readonly found: boolean },
  context: CallContext,
): Marks {
  const annotation = operationAnnotation(action);
  if (mark.leave) return { [annotation]: annotationValue(context.idempotencyKey) };
  return mark.found ? { [annotation]: null } : {};
}

/** Reads, compares, writes once. Raises `conflict`, also when another writer was faster. */
async function attempt<Input, State extends SettingState, Thing extends MarkedThing>(
  { client, setting }: Bench<Input, State, Thing>,
  { input, move }: { readonly input: Input; readonly move: Move<State> },
  context: CallContext,
): Promise<Receipt> {
  const { kind, noun } = setting;
  const address = setting.address(input);
  const thing = await findOrRefuse(client, { kind, noun, address }, context);
  const to = move.whatever ? { ...move.to, uid: thing.metadata.uid } : move.to;
  const plan = { before: move.from, after: to };
  const state = setting.stateOf(thing, input, plan);
  const found = isOurs(thing.metadata.annotations?.[operationAnnotation(setting.action)], context);
  const marks = marksOf(setting.action, { leave: move.marking, found }, context);
  const write = async (): Promise<void> => {
    const patch = await setting.patch({ thing, to, marks }, input, context);
    await client.patch(kind, { ...address, patch }, context);
  };
  const externalId = `${noun}/${address.namespace}/${address.name}@${thing.metadata.uid}`;
  if (jsonEquals(state, to)) {
    // Somebody else put it back while our mark was on it: only the mark is left to take away.
    if (!move.marking && found) await write();
    return { externalId, origin: found === move.marking ? 'ours' : 'foreign' };
  }
  if (!move.whatever) standingOf({ ...EMPTY_PLAN, ...plan }, state);
  if (!move.whatever) {
    await write();
    return { externalId, origin: 'ours' };
  }
  // Asked before our own write makes us the owner of the fields again.
  const movedBy = await moverOf(client, { thing, fields: setting.fields }, context);
  await write();
  return { externalId, origin: 'foreign', ...(movedBy === null ? {} : { movedBy }) };
}

/** Builds the stages over conditional writes. They raise `conflict` with the differences when the world moved. */
export function createSetting<Input, State extends SettingState, Thing extends MarkedThing>(
  client: KubernetesClient,
  setting: Setting<Input, State, Thing>,
): SettingStages<Input, State> {
  const { kind, noun } = setting;
  const bench = { client, setting };
  const moving =
    (moveOf: (plan: Plan<State>) => Move<State>) =>
    (input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt> =>
      untilNotOvertaken(() => attempt(bench, { input, move: moveOf(plan) }, context), context);
  return {
    apply: moving(({ before, after }) => {
      return { from: before, to: after, whatever: false, marking: true };
    }),
    revert: moving(({ before, after }) => {
      return { from: after, to: before, whatever: false, marking: false };
    }),
    ensure: moving(({ before, after }) => {
      return { from: before, to: after, whatever: true, marking: true };
    }),
    verify: async (input, plan, context) => {
      const thing = await client.find(kind, setting.address(input), context);
      if (thing === null) return { holds: 'no', reason: `The ${noun} is gone.` };
      const state = setting.stateOf(thing, input, plan);
      if (jsonEquals(state, plan.after)) return setting.settled(thing, input, context);
      const [first] = threeWayDifference({ before: plan.after, after: plan.after }, state);
      const observed = JSON.stringify(first?.observed ?? null);
      return { holds: 'no', reason: `${first?.path ?? 'The state'} is ${observed}.` };
    },
  };
}
