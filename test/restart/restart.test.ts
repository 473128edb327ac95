import { beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Fact } from '../../domain/fact.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { closersAfterEach } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { changesOf } from '../lane/changes.ts';
import { approveUntil, attend, close, command, openLane, watch } from '../lane/lane.ts';
import { told } from '../lane/told.ts';
import { openRestartedLane } from './restarted-lane.ts';

// Goal: when everything dies at once, in whichever wait, the incident goes on and nothing is repeated. Method: two
// incidents on one lab by the real program on one data folder, every process of which is killed with -9 in each wait,
// twice with the loss of Temporal's file; beside it a run that nobody disturbed, to compare what was changed.
const TEST_MAX_MS = 1_800_000;
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

const opened = z.object({ incident: z.object({ id: z.string() }) });
/** What a run changes that nobody disturbs. */
async function undisturbed(): Promise<readonly string[]> {
  const lane = await openLane(closers, 'all');
  await makeOurBuildCurrent(lane.places);
  await lane.world.raiseAlert();
  const { incident } = await attend(lane, ({ phase }) => phase === 'review');
  await close(lane, incident.id);
  await attend(lane, ({ state }) => state === 'closed');
  return changesOf(lane.lab);
}

function expectWholeLog(facts: readonly Fact[]): void {
  expect(facts.map(({ sequence }) => sequence)).toEqual(facts.map((_, index) => index + 1));
}

test(
  'everything killed in each wait, on one data folder: both incidents end, each change happened once',
  async () => {
    const expected = undisturbed();
    const lane = await openRestartedLane(closers);
    await lane.world.raiseAlert();
    const { incident: first } = await watch(lane, told('approval.requested', 'revert-together'));
    const text = 'It scores oddly: model=fraud-scorer playbook=model-drift';
    const { incident: second } = await lane.owner.send('POST', '/incidents', {
      body: { text },
      schema: opened,
    });
    await watch(lane, told('claim.blocked', 'hold-alias'), second.id);

    // An open approval and a wait for a claim; and Temporal's file is gone.
    await lane.restart(() => lane.loseTemporalFile());
    await command(lane, second.id, 'cancel');
    await watch(lane, ({ state }) => state === 'held', second.id);

    // Held because a person said so; and Temporal's file is gone again.
    await lane.restart(() => lane.loseTemporalFile());
    await command(lane, second.id, 'stand-down');
    await watch(lane, told('stand-down.planned'), second.id);
    await attend(lane, told('probe.observed', 'alias-is-known-good'), first.id);

    // An approval of the way back, and the hold time of a step.
    await lane.restart();
    await approveUntil(lane, second.id, 'stand-down.done');
    await watch(lane, told('probe.observed', 'pointer-is-clean'), first.id);

    // A probe that is looked at again and again; people act while everything is down.
    await lane.restart(() => lane.world.closeEntryPath());
    await attend(lane, ({ phase }) => phase === 'review', first.id);

    // Only the closing verdict is left.
    await lane.restart();
    for (const { id } of [first, second]) {
      await close(lane, id);
      const { facts } = await watch(lane, ({ state }) => state === 'closed', id);
      expectWholeLog(facts);
      expect(await verifyChain(facts)).toMatchObject({ verified: true, facts: facts.length });
    }
    expect(changesOf(lane.lab)).toEqual(await expected);
  },
  TEST_MAX_MS,
);
