import type { Fact } from '../../domain/fact.ts';
import type { OperationState } from '../../domain/operation.ts';
import type { Fault } from '../../lab/fault.ts';

/** Which of a case's requests meet a fault: its reads, its writes, or its writes after the first. */
export type Place = 'reads' | 'writes' | 'later writes';

/** One way in which the far side misbehaves, and what must come of it. */
export interface FaultCase {
  readonly name: string;
  /** `scale` writes once, `quarantine` twice. */
  readonly action: 'scale' | 'quarantine';
  readonly at: Place;
  /** Met one after the other; the last one for good when `forGood`. */
  readonly faults: readonly Fault[];
  readonly forGood?: boolean;
  /** What somebody else does at the same moment. */
  readonly meanwhile?: 'another scales';
  /** What is told of the effect before it is applied and verified, or before the hold. */
  readonly told: readonly Fact['kind'][];
  /** Requests that meet a fault or follow it, at most. */
  readonly callsMax: number;
  /** Set when a person is asked; a retry goes on once the far side is mended. */
  readonly held?: {
    /** Of the effect's row; null when it was not even planned. */
    readonly state: OperationState | null;
    readonly reason: RegExp;
  };
}

const LARGE = Buffer.alloc(100 * 1024 * 1024, ' ');
const PAGE = '<!doctype html><title>Sign in</title>';

function saying(kind: 'reply' | 'replace', body: string | Uint8Array): Fault {
  return { kind, reply: { status: 200, headers: { 'content-type': 'application/json' }, body } };
}

/** A refusal in the words of Kubernetes. */
function refusing(code: number, reason: string, headers: Record<string, string> = {}): Fault {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason };
  return {
    kind: 'reply',
    reply: { status: code, headers, body: { ...status, message: 'no', metadata: {} } },
  };
}

function limiting(retryAfter: string): Fault {
  return refusing(429, 'TooManyRequests', { 'retry-after': retryAfter });
}

/** Trouble without the system's own words, as a proxy before it tells it. */
function troubled(...statuses: readonly number[]): readonly Fault[] {
  return statuses.map((status) => ({ kind: 'reply', reply: { status, body: 'upstream' } }));
}

function times(count: number, fault: Fault): readonly Fault[] {
  return Array.from({ length: count }, () => fault);
}

const cut = (kind: 'cut-before' | 'cut-after'): Fault => ({ kind });
const damaged = (damage: 'short' | 'half-closed' | 'stalled'): Fault => ({
  kind: 'damage',
  damage,
});

const PLANNED = ['operation.planned'] as const;
const LOST = ['operation.planned', 'operation.unknown'] as const;

const LOST_AGAIN = ['operation.unknown', 'operation.unknown', 'operation.unknown'] as const;

/** What the engine passes over by itself: the effect happens once and the incident goes on. */
const PASSING: readonly FaultCase[] = [
  {
    name: 'the network is cut before anything is sent',
    action: 'scale',
    at: 'reads',
    faults: times(2, cut('cut-before')),
    told: PLANNED,
    callsMax: 12,
  },
  {
    name: 'a write is lost on its way',
    action: 'scale',
    at: 'writes',
    faults: [cut('cut-before')],
    told: LOST,
    callsMax: 2,
  },
  {
    name: 'the answer to a write is lost',
    action: 'scale',
    at: 'writes',
    faults: [cut('cut-after')],
    told: LOST,
    callsMax: 1,
  },
  {
    name: 'the answer to a write is cut short',
    action: 'scale',
    at: 'writes',
    faults: [damaged('short')],
    told: LOST,
    callsMax: 1,
  },
  {
    name: 'the answer to a write never ends',
    action: 'scale',
    at: 'writes',
    faults: [damaged('stalled')],
    told: LOST,
    callsMax: 1,
  },
  {
    name: 'a read is closed half-way',
    action: 'scale',
    at: 'reads',
    faults: times(2, damaged('half-closed')),
    told: PLANNED,
    callsMax: 12,
  },
  {
    name: 'the second of two writes is lost on its way',
    action: 'quarantine',
    at: 'later writes',
    faults: [cut('cut-before')],
    told: LOST,
    callsMax: 2,
  },
  {
    name: 'the answer to the second of two writes is lost',
    action: 'quarantine',
    at: 'later writes',
    faults: [cut('cut-after')],
    told: LOST,
    callsMax: 1,
  },
  {
    name: 'a write is limited, in seconds',
    action: 'scale',
    at: 'writes',
    faults: times(2, limiting('1')),
    told: PLANNED,
    callsMax: 3,
  },
  {
    name: 'a write is limited, until a date in the past',
    action: 'scale',
    at: 'writes',
    faults: times(2, limiting('Mon, 23 Nov 2020 12:00:00 GMT')),
    told: PLANNED,
    callsMax: 3,
  },
  {
    name: 'a write is limited, for a negative time',
    action: 'scale',
    at: 'writes',
    faults: times(3, limiting('-5')),
    told: PLANNED,
    callsMax: 4,
  },
  {
    name: 'writes meet a mix of server trouble',
    action: 'scale',
    at: 'writes',
    faults: troubled(500, 502, 503, 504),
    told: [...LOST, ...LOST_AGAIN],
    callsMax: 5,
  },
  {
    name: 'reads meet a mix of server trouble',
    action: 'scale',
    at: 'reads',
    faults: troubled(503, 500, 504),
    told: PLANNED,
    callsMax: 12,
  },
  {
    name: 'another writer is faster, on other fields',
    action: 'scale',
    at: 'writes',
    faults: [refusing(409, 'Conflict')],
    told: PLANNED,
    callsMax: 2,
  },
  {
    name: 'a write is answered by a page, though it happened',
    action: 'scale',
    at: 'writes',
    faults: [saying('replace', PAGE)],
    told: LOST,
    callsMax: 1,
  },
  {
    name: 'a write is answered by a hundred megabytes',
    action: 'scale',
    at: 'writes',
    faults: [saying('replace', LARGE)],
    told: LOST,
    callsMax: 1,
  },
];

/** What a person has to look at: nothing is tried blindly, and a retry after mending goes on. */
const HELD: readonly FaultCase[] = [
  {
    name: 'the credential is refused at the write',
    action: 'scale',
    at: 'writes',
    faults: [refusing(401, 'Unauthorized')],
    forGood: true,
    told: [...PLANNED, 'operation.refused'],
    callsMax: 1,
    held: { state: 'refused', reason: /401.*needed: apps\/deployments: patch/ },
  },
  {
    name: 'the right to read is missing',
    action: 'scale',
    at: 'reads',
    faults: [refusing(403, 'Forbidden')],
    forGood: true,
    told: ['operation.failed'],
    callsMax: 1,
    held: { state: null, reason: /403.*needed: apps\/deployments: get/ },
  },
  {
    name: 'the target is gone at the write',
    action: 'scale',
    at: 'writes',
    faults: [refusing(404, 'NotFound')],
    forGood: true,
    told: [...PLANNED, 'operation.refused'],
    callsMax: 1,
    held: { state: 'refused', reason: /404/ },
  },
  {
    name: 'the write is not understood',
    action: 'scale',
    at: 'writes',
    faults: [refusing(422, 'Invalid')],
    forGood: true,
    told: [...PLANNED, 'operation.refused'],
    callsMax: 1,
    held: { state: 'refused', reason: /422/ },
  },
  {
    name: 'another writer is faster, on our fields',
    action: 'scale',
    at: 'writes',
    faults: [{ kind: 'delay' }],
    meanwhile: 'another scales',
    told: [...PLANNED, 'operation.conflict'],
    callsMax: 1,
    held: { state: 'refused', reason: /moved since the plan.*replicas is 5/ },
  },
  {
    name: 'every write is answered by a page, and does not happen',
    action: 'scale',
    at: 'writes',
    faults: [saying('reply', PAGE)],
    forGood: true,
    told: [...LOST, ...LOST_AGAIN],
    callsMax: 4,
    held: { state: 'unknown', reason: /JSON/ },
  },
  {
    name: 'every read is answered by a page',
    action: 'scale',
    at: 'reads',
    faults: [saying('reply', PAGE)],
    forGood: true,
    told: ['operation.failed'],
    callsMax: 1,
    held: { state: null, reason: /JSON/ },
  },
];

/** Every way that the whole engine is tried on. */
export const FAULT_CASES: readonly FaultCase[] = [...PASSING, ...HELD];

/** A wait that nobody can sit out: it is cut, and meanwhile nothing is asked. */
export const ABSURD_WAIT: FaultCase = {
  name: 'a write is limited for thirty years',
  action: 'scale',
  at: 'writes',
  faults: [limiting('1000000000')],
  told: PLANNED,
  callsMax: 1,
};
