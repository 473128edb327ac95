import { beforeAll, expect, test } from '@jest/globals';
import { verifyChain } from '../../evidence/chain.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { runKilledLane, type LaneEnd, type Moment } from './killed-lane.ts';

// Goal: whichever write the worker is killed at with -9, before or after the other side acted, the incident ends and each
// change happened once. Method: lanes side by side, each a whole P2 incident with a worker process of its own;
// every write of the run is met by one kill before and one after it, and a last lane without kills finds none left.
const LANES = 4;
const KILLS_PER_LANE = 15;
const ROUNDS_MAX = 4;
const TEST_MAX_MS = 1_800_000;

beforeAll(quietTemporalRuntime);

/** Hands each moment of each write to one lane. */
function createPlan(): { readonly met: Set<string>; lane(): (write: string) => Moment } {
  const met = new Set<string>();
  return {
    met,
    lane: () => {
      let left = KILLS_PER_LANE;
      return (write) => {
        for (const moment of ['before', 'after'] as const) {
          const key = `${moment} ${write}`;
          if (left === 0 || met.has(key)) continue;
          met.add(key);
          left -= 1;
          return moment;
        }
        return null;
      };
    },
  };
}

/** Lanes side by side, then one after the other until one meets no kill; that one comes last. */
async function runLanes(plan: ReturnType<typeof createPlan>): Promise<readonly LaneEnd[]> {
  const ends: LaneEnd[] = [];
  for (let round = 0; round < ROUNDS_MAX && ends.at(-1)?.kills !== 0; round += 1) {
    const lanes = Array.from({ length: round === 0 ? LANES : 1 }, () => runKilledLane(plan.lane()));
    for (const lane of await Promise.allSettled(lanes)) {
      if (lane.status === 'rejected') throw lane.reason;
      ends.push(lane.value);
    }
  }
  return ends;
}

test(
  'a worker killed around each of its writes: the incident ends, each change happened once, the chain verifies',
  async () => {
    const plan = createPlan();
    const ends = await runLanes(plan);
    const undisturbed = ends.at(-1);
    expect(undisturbed?.kills).toBe(0);
    // One before and one after each change of a run that nobody disturbed.
    const changes = undisturbed?.changes ?? [];
    expect(plan.met.size).toBeGreaterThanOrEqual(2 * changes.length);
    for (const end of ends) {
      const { facts } = end;
      expect(end.changes).toEqual(changes);
      expect(facts.map(({ sequence }) => sequence)).toEqual(facts.map((_, index) => index + 1));
      expect(await verifyChain(facts)).toMatchObject({ verified: true, facts: facts.length });
    }
  },
  TEST_MAX_MS,
);
