import type { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { ApprovalClass } from '../domain/approval.ts';
import type { Destroys } from '../domain/destruction.ts';
import type { HandRequest } from '../domain/hand-plan.ts';
import type { Json } from '../domain/json.ts';
import type { Plan, Receipt, StoredPlan, Verdict } from '../domain/plan.ts';

/** What every call gets beside its input. */
export interface CallContext {
  /** Same key, same effect, at most once: `incident/operation/target/round`. */
  readonly idempotencyKey: string;
  /** For marks on what we create or change. */
  readonly incidentId: string;
  readonly signal: AbortSignal;
  readonly heartbeat: (detail: Json) => void;
  /** Guard and fence; the HTTP kit calls it before every mutating request. Raises `refused`. */
  readonly permit: () => Promise<void>;
  readonly now: () => Date;
}

/** What a probe saw. */
export interface ProbeReply {
  /** What expressions read as `value`. */
  readonly value: Json;
  /** The bytes to seal when this probe collects evidence; by default the canonical JSON of `value`. */
  readonly evidence?: { readonly bytes: Uint8Array; readonly mediaType: string };
  /** True when a limit cut the answer: never read as "nothing more there". */
  readonly truncated: boolean;
}

/** What a manifest says of a probe. */
export interface ProbeManifest<Input> {
  readonly title: string;
  readonly input: z.ZodType<Input>;
}

/** What a manifest says of an action, without loading the connector. */
export interface ActionManifest<Input> {
  readonly title: string;
  readonly input: z.ZodType<Input>;
  readonly approvalClass: ApprovalClass;
  /** Shared: incidents may hold the same containment together. Exclusive: one incident at a time. */
  readonly claim: 'shared' | 'exclusive';
  /** Reversible actions can be put back from their plan; others say why not. */
  readonly reversible: true | { readonly because: string };
  /** What it does away with for good: under a legal hold that is refused. */
  readonly destroys: Destroys;
  /** What is acted on: `<kind>/<namespace>/<name>`, from the input alone. */
  readonly target: (input: Input) => string;
  /** True when its plan may take serving capacity away: then it states `takes`. */
  readonly takesCapacity?: true;
}

/** A connector's public face: configuration, actions, probes. Imports zod and `domain` only. */
export interface Manifest {
  /** The prefix in playbooks: `mlflow` in `mlflow.move-alias`. */
  readonly name: string;
  readonly title: string;
  /**
   * What an administrator of that system runs to take our credential away when nothing else stops us; empty when we
   * never write there. `{field}` is that field of the configuration, `<name>` what only they know.
   */
  readonly lastResort: readonly string[];
  /** Configuration of one instance. Secrets are fields whose schema carries `.meta({ secret: true })`. */
  readonly config: z.ZodType;
  readonly actions: Readonly<Record<string, AnyActionManifest>>;
  readonly probes: Readonly<Record<string, AnyProbeManifest>>;
}

/** An action with its input type erased; `target` parses before it reads. Raises `invalid`. */
export interface AnyActionManifest {
  readonly title: string;
  readonly input: z.ZodType;
  readonly approvalClass: ApprovalClass;
  readonly claim: 'shared' | 'exclusive';
  readonly reversible: true | { readonly because: string };
  readonly destroys: Destroys;
  readonly target: (input: unknown) => string;
  readonly takesCapacity?: true;
}

/** What a manifest says of a probe, its input type erased. */
export interface AnyProbeManifest {
  readonly title: string;
  readonly input: z.ZodType;
}

/** The four questions that an action answers, one at a time. */
interface ActionBase<Input, Before> {
  readonly manifest: ActionManifest<Input>;
  /** Plans come back from the store as plain JSON and are parsed with this. */
  readonly before: z.ZodType<Before>;
  /** What would you change? Changes nothing. Raises `not_found`, `unauthorized`, `unavailable`, `bad_reply`. */
  plan(input: Input, context: CallContext): Promise<Plan<Before>>;
  /** Change it: observed = before → write; = after → adopt; else `conflict` with a diff in `details.differences`. A lost answer raises `outcome_unknown`. */
  apply(input: Input, plan: Plan<Before>, context: CallContext): Promise<Receipt>;
  /** Is it so now? Looks at the world, never at the receipt. */
  verify(input: Input, plan: Plan<Before>, context: CallContext): Promise<Verdict>;
  /** Write `after` again from whatever state: leases, drift. Says who moved it in `Receipt.origin`. */
  ensure?(input: Input, plan: Plan<Before>, context: CallContext): Promise<Receipt>;
  /**
   * What people send themselves when we cannot: the plain requests that bring `before` to `after`, without our marks.
   * Pure. Left out where a plan does not hold enough to say it.
   */
  byHand?(input: Input, plan: Plan<Before>): readonly HandRequest[];
}

/** A change with its way back; the type system demands `revert` or a reason. */
export type Action<Input, Before> = ActionBase<Input, Before> &
  (
    | {
        readonly reversible: true;
        /** Put it back: observed = after → restore `before`; = before → done; else `conflict`. */
        revert(input: Input, plan: Plan<Before>, context: CallContext): Promise<Receipt>;
      }
    | { readonly reversible: false; readonly because: string }
  );

/** An action with its types erased by parsing, so that nothing unparsed gets in. */
export interface AnyAction {
  readonly manifest: AnyActionManifest;
  plan(input: Json, context: CallContext): Promise<StoredPlan>;
  apply(input: Json, plan: StoredPlan, context: CallContext): Promise<Receipt>;
  verify(input: Json, plan: StoredPlan, context: CallContext): Promise<Verdict>;
  /** Undefined when the action has no `ensure`. */
  readonly ensure:
    ((input: Json, plan: StoredPlan, context: CallContext) => Promise<Receipt>) | undefined;
  /** Undefined when no plain request does it. */
  readonly byHand: ((input: Json, plan: StoredPlan) => readonly HandRequest[]) | undefined;
  /** Undefined when the action is declared irreversible. */
  readonly revert:
    ((input: Json, plan: StoredPlan, context: CallContext) => Promise<Receipt>) | undefined;
}

/** A named read with its typed input. */
export interface Probe<Input> {
  readonly manifest: ProbeManifest<Input>;
  read(input: Input, context: CallContext): Promise<ProbeReply>;
}

/** A probe with its input type erased by parsing. */
export interface AnyProbe {
  readonly manifest: AnyProbeManifest;
  read(input: Json, context: CallContext): Promise<ProbeReply>;
}

/** Whether the other side can be reached, and with what rights. */
export interface Health {
  readonly reachable: boolean;
  /** Version string that answered; null when it does not say. */
  readonly version: string | null;
  /** Missing rights by name; empty when none is known to be missing. */
  readonly missing: readonly string[];
  /** Those of `missing` that only changing something needs; left out when the connector cannot tell them apart. */
  readonly missingToAct?: readonly string[];
  /** One sentence when something is wrong; null otherwise. */
  readonly problem: string | null;
  /** Milliseconds by which its clock is ahead of ours; left out when it tells no time. */
  readonly clockSkewMs?: number;
}

/** Our client of one external system under one identity. */
export interface Connector {
  readonly name: string;
  readonly probes: Readonly<Record<string, AnyProbe>>;
  readonly actions: Readonly<Record<string, AnyAction>>;
  /**
   * Ready replicas of a serving object, named as a target; null for a kind that it does not know, 0 for one that is not
   * there. Absent when the system serves nothing. Raises what a probe raises.
   */
  readyReplicas?(object: string, context: CallContext): Promise<number | null>;
  health(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

/** A registry line: what a connector is, and how to load it when an instance is configured. */
export interface ConnectorModule {
  readonly manifest: Manifest;
  load(): Promise<{ create(config: unknown): Connector }>;
}

/**
 * Parses `value` by `schema`. Raises `code` (`invalid` for our input, `bad_reply` for an answer) naming the field.
 */
export function parseWith<T>(
  schema: z.ZodType<T>,
  value: unknown,
  what: { readonly code: 'invalid' | 'bad_reply'; readonly name: string },
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map(String).join('.') ?? '';
  const field = path === '' ? what.name : `${what.name}.${path}`;
  throw new AppError(what.code, `${field}: ${issue?.message ?? 'not understood'}`, {
    field,
    cause: parsed.error,
  });
}

/** Erases a manifest entry's input type by parsing. */
export function actionManifest<Input>(manifest: ActionManifest<Input>): AnyActionManifest {
  return {
    ...manifest,
    target: (input) =>
      manifest.target(parseWith(manifest.input, input, { code: 'invalid', name: 'with' })),
  };
}

/** Erases an action's types by parsing inputs and plans at its door. */
export function defineAction<Input, Before extends Json>(action: Action<Input, Before>): AnyAction {
  const inputOf = (input: Json): Input =>
    parseWith(action.manifest.input, input, { code: 'invalid', name: 'with' });
  const planOf = (plan: StoredPlan): Plan<Before> => ({
    ...plan,
    before: parseWith(action.before, plan.before, { code: 'invalid', name: 'plan.before' }),
    after: parseWith(action.before, plan.after, { code: 'invalid', name: 'plan.after' }),
  });
  return {
    manifest: actionManifest(action.manifest),
    plan: (input, context) => action.plan(inputOf(input), context),
    apply: (input, plan, context) => action.apply(inputOf(input), planOf(plan), context),
    verify: (input, plan, context) => action.verify(inputOf(input), planOf(plan), context),
    ensure: action.ensure
      ? async (input, plan, context) => {
          if (!action.ensure) throw new AppError('unsupported', 'This action has no ensure.');
          return action.ensure(inputOf(input), planOf(plan), context);
        }
      : undefined,
    byHand: action.byHand && ((input, plan) => action.byHand?.(inputOf(input), planOf(plan)) ?? []),
    revert: action.reversible
      ? (input, plan, context) => action.revert(inputOf(input), planOf(plan), context)
      : undefined,
  };
}

/** Erases a probe's input type by parsing. */
export function defineProbe<Input>(probe: Probe<Input>): AnyProbe {
  return {
    manifest: probe.manifest,
    read: (input, context) =>
      probe.read(
        parseWith(probe.manifest.input, input, { code: 'invalid', name: 'with' }),
        context,
      ),
  };
}
