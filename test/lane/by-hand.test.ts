import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { handOperationSchema } from '../../api/schema/hand-plan.ts';
import type { HandOperation } from '../../domain/hand-plan.ts';
import type { StepName } from '../../domain/playbook.ts';
import { renderHandPlan } from '../../render/hand-plan.ts';
import { closersAfterEach } from '../closers.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { openLane, watch, type Lane } from './lane.ts';
import { worldState } from './world-state.ts';

// Goal: people can do what is left of a plan without the engine, with nothing but a shell and curl. Method: the alert of P2
// comes in while no worker runs; the printed commands of isolate and revert are given to a shell as they are, then
// those of redeploy; each must be taken, and the systems themselves tell what became of it.
const TEST_MAX_MS = 180_000;
const run = promisify(execFile);
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

async function restOf({ owner }: Lane, id: string): Promise<readonly HandOperation[]> {
  const schema = z.object({ items: z.array(handOperationSchema) });
  return (await owner.get(`/incidents/${id}/runbook`, schema)).items;
}

/** Gives the commands of some steps to a shell that stops at the first one that fails; answers them. */
async function doByHand(
  { lab }: Lane,
  rest: readonly HandOperation[],
  steps: readonly StepName[],
): Promise<string> {
  const script = renderHandPlan(rest.filter(({ step }) => steps.includes(step)));
  const { kubernetes, mlflow, airflow } = lab;
  await run('bash', ['-ec', script], {
    env: {
      PATH: process.env['PATH'],
      KUBERNETES: kubernetes.url,
      MLFLOW: mlflow.url,
      AIRFLOW: airflow.url,
    },
  });
  return script;
}

test(
  'the rest of a plan, printed while no engine runs, contains and reverts by a shell alone',
  async () => {
    const lane = await openLane(closers, 'api');
    const { story } = lane.lab;
    const before = await worldState(lane.lab);
    await lane.world.raiseAlert();
    const { incident } = await watch(lane, () => true);
    const rest = await restOf(lane, incident.id);
    expect(await worldState(lane.lab)).toEqual(before);

    const script = await doByHand(lane, rest, ['isolate', 'revert']);
    expect(await worldState(lane.lab)).toMatchObject({
      deployments: { [story.canary ?? '']: { replicas: 0 } },
      services: { [story.service]: { track: 'stable' } },
      configMaps: { [story.pointer.name]: { [story.pointer.key]: story.days.clean } },
      aliases: expect.arrayContaining(['champion=6']),
      paused: true,
    });
    // What a person must still do, look at or ask about stands between the commands.
    expect(script).toContain('approver-security');
    expect(script).toContain('No plain request does this');
    expect(rest.filter(({ kind }) => kind === 'action').length).toBeGreaterThan(8);

    // The same list lifts what it contained: it holds what was there before.
    await doByHand(lane, rest, ['redeploy']);
    expect(await worldState(lane.lab)).toMatchObject({ paused: false });
  },
  TEST_MAX_MS,
);
