import { setTimeout as sleep } from 'node:timers/promises';
import type { Marks } from './marks.ts';

/** Calls after which an incident counts as carried through. */
export const STEPS = 5;
/** One incident at a time: the rest between two, so that the tail of one is not measured with the next. */
const REST_MS = 150;
const INCIDENT_WITHIN_MS = 60_000;

/** What is measured: something that answers an alert with five calls. */
export interface Subject {
  readonly marks: Marks;
  /** Sends the alert of one incident; resolves when it was acknowledged. */
  fire(id: string): Promise<void>;
}

/** One incident, in milliseconds since its alert was sent. */
export interface Timing {
  readonly acknowledged: number;
  readonly first: number;
  readonly fifth: number;
}

async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const late = sleep(INCIDENT_WITHIN_MS, undefined, { signal: settled.signal }).then(() => {
    throw new Error(`${what} did not end within ${INCIDENT_WITHIN_MS.toString()} ms.`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    settled.abort();
    late.catch(() => undefined);
  }
}

async function follow(subject: Subject, id: string): Promise<Timing> {
  const start = performance.now();
  const acknowledged = subject.fire(id).then(() => performance.now() - start);
  const reached = await within(id, subject.marks.reached(id, STEPS));
  const [first = start] = reached;
  const last = reached.at(-1) ?? start;
  return { acknowledged: await acknowledged, first: first - start, fifth: last - start };
}

/** One incident after the other. */
export async function alone(subject: Subject, ids: readonly string[]): Promise<readonly Timing[]> {
  const timings: Timing[] = [];
  for (const id of ids) {
    timings.push(await follow(subject, id));
    await sleep(REST_MS);
  }
  return timings;
}

/** So many incidents at the same time; answers how many a second were carried through. */
export async function saturated(
  subject: Subject,
  ids: readonly string[],
  atOnce: number,
): Promise<number> {
  const left = [...ids];
  const start = performance.now();
  const lane = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await follow(subject, id);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return (ids.length * 1000) / (performance.now() - start);
}
