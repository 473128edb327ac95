import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startFirebreak, type Firebreak, type ProcessRole } from '../../app/firebreak.ts';
import { configurationOf } from '../../cli/demo-firebreak.ts';
import { hire } from '../../cli/demo-people.ts';
import type { DemoPeople } from '../../cli/demo-stage.ts';
import type { Fact } from '../../domain/fact.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import type { SeededWorld } from '../../lab/scenario/scenario.ts';
import { settingsOf, type Places } from '../crash/settings.ts';
import { freshDatabase, temporalAddress, tempDir, unique, workflowBundlePath } from '../harness.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LOOK_MS = 250;
const RUN_MAX_MS = 900_000;

/** What has to be closed when a lane ends, in order of opening. */
export type Closers = (() => Promise<void>)[];

/** One run of the poisoned-data playbook on a lab of its own, with people who answer. */
export interface Lane extends DemoPeople {
  readonly lab: Lab;
  readonly world: SeededWorld;
  readonly places: Places;
  readonly firebreak: Firebreak;
}

const incidentSchema = z.object({
  id: z.string(),
  state: z.string(),
  phase: z.string(),
  owner: z.string().nullable(),
  stateReason: z.string().nullable(),
});
/** The one incident of a lane. */
export type LaneIncident = z.infer<typeof incidentSchema>;

const incidents = z.object({ items: z.array(incidentSchema) });
const approvals = z.object({
  items: z.array(z.object({ id: z.string(), planDigest: z.string() })),
});

/** Opens a lane up to the moment before the alert. */
export async function openLane(closers: Closers, role: ProcessRole): Promise<Lane> {
  const lab = await startLab('poisoned-data');
  closers.push(() => lab.close());
  const database = await freshDatabase();
  closers.push(() => database.drop());
  const places: Places = {
    dataDir: await tempDir(),
    databaseUrl: database.url,
    temporalAddress: temporalAddress(),
    taskQueue: unique('lane'),
    playbooksDir: join(ROOT, 'playbooks'),
    configuration: { ...configurationOf(lab), slackChannel: null, mailTo: [] },
    bundlePath: await workflowBundlePath(),
  };
  const firebreak = await startFirebreak(settingsOf(places, role));
  closers.push(() => firebreak.stop());
  const people = await hire(firebreak.url, firebreak.adminToken ?? '');
  const token = firebreak.sources.find(({ kind }) => kind === 'alertmanager')?.token ?? '';
  const world = await lab.begin({
    alerts: { url: `${firebreak.url}/api/v1/alerts/alertmanager`, token },
    emit: async (event) => {
      await people.owner.send('POST', '/lineage', { body: event, schema: z.json() });
    },
  });
  return { lab, world, places, firebreak, ...people };
}

/** Every fact of an incident, in order. */
export async function factsOf({ firebreak }: Lane, id: string): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of firebreak.store.facts.all(id)) facts.push(fact);
  return facts;
}

/** Approves whatever is asked now, as both people. */
export async function approveAll({ owner, approvers }: Lane, id: string): Promise<void> {
  const { items } = await owner.get(`/approvals?status=open&incident=${id}`, approvals);
  for (const approval of items) {
    for (const { person } of approvers) {
      const body = { planDigest: approval.planDigest, verdict: 'approve' };
      await person.send('POST', `/approvals/${approval.id}/decision`, { body, schema: z.json() });
    }
  }
}

/** How the one incident of a lane stands; null before the alert opened it. */
async function seen(
  lane: Lane,
): Promise<{ readonly incident: LaneIncident; readonly facts: readonly Fact[] } | null> {
  const [incident] = (await lane.owner.get('/incidents', incidents)).items;
  return incident ? { incident, facts: await factsOf(lane, incident.id) } : null;
}

/**
 * Does what people do on the way (approve, close the entry path) until `ends`; answers the incident with its facts.
 * Raises when it stops before, with what it told.
 */
export async function attend(
  lane: Lane,
  ends: (incident: LaneIncident, facts: readonly Fact[]) => boolean,
): Promise<{ readonly incident: LaneIncident; readonly facts: readonly Fact[] }> {
  const deadline = Date.now() + RUN_MAX_MS;
  while (Date.now() < deadline) {
    const now = await seen(lane);
    if (now && ends(now.incident, now.facts)) return now;
    if (now?.incident.state === 'held' || now?.incident.state === 'stuck') {
      const told = now.facts.map(({ sequence, summary }) => `${sequence.toString()} ${summary}`);
      throw new Error(`stopped: ${now.incident.stateReason ?? ''}\n${told.join('\n')}`);
    }
    if (now) await help(lane, now.incident.id, now.facts);
    await sleep(LOOK_MS);
  }
  throw new Error('no progress');
}

async function help(lane: Lane, id: string, facts: readonly Fact[]): Promise<void> {
  const patched = facts.some(({ operation }) => operation === 'ingest-guard');
  const redeploying = facts.some(
    ({ kind, step }) => kind === 'step.started' && step === 'redeploy',
  );
  if (redeploying && !patched) await lane.world.closeEntryPath();
  await approveAll(lane, id);
}

/** Closes the incident with a verdict, once it may be. */
export async function close({ owner }: Lane, id: string): Promise<void> {
  const body = { verdict: 'confirmed', reason: 'seen' };
  await owner.send('POST', `/incidents/${id}/close`, { body, schema: z.json() });
}

/** Approves what is asked until the incident has told a fact of this kind; answers its facts. */
export async function approveUntil(
  lane: Lane,
  id: string,
  kind: Fact['kind'],
): Promise<readonly Fact[]> {
  const deadline = Date.now() + RUN_MAX_MS;
  for (;;) {
    const facts = await factsOf(lane, id);
    if (facts.some((fact) => fact.kind === kind)) return facts;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${kind}`);
    await approveAll(lane, id);
    await sleep(LOOK_MS);
  }
}
