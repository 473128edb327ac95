import { beforeAll, expect, test } from '@jest/globals';
import type { FaultSubject } from '../../lab/fault.ts';
import type { Twin } from '../../lab/twin.ts';
import { closersAfterEach } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { AGENT } from './changes.ts';
import { attend, command, containmentsOf, openLane, watch, type Lane } from './lane.ts';
import { worldState } from './world-state.ts';

// Goal: when a dependency fails for good, whatever was contained stays so, and the incident waits for its owner.
// Method: one P2 incident on the lab; after each step the system that the next one begins with refuses everything of
// ours, until a person has it mended and retries. The world is read past those refusals.
const TEST_MAX_MS = 900_000;
const REFUSAL = { status: 403, body: { message: 'refused', error_code: 'PERMISSION_DENIED' } };
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

/** Refuses everything of ours from the first request on that `begins` names. */
function refuseFrom({ faults }: Twin, begins: (subject: FaultSubject) => boolean): void {
  let refuses = false;
  faults.add(
    { kind: 'reply', reply: REFUSAL },
    {
      times: Number.MAX_SAFE_INTEGER,
      matches: (subject) => {
        if (subject.agent !== AGENT) return false;
        refuses ||= begins(subject);
        return refuses;
      },
    },
  );
}

/** What P2 contains, as the systems themselves tell. */
async function expectContained({ lab }: Lane): Promise<void> {
  const { canary, service } = lab.story;
  expect(await worldState(lab)).toMatchObject({
    deployments: { [canary ?? '']: { replicas: 0 } },
    services: { [service]: { track: 'stable' } },
    paused: true,
  });
}

test(
  'a system that refuses everything after each step: contained, verified, held with an owner, and it goes on',
  async () => {
    const lane = await openLane(closers, 'all');
    const { mlflow, airflow, kubernetes, loki, story } = lane.lab;
    await makeOurBuildCurrent(lane.places);
    const refusals = [
      { twin: mlflow, from: 'artifact', heldIn: 'audit' },
      { twin: mlflow, from: 'model-versions/search', heldIn: 'revert' },
      { twin: kubernetes, from: story.guard?.name ?? '', heldIn: 'redeploy' },
      { twin: airflow, from: `dags/${story.pipeline}`, heldIn: 'redeploy' },
    ];
    const refuse = (index: number): void => {
      const refusal = refusals[index];
      if (refusal) refuseFrom(refusal.twin, ({ path }) => path.includes(refusal.from));
    };
    refuse(0);
    await lane.world.raiseAlert();
    for (const [index, { twin, heldIn }] of refusals.entries()) {
      const { incident, facts } = await attend(lane, ({ state }) => state === 'held');
      expect(incident.owner).not.toBeNull();
      expect(facts.findLast(({ kind }) => kind === 'incident.held')?.step).toBe(heldIn);
      await expectContained(lane);
      twin.faults.clear();
      await watch(lane, async () => {
        const states = await containmentsOf(lane, incident.id);
        return states.length > 2 && states.every((state) => state === 'verified');
      });
      // All that forensics reads may be missing: that holds nothing, and is no success.
      if (heldIn === 'revert') refuseFrom(loki, () => true);
      if (twin === kubernetes) await lane.world.closeEntryPath();
      refuse(index + 1);
      await command(lane, incident.id, 'retry');
      // That it is open may be over before anybody looks: the next refusal holds it again.
      await watch(lane, (_, told) => {
        return told.filter(({ kind }) => kind === 'incident.released').length > index;
      });
    }
    const { facts } = await attend(lane, ({ phase }) => phase === 'review');
    const forensics = facts.find(({ key }) => key === 'step/forensics/ended');
    expect(forensics?.data).not.toEqual({ outcome: 'succeeded' });
  },
  TEST_MAX_MS,
);
