import type { TwinReply } from './twin.ts';

/** What a fault is told about a request. */
export interface FaultSubject {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** What follows the path, from the question mark on. */
  readonly query?: string;
  /** The sender's `user-agent`; empty when it named none. */
  readonly agent: string;
  /** The `authorization` header; absent when there is none. */
  readonly authorization?: string;
}

/**
 * How a body is sent so that it does not arrive whole: `short` ends the connection before the announced length,
 * `unended` ends a chunked body without its end mark, `half-closed` ends only the twin's side of the connection, `stalled`
 * falls silent for good, `dripping` goes on byte by byte. All but the last send half of the bytes.
 */
export type Damage = 'short' | 'unended' | 'half-closed' | 'stalled' | 'dripping';

/**
 * One fault: `cut-before` drops the connection before the twin acts, `cut-after` once it has acted (a lost
 * answer), `reply` answers instead of acting, `replace` acts and answers something else,
 * `damage` acts and damages the answer on its way, `delay` only waits.
 */
export type Fault = { readonly delayMs?: number } & (
  | {
      readonly kind: 'cut-before' | 'cut-after';
      /** Keeps the sender waiting until it ends; only then the connection is dropped. */
      readonly until?: () => Promise<void>;
    }
  | {
      readonly kind: 'delay';
      /** Holds the request back until it ends; only then the twin acts. */
      readonly until?: () => Promise<void>;
    }
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'reply' | 'replace'; readonly reply: TwinReply }
);

interface PlannedFault {
  readonly matches: (subject: FaultSubject) => boolean;
  /** How many matching requests pass first. */
  skip: number;
  /** How many it then hits. */
  times: number;
  readonly fault: Fault;
}

/** Faults to come, in order; the first that matches is taken. */
export interface FaultPlan {
  add(
    fault: Fault,
    when?: {
      readonly matches?: (subject: FaultSubject) => boolean;
      readonly skip?: number;
      readonly times?: number;
    },
  ): void;
  next(subject: FaultSubject): Fault | undefined;
  clear(): void;
}

/** An empty fault plan. */
export function createFaultPlan(): FaultPlan {
  let planned: PlannedFault[] = [];
  return {
    add: (fault, when = {}) => {
      planned.push({
        fault,
        matches: when.matches ?? ((): boolean => true),
        skip: when.skip ?? 0,
        times: when.times ?? 1,
      });
    },
    next: (subject) => {
      for (const entry of planned) {
        if (!entry.matches(subject)) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.times -= 1;
        if (entry.times <= 0) planned = planned.filter((other) => other !== entry);
        return entry.fault;
      }
      return undefined;
    },
    clear: () => {
      planned = [];
    },
  };
}
