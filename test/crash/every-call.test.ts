import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { FaultSubject } from '../../lab/fault.ts';
import { quietTemporalRuntime } from '../harness.ts';
import type { Closers } from '../lane/lane.ts';
import { changesOf, createCallNames, TWINS, type Call } from './call-name.ts';
import { openFleet, type Fleet, type FleetLane } from './fleet.ts';
import { createStriker, type Striker } from './striker.ts';
import { expectSame, type Ended } from './whole.ts';
import { makeOurBuildCurrent } from './worker.ts';

// Goal: at whichever call to another system the worker is killed with -9, the incident ends, each change happened
// once, the log has no gap. Method: many P2 incidents side by side, each on systems of its own, one worker process.
// Each lane's next call that was not struck yet is kept waiting; when all lanes wait, the worker is killed. A read is
// struck when it arrives, a write when it arrives and when it was done. A call is known by its activity, how much had
// been changed when that began, its address and how often it was sent in the attempt; looks that wait for the world
// repeat themselves, so three times count. Then single lanes follow, until one meets no call that was not struck;
// whether a look repeats itself there is chance, so the first time counts.
const LANES = 16;
const FOLLOWERS = 3;
const TEST_MAX_MS = 1_800_000;

const closers: Closers = [];
beforeAll(quietTemporalRuntime);
afterEach(async () => {
  // Closing may show one more that is being opened.
  while (closers.length > 0) await closers.pop()?.();
});

type Moment = 'before' | 'after';

/** Which moments of which calls were struck. */
class Plan {
  readonly struck = new Set<string>();

  /** Repeats count as long as it is so. */
  takesRepeats = true;

  /** Takes the next moment of a call that was not struck yet; null when all were. */
  take({ name, again, write }: Call): Moment | null {
    if (again && !this.takesRepeats) return null;
    const moments: readonly Moment[] = write ? ['before', 'after'] : ['before'];
    const moment = moments.find((one) => !this.struck.has(`${one} ${name}`)) ?? null;
    if (moment !== null) this.struck.add(`${moment} ${name}`);
    return moment;
  }
}

/** Keeps a lane's calls waiting as planned; answers how many. */
function disturb({ lab }: FleetLane, plan: Plan, striker: Striker): () => number {
  const nameOf = createCallNames(lab);
  let held = 0;
  for (const twin of TWINS) {
    let taken: Moment | null = null;
    const matches = (moment: Moment) => (subject: FaultSubject) => {
      // The first to be asked decides for both.
      if (moment === 'before') {
        const call = nameOf(twin, subject);
        taken = call === null ? null : plan.take(call);
        if (taken !== null) held += 1;
      }
      return taken === moment;
    };
    const times = Number.MAX_SAFE_INTEGER;
    const until = (): Promise<void> => striker.hold(lab);
    lab[twin].faults.add({ kind: 'cut-before', until }, { matches: matches('before'), times });
    lab[twin].faults.add({ kind: 'cut-after', until }, { matches: matches('after'), times });
  }
  return () => held;
}

async function runLanes(fleet: Fleet, lanes: readonly FleetLane[]): Promise<readonly Ended[]> {
  const facts = await fleet.run(lanes);
  return lanes.map(({ lab }, index) => ({ changes: changesOf(lab), facts: facts[index] ?? [] }));
}

test(
  'a worker killed at each of its calls: the incident ends, each change happened once, the log is whole',
  async () => {
    const fleet = await openFleet(closers, LANES + FOLLOWERS);
    const striker = await createStriker(fleet.places, closers);
    await makeOurBuildCurrent(fleet.places);
    const plan = new Plan();
    const lanes = fleet.lanes.map((lane) => ({ lane, held: disturb(lane, plan, striker) }));
    striker.setLanes(LANES);
    const together = lanes.slice(0, LANES).map(({ lane }) => lane);
    const ended = [...(await runLanes(fleet, together))];
    striker.setLanes(1);
    plan.takesRepeats = false;
    let undisturbed: Ended | undefined;
    for (const { lane, held } of lanes.slice(LANES)) {
      const [end] = await runLanes(fleet, [lane]);
      if (end) ended.push(end);
      if (held() === 0) undisturbed = end;
      if (undisturbed) break;
    }
    if (!undisturbed) throw new Error('each lane met a call that was not struck');
    // Every change was struck before and after it happened.
    expect(plan.struck.size).toBeGreaterThan(2 * undisturbed.changes.length);
    for (const end of ended) await expectSame(end, undisturbed);
  },
  TEST_MAX_MS,
);
