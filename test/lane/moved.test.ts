import { beforeAll, expect, test } from '@jest/globals';
import type { Json } from '../../domain/json.ts';
import { createJsonClient } from '../../lab/scenario/json-client.ts';
import { closersAfterEach } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { changesOf } from './changes.ts';
import { approveAll, approveUntil, attend, command, openLane, watch, type Lane } from './lane.ts';
import { told } from './told.ts';
import { worldState } from './world-state.ts';

// Goal: what others change is never overwritten: not between plan and apply, and not between apply and the way back.
// Method: one P2 incident on the lab; somebody sets the canary's image while people think about the plan, and edits
// the dataset pointer after it was put back; then everything is stood down.
const TEST_MAX_MS = 900_000;
const FOREIGN_IMAGE = 'registry.example/fraud-scorer:5';
const FOREIGN_POINTER = '1999-12-31';
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

async function patch({ lab }: Lane, path: string, body: Json): Promise<void> {
  const type = 'application/strategic-merge-patch+json';
  await createJsonClient(lab.kubernetes.url).send('PATCH', path, { body, type });
}

/** Somebody else rolls the canary to another image. */
async function setCanaryImage(lane: Lane, image: string): Promise<void> {
  const { namespace, canary, container } = lane.lab.story;
  await patch(lane, `/apis/apps/v1/namespaces/${namespace}/deployments/${canary ?? ''}`, {
    spec: { template: { spec: { containers: [{ name: container, image }] } } },
  });
}

async function setPointer(lane: Lane, value: string): Promise<void> {
  const { namespace, pointer } = lane.lab.story;
  await patch(lane, `/api/v1/namespaces/${namespace}/configmaps/${pointer.name}`, {
    data: { [pointer.key]: value },
  });
}

test(
  'a moved world refuses with a difference and asks anew; a foreign edit is left as it is and named',
  async () => {
    const lane = await openLane(closers, 'all');
    const { story } = lane.lab;
    await makeOurBuildCurrent(lane.places);
    const before = await worldState(lane.lab);
    await lane.world.raiseAlert();
    const { incident } = await watch(lane, told('approval.requested', 'revert-together'));
    const { id } = incident;
    await setCanaryImage(lane, FOREIGN_IMAGE);
    await approveAll(lane, id);
    const { facts } = await watch(lane, told('operation.conflict', 'roll-canary-back'));
    const conflict = facts.find(({ kind }) => kind === 'operation.conflict');
    const digest = expect.stringMatching(/^[0-9a-f]{64}$/u);
    const template = { path: 'template', before: digest, after: digest, observed: digest };
    expect(conflict?.data).toMatchObject({
      code: 'conflict',
      differences: expect.arrayContaining([template]),
    });
    const name = story.canary ?? '';
    const foreign = { deployments: { [name]: { images: [FOREIGN_IMAGE] } } };
    expect(await worldState(lane.lab)).toMatchObject(foreign);
    // Of this approval only what came before the moved one was done.
    await watch(lane, told('approval.voided'));
    expect(changesOf(lane.lab).filter((change) => change.includes('/configmaps/'))).toEqual([]);

    await attend(lane, told('step.ended', 'revert'));
    await setPointer(lane, FOREIGN_POINTER);
    await command(lane, id, 'cancel');
    await watch(lane, ({ state }) => state === 'held');
    await command(lane, id, 'stand-down');
    const after = await approveUntil(lane, id, 'stand-down.done');
    expect(after.findLast(({ kind }) => kind === 'stand-down.done')?.data).toEqual({
      failed: [expect.stringMatching(/^point-dataset-back on /u)],
    });
    const back = await worldState(lane.lab);
    expect(back).toMatchObject({
      ...foreign,
      configMaps: { [story.pointer.name]: { [story.pointer.key]: FOREIGN_POINTER } },
    });
    await setCanaryImage(lane, story.image('7'));
    await setPointer(lane, story.days.latest);
    expect(await worldState(lane.lab)).toEqual(before);
  },
  TEST_MAX_MS,
);
