import type { ApprovalClass, Role } from './approval.ts';
import type { Json } from './json.ts';

/** The mission's five steps, in the mission's order. */
export const STEP_NAMES = ['isolate', 'audit', 'revert', 'forensics', 'redeploy'] as const;
/** One of `STEP_NAMES`. */
export type StepName = (typeof STEP_NAMES)[number];

/** What happens when an operation does not succeed. `undo` is refused for isolate and revert. */
export type OnFailure = 'hold' | 'continue' | 'undo';

/**
 * A JSON value whose strings may hold `${{ CEL }}`. A string that is exactly one such hole takes the
 * value's own type; otherwise the value is spliced in as text.
 */
export type Template = Json;

interface OperationBase {
  /** Unique within the playbook, kebab-case; later operations read its value as `results['<name>']`. */
  readonly name: string;
  readonly title: string;
  /** CEL; when false the operation is `skipped`. Null means always. */
  readonly when: string | null;
  readonly onFailure: OnFailure;
}

/** One read of an external system. */
export interface ProbeCall {
  /** `<connector>.<probe>` of a manifest, e.g. `mlflow.versions`. */
  readonly use: string;
  /** Connector instance; a template; null means the connector's only instance. */
  readonly instance: Template;
  readonly with: Template;
}

/** A named change to an external system, once per item of `forEach`. */
export interface ActionOperation extends OperationBase {
  readonly kind: 'action';
  /** `<connector>.<action>` of a manifest, e.g. `kubernetes.scale`. */
  readonly use: string;
  /** Connector instance; a template; null means the connector's only instance. */
  readonly instance: Template;
  /** CEL giving a list; the item is `each`. Null: once, with `each` null. */
  readonly forEach: string | null;
  readonly with: Template;
  /** The manifest's class, or a higher one that the playbook asks for. */
  readonly approvalClass: ApprovalClass;
  /** True when this effect stops harm: probed, watched until close. */
  readonly containment: boolean;
}

/** Puts back what earlier operations of this incident changed (lift): newest first. */
export interface UndoOperation extends OperationBase {
  readonly kind: 'undo';
  /** Names of action operations. */
  readonly of: readonly string[];
  readonly approvalClass: ApprovalClass;
}

/** A named read; with `expect` it can fail or be inconclusive. */
export interface ProbeOperation extends OperationBase, ProbeCall {
  readonly kind: 'probe';
  /** CEL giving a list; the value is then the list of the replies' values. */
  readonly forEach: string | null;
  /** CEL over `value` (and all other variables): true holds, false fails, null or an error is inconclusive. Null: any answer holds. */
  readonly expect: string | null;
  /** Ask again until it holds, at most so long, in seconds; 0 asks once. */
  readonly withinSeconds: number;
  /** What it proves when it holds; absent when nothing: an incident is contained once all that prove it hold. */
  readonly proves?: 'containment' | undefined;
}

/** A probe whose reply is kept as evidence, by digest, with custody. */
export interface SealOperation extends OperationBase, ProbeCall {
  readonly kind: 'seal';
  readonly forEach: string | null;
}

/** Walks our lineage graph from a suspect: blast radius, digests re-hashed. */
export interface LineageOperation extends OperationBase {
  readonly kind: 'lineage';
  /** CEL giving the suspect node's id, e.g. `dataset:warehouse/transactions@2026-11-20`. */
  readonly suspect: string;
  /** Re-hashes one affected model version: `each` is `{name, version}`; the value has `sha256`. */
  readonly digest: ProbeCall;
}

/** Chooses the newest version that the evidence clears, and says why each newer one is refused. */
export interface KnownGoodOperation extends OperationBase {
  readonly kind: 'known-good';
  /** Name of the lineage operation whose blast radius excludes candidates. */
  readonly lineage: string;
  /** Lists the registry's versions: the value has `versions[]` of `{version, createdAt, digest}`. */
  readonly versions: ProbeCall;
  /** Re-hashes one version's bytes: `each` is `{name, version}`; the value has `sha256`. */
  readonly digest: ProbeCall;
}

/** A check with three values over what is already known; inconclusive holds. */
export interface GateOperation extends OperationBase {
  readonly kind: 'gate';
  /** CEL: true pass, false fail, null or an error inconclusive. */
  readonly expect: string;
}

/** Asks people about the exact plans of the operations it covers, then applies them in order. */
export interface ApprovalOperation extends OperationBase {
  readonly kind: 'approval';
  readonly roles: readonly Role[];
  readonly covers: readonly (ActionOperation | UndoOperation)[];
  readonly expiresAfterSeconds: number;
  /** When unanswered for so long people are asked again, one rung louder. */
  readonly escalateAfterSeconds: number;
}

/** Waits for a fixed time, as a timer of the workflow. */
export interface WaitOperation extends OperationBase {
  readonly kind: 'wait';
  readonly seconds: number;
}

/** Members run at the same time; it ends as badly as its worst member. */
export interface ParallelOperation extends OperationBase {
  readonly kind: 'parallel';
  readonly operations: readonly LeafOperation[];
}

/** Operations that only look. */
export type ReadOperation =
  ProbeOperation | SealOperation | LineageOperation | KnownGoodOperation | GateOperation;

/** Operations that change the world. */
export type EffectOperation = ActionOperation | UndoOperation;
/** Operations without operations inside. */
export type LeafOperation = ReadOperation | EffectOperation;
/** Every kind of operation. */
export type PlaybookOperation =
  LeafOperation | ApprovalOperation | WaitOperation | ParallelOperation;

/** One of the five steps with its operations, in order. */
export interface PlaybookStep {
  readonly name: StepName;
  readonly operations: readonly PlaybookOperation[];
}

/** A value that an incident may give its playbook. */
export interface Parameter {
  readonly type: 'string' | 'number' | 'boolean';
  readonly default: Json;
  readonly description: string;
}

/** Operation name under which a confirmation is settled; no operation of a playbook has it. */
export const CONFIRM = 'confirm';

/** Probes that must agree with the alert before the first effect; when too few do, people are asked. */
export interface Confirmation {
  /** Each with `expect`; their own `withinSeconds` is not used. */
  readonly probes: readonly ProbeOperation[];
  /** How many of them must hold at one look. */
  readonly needs: number;
  /** They are asked again for so long, in seconds. */
  readonly withinSeconds: number;
}

/** A playbook as the interpreter sees it: normalised, checked, pinned by digest. */
export interface Playbook {
  readonly formatVersion: 1;
  readonly name: string;
  /** Used in the incident key. */
  readonly class: string;
  readonly title: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Absent when the alert alone is enough. */
  readonly confirm?: Confirmation | undefined;
  /** Exactly five, in the order of `STEP_NAMES`. */
  readonly steps: readonly PlaybookStep[];
}

/** A playbook with the SHA-256 (hex) of its canonical JSON. */
export interface PinnedPlaybook {
  readonly playbook: Playbook;
  readonly digest: string;
}

/** True for operations that only look. */
export function isRead(operation: PlaybookOperation): operation is ReadOperation {
  switch (operation.kind) {
    case 'probe':
    case 'seal':
    case 'lineage':
    case 'known-good':
    case 'gate':
      return true;
    default:
      return false;
  }
}

/** True for operations that change the world. */
export function isEffect(operation: PlaybookOperation): operation is EffectOperation {
  return operation.kind === 'action' || operation.kind === 'undo';
}

/** Every operation of a list with nested ones, parents first. */
export function flatten(operations: readonly PlaybookOperation[]): readonly PlaybookOperation[] {
  return operations.flatMap((operation): readonly PlaybookOperation[] => {
    if (operation.kind === 'approval') return [operation, ...operation.covers];
    if (operation.kind === 'parallel') return [operation, ...operation.operations];
    return [operation];
  });
}

/** The operation of that name and its step, or undefined. */
export function findOperation(
  playbook: Playbook,
  name: string,
): { readonly step: StepName; readonly operation: PlaybookOperation } | undefined {
  for (const step of playbook.steps) {
    const operation = flatten(step.operations).find((candidate) => candidate.name === name);
    if (operation) return { step: step.name, operation };
  }
  return undefined;
}
