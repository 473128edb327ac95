import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { DEFAULT_CAPS, type Caps, type IsolationCaps } from '../../domain/cap.ts';
import type { Route } from '../../domain/configuration.ts';
import type { Fact } from '../../domain/fact.ts';
import { closersAfterEach } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import type { Places } from '../crash/settings.ts';
import { quietTemporalRuntime, tempDir } from '../harness.ts';
import { changesOf } from './changes.ts';
import { approveUntil, close, command, openLane, watch, type Lane } from './lane.ts';
import { told } from './told.ts';
import { worldState } from './world-state.ts';

// Goal: incidents of different models and playbooks that share one Deployment never take each other's change for the
// state before. Method: the lab's cluster; two incidents that scale it to zero, and a third that wants it smaller.
const TEST_MAX_MS = 900_000;
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

const PLAYBOOKS = [
  ['drain', 0],
  ['empty', 0],
  ['thin-out', 5],
] as const;

const NAMESPACE = `namespace: "\${{ model.serving[0].namespace }}"`;
const NAME = `"\${{ model.serving[0].name }}"`;

function playbookOf(name: string, replicas: number): string {
  const count = replicas.toString();
  return `name: ${name}
class: ${name}
title: Scale it to ${count}
isolate:
  - seal: manifests
    use: kubernetes.pod-manifests
    with: { ${NAMESPACE}, deployment: ${NAME} }
  - action: scale
    use: kubernetes.scale
    with: { ${NAMESPACE}, name: ${NAME}, replicas: ${count} }
  - probe: scaled
    use: kubernetes.deployment
    with: { ${NAMESPACE}, name: ${NAME} }
    expect: value.replicas == ${count}
    within: 20s
audit: []
revert: []
forensics: []
redeploy: []
`;
}

const BY_HAND: Route = {
  name: 'by-hand',
  when: "'playbook' in alert.labels",
  playbook: 'drain',
  mode: 'auto',
  vetoSeconds: 0,
  severity: 'sev3',
  suspect: null,
  reopenWindowSeconds: 0,
};

/** All but the last of a model's capacity may go: the canary stays. */
const ALL: IsolationCaps = { targets: 10, modelPercent: 100, totalPercent: 100 };
const WIDE: Caps = { ...DEFAULT_CAPS, atOnce: ALL, perHour: ALL };

/** Two models that one Deployment serves, and the three playbooks. */
async function shared(places: Places): Promise<Places> {
  const { configuration } = places;
  const [entry] = configuration.inventory;
  if (!entry) throw new Error('the lab has no model');
  const folder = join(await tempDir(), 'playbooks');
  await mkdir(folder);
  for (const [name, replicas] of PLAYBOOKS) {
    await writeFile(join(folder, `${name}.yaml`), playbookOf(name, replicas));
  }
  // What an alert without a route would run must be there.
  const drift = 'p1-model-drift.yaml';
  await copyFile(join(places.playbooksDir, drift), join(folder, drift));
  const second = { ...entry, model: 'chargeback-ranker', registryName: 'chargeback-ranker' };
  return {
    ...places,
    playbooksDir: folder,
    configuration: { ...configuration, inventory: [entry, second], routes: [BY_HAND], caps: WIDE },
  };
}

const opened = z.object({ incident: z.object({ id: z.string() }) });

async function open({ owner }: Lane, model: string, playbook: string): Promise<string> {
  const body = { text: `Too odd to serve: model=${model} playbook=${playbook}` };
  const { incident } = await owner.send('POST', '/incidents', { body, schema: opened });
  return incident.id;
}

async function standDown(lane: Lane, id: string): Promise<void> {
  await command(lane, id, 'stand-down');
  await approveUntil(lane, id, 'stand-down.done');
  await close(lane, id);
  await watch(lane, ({ state }) => state === 'closed', id);
}

async function replicasOf({ lab }: Lane): Promise<unknown> {
  const { deployments } = z
    .object({ deployments: z.record(z.string(), z.object({ replicas: z.number() })) })
    .parse(await worldState(lab));
  return deployments[lab.story.stable]?.replicas;
}

function plannedIn(facts: readonly Fact[]): unknown {
  return facts.find(({ kind }) => kind === 'operation.planned')?.data;
}

test(
  'three incidents on one Deployment: what comes back is what was before the first',
  async () => {
    const lane = await openLane(closers, 'all', shared);
    await makeOurBuildCurrent(lane.places);
    const { model, secondModel } = lane.lab.story;
    const before = await replicasOf(lane);
    const inReview = ({ phase }: { readonly phase: string }): boolean => phase === 'review';

    const first = await open(lane, model, 'drain');
    await watch(lane, inReview, first);
    expect(await replicasOf(lane)).toBe(0);
    const second = await open(lane, secondModel, 'empty');
    const joined = await watch(lane, inReview, second);
    expect(plannedIn(joined.facts)).toMatchObject({ before: { replicas: before }, joins: first });
    const third = await open(lane, secondModel, 'thin-out');
    const blocked = await watch(lane, told('claim.blocked', 'scale'), third);
    expect(plannedIn(blocked.facts)).toBeUndefined();

    await standDown(lane, first);
    expect(await replicasOf(lane)).toBe(0);
    await standDown(lane, second);
    const alone = await watch(lane, inReview, third);
    expect(plannedIn(alone.facts)).toMatchObject({ before: { replicas: before } });
    expect(await replicasOf(lane)).toBe(5);
    await standDown(lane, third);
    expect(await replicasOf(lane)).toBe(before);
    // Down once for both, back once, and the same for the third.
    expect(changesOf(lane.lab)).toHaveLength(4);
  },
  TEST_MAX_MS,
);
