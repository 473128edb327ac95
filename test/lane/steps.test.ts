import { beforeAll, describe, expect, test } from '@jest/globals';
import { STEP_NAMES } from '../../domain/playbook.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { closersAfterEach } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { approveUntil, attend, command, containmentsOf, openLane, watch } from './lane.ts';
import { worldState } from './world-state.ts';

// Goal: wherever an incident stops, containment stays; wherever it is stood down, the world is as it was.
// Method: the whole P2 playbook on the lab, cancelled after each step, then stood down with approvals.
// The last step is that of the drill (drill.test.ts), on the same code.
const STEPS = STEP_NAMES.filter((step) => step !== 'redeploy');
const TEST_MAX_MS = 300_000;
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

describe('an incident that is cancelled', () => {
  test.each(STEPS.map((step) => [step]))(
    'after %s holds with an owner, keeps what it contains, and goes back when people agree',
    async (step) => {
      const lane = await openLane(closers, 'all');
      await makeOurBuildCurrent(lane.places);
      const before = await worldState(lane.lab);
      await lane.world.raiseAlert();
      const { incident } = await attend(lane, (_, facts) =>
        facts.some(({ key }) => key === `step/${step}/ended`),
      );
      await command(lane, incident.id, 'cancel');
      const held = await watch(lane, ({ state }) => state === 'held');
      expect(held.incident.owner).not.toBeNull();
      const contained = await containmentsOf(lane, incident.id);
      expect(contained).toEqual(contained.map(() => 'verified'));
      if (step === 'isolate') {
        expect(contained.length).toBeGreaterThan(3);
        expect(await worldState(lane.lab)).not.toEqual(before);
      }

      await command(lane, incident.id, 'stand-down');
      const facts = await approveUntil(lane, incident.id, 'stand-down.done');
      expect(await worldState(lane.lab)).toEqual(before);
      const done = facts.find(({ kind }) => kind === 'stand-down.done');
      expect(done?.data).toEqual({ failed: [] });
      expect(await verifyChain(facts)).toMatchObject({ verified: true });
    },
    TEST_MAX_MS,
  );
});
