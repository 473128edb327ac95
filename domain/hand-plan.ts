import type { JsonObject } from './json.ts';
import type { StepName } from './playbook.ts';

/** One request that people can send in our place: what the engine would write, without its marks. */
export interface HandRequest {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** From the system's base address on, with its query; already encoded. */
  readonly path: string;
  /** Content type of the body; null without one. */
  readonly type: string | null;
  readonly body: JsonObject | null;
}

/** One effect that is left to do. */
export interface HandEffect {
  /** The connector instance that it goes through. */
  readonly instance: string;
  readonly target: string;
  /** What it changes, as a sentence. */
  readonly summary: string;
  /** What would take it back. */
  readonly undo: string;
  /** In this order; null when there is no plain request for it. */
  readonly requests: readonly HandRequest[] | null;
}

/** One operation that is left to do. */
export interface HandOperation {
  readonly step: StepName;
  readonly operation: string;
  readonly title: string;
  readonly kind: string;
  /** What people do or look at here; null when the effects say it all. */
  readonly note: string | null;
  readonly effects: readonly HandEffect[];
}
