import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { FaultSubject } from '../../lab/fault.ts';
import type { Closers } from '../closers.ts';
import { quietTemporalRuntime } from '../harness.ts';
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
// repeat themselves, so three times count. One more lane runs alone and strikes what chance kept from the others. Then a
// lane that nobody disturbs shows whether a call of a run was left out: a kill meets lanes between their calls as well, and an
// effect is struck in its first attempt alone. What was left out is struck by spare lanes. In the end each call is of a kind that was
// struck, and there are not more of them than kills.
const LANES = 16;
const SPARES = 2;
const TEST_MAX_MS = 2_400_000;

const closers: Closers = [];
beforeAll(quietTemporalRuntime);
afterEach(async () => {
  // Closing may show one more that is being opened.
  while (closers.length > 0) await closers.pop()?.();
});

type Moment = 'before' | 'after';

function momentsOf({ write }: Call): readonly Moment[] {
  return write ? ['before', 'after'] : ['before'];
}

/** Which moments of which calls were struck. */
class Plan {
  readonly struck = new Set<string>();
  readonly struckPlaces = new Set<string>();

  /** Takes the next moment of a call that was not struck yet; null when all were. */
  take(call: Call): Moment | null {
    const moment = momentsOf(call).find((one) => !this.struck.has(`${one} ${call.name}`)) ?? null;
    if (moment === null) return null;
    this.struck.add(`${moment} ${call.name}`);
    this.struckPlaces.add(`${moment} ${call.place}`);
    return moment;
  }
}

/** What the lane that nobody disturbs calls: moments by name, and by place. */
class Witness {
  readonly met = new Set<string>();
  readonly places = new Set<string>();

  take(call: Call): null {
    for (const moment of momentsOf(call)) {
      this.met.add(`${moment} ${call.name}`);
      this.places.add(`${moment} ${call.place}`);
    }
    return null;
  }
}

/** Keeps a lane's calls waiting as planned. */
function disturb({ lab }: FleetLane, plan: Plan | Witness, striker: Striker): void {
  const nameOf = createCallNames(lab);
  for (const twin of TWINS) {
    let taken: Moment | null = null;
    const matches = (moment: Moment) => (subject: FaultSubject) => {
      // The first to be asked decides for both.
      if (moment === 'before') {
        const call = nameOf(twin, subject);
        taken = call === null ? null : plan.take(call);
      }
      return taken === moment;
    };
    const times = Number.MAX_SAFE_INTEGER;
    const until = (): Promise<void> => striker.hold(lab);
    lab[twin].faults.add({ kind: 'cut-before', until }, { matches: matches('before'), times });
    lab[twin].faults.add({ kind: 'cut-after', until }, { matches: matches('after'), times });
  }
}

async function runLanes(
  fleet: Fleet,
  lanes: readonly FleetLane[],
  running: (lanes: number) => void,
): Promise<readonly Ended[]> {
  const facts = await fleet.run(lanes, running);
  return lanes.map(({ lab }, index) => ({ changes: changesOf(lab), facts: facts[index] ?? [] }));
}

test(
  'a worker killed at each of its calls: the incident ends, each change happened once, the log is whole',
  async () => {
    const fleet = await openFleet(closers, LANES + 2 + SPARES);
    const striker = await createStriker(fleet.places, closers);
    await makeOurBuildCurrent(fleet.places);
    const plan = new Plan();
    const ended: Ended[] = [];
    const strike = async (lanes: readonly FleetLane[]): Promise<void> => {
      for (const lane of lanes) disturb(lane, plan, striker);
      ended.push(...(await runLanes(fleet, lanes, striker.setLanes)));
    };
    await strike(fleet.lanes.slice(0, LANES));
    await strike(fleet.lanes.slice(LANES, LANES + 1));
    const last = fleet.lanes.slice(LANES + 1, LANES + 2);
    const witness = new Witness();
    for (const lane of last) disturb(lane, witness, striker);
    const [undisturbed] = await runLanes(fleet, last, striker.setLanes);
    if (!undisturbed) throw new Error('no lane was left undisturbed');
    const leftOut = (): readonly string[] =>
      [...witness.places].filter((place) => !plan.struckPlaces.has(place));
    for (const spare of fleet.lanes.slice(LANES + 2)) {
      if (leftOut().length > 0) await strike([spare]);
    }
    expect(leftOut()).toEqual([]);
    expect(plan.struck.size).toBeGreaterThanOrEqual(witness.met.size);
    // Every change was struck before and after it happened.
    expect(plan.struck.size).toBeGreaterThan(2 * undisturbed.changes.length);
    for (const end of ended) await expectSame(end, undisturbed);
  },
  TEST_MAX_MS,
);
