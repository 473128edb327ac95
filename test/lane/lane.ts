import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ProcessRole } from '../../app/firebreak-settings.ts';
import { startFirebreak, type Firebreak } from '../../app/firebreak.ts';
import { configurationOf } from '../../cli/demo-firebreak.ts';
import { hire } from '../../cli/demo-people.ts';
import type { DemoPeople } from '../../cli/demo-stage.ts';
import { factPageSchema } from '../../api/schema/timeline.ts';
import type { Fact } from '../../domain/fact.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import type { SeededWorld } from '../../lab/scenario/scenario.ts';
import type { Closers } from '../closers.ts';
import { bundleOf, settingsOf, type Places } from '../crash/settings.ts';
import { freshDatabase, temporalAddress, tempDir, unique, workflowBundlePath } from '../harness.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LOOK_MS = 250;
const RUN_MAX_MS = 900_000;
const WATCH_MAX_MS = 300_000;
const PAGE_FACTS = 200;

/** What people attend to: they reach the engine through its API alone. */
export interface Attended extends DemoPeople {
  readonly world: SeededWorld;
}

/** One run of the poisoned-data playbook on a lab of its own, with people who answer. */
export interface Lane extends Attended {
  readonly lab: Lab;
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

type Change = (places: Places) => Promise<Places>;

/** Opens a lane up to the moment before the alert; `change` may give it other playbooks or another configuration. */
export async function openLane(
  closers: Closers,
  role: ProcessRole,
  change: Change = (places) => Promise.resolve(places),
): Promise<Lane> {
  return openLaneOn(await startLab('poisoned-data'), closers, { role, change });
}

/** What a lane is opened with. */
interface LaneSettings {
  readonly role: ProcessRole;
  readonly change: Change;
  /** With which the lab's monitor speaks; that of the source which the first start makes when left out. */
  readonly token?: string;
}

/** The same on a lab of one's own, which is closed with the rest. */
export async function openLaneOn(
  lab: Lab,
  closers: Closers,
  { role, change, token: given }: LaneSettings,
): Promise<Lane> {
  closers.push(() => lab.close());
  const database = await freshDatabase();
  closers.push(() => database.drop());
  const places = await change({
    dataDir: await tempDir(),
    databaseUrl: database.url,
    temporalAddress: temporalAddress(),
    taskQueue: unique('lane'),
    playbooksDir: join(ROOT, 'playbooks'),
    configuration: { ...configurationOf(lab), slackChannel: null, mailTo: [] },
    bundlePath: await workflowBundlePath(),
  });
  const bundle = await bundleOf(places);
  const firebreak = await startFirebreak({ ...settingsOf(places, role), bundle });
  closers.push(() => firebreak.stop());
  const people = await hire(firebreak.url, firebreak.adminToken ?? '');
  const own = firebreak.sources.find(({ kind }) => kind === 'alertmanager')?.token ?? '';
  const token = given ?? own;
  const world = await lab.begin({
    alerts: { url: `${firebreak.url}/api/v1/alerts/alertmanager`, token },
    emit: async (event) => {
      await people.owner.send('POST', '/lineage', { body: event, schema: z.json() });
    },
    look: async () => {
      await people.owner.send('POST', '/sync', { body: {}, schema: z.json() });
    },
  });
  return { lab, world, places, firebreak, ...people };
}

/** Every fact of an incident, in order. */
export async function factsOf({ owner }: Attended, id: string): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page: z.infer<typeof factPageSchema> = await owner.get(
      `/incidents/${id}/timeline?limit=${PAGE_FACTS.toString()}${from}`,
      factPageSchema,
    );
    facts.push(...page.items);
    cursor = page.next;
  }
  return facts;
}

/** Approves whatever is asked now, as both people. */
export async function approveAll({ owner, approvers }: Attended, id: string): Promise<void> {
  const { items } = await owner.get(`/approvals?status=open&incident=${id}`, approvals);
  for (const approval of items) {
    for (const { person } of approvers) {
      const body = { planDigest: approval.planDigest, verdict: 'approve' };
      await person.send('POST', `/approvals/${approval.id}/decision`, { body, schema: z.json() });
    }
  }
}

/** How an incident stands and what it told. */
interface Seen {
  readonly incident: LaneIncident;
  readonly facts: readonly Fact[];
}

/** The incident asked for, or the newest one; null before there is one. */
async function seen(lane: Attended, id: string | undefined): Promise<Seen | null> {
  const { items } = await lane.owner.get('/incidents', incidents);
  const incident = items.find((one) => id === undefined || one.id === id);
  return incident ? { incident, facts: await factsOf(lane, incident.id) } : null;
}

/**
 * Does what people do on the way (approve, close the entry path) until `ends`; answers the incident, the newest one
 * where none is named, with its facts. Raises when it stops before, with what it told.
 */
export async function attend(
  lane: Attended,
  ends: (incident: LaneIncident, facts: readonly Fact[]) => boolean,
  id?: string,
): Promise<Seen> {
  return follow(lane, { id, ends, helps: true });
}

/** The same without any help: waits until it has come so far by itself. */
export async function watch(
  lane: Attended,
  ends: (incident: LaneIncident, facts: readonly Fact[]) => boolean | Promise<boolean>,
  id?: string,
): Promise<Seen> {
  return follow(lane, { id, ends, helps: false });
}

async function follow(
  lane: Attended,
  how: {
    readonly id: string | undefined;
    readonly ends: (incident: LaneIncident, facts: readonly Fact[]) => boolean | Promise<boolean>;
    readonly helps: boolean;
  },
): Promise<Seen> {
  const deadline = Date.now() + (how.helps ? RUN_MAX_MS : WATCH_MAX_MS);
  for (;;) {
    const now = await seen(lane, how.id);
    if (now && (await how.ends(now.incident, now.facts))) return now;
    if (Date.now() > deadline || (how.helps && isStopped(now))) throw inVain(now);
    if (how.helps && now) await help(lane, now.incident.id, now.facts);
    await sleep(LOOK_MS);
  }
}

function isStopped(now: Seen | null): boolean {
  return now?.incident.state === 'held' || now?.incident.state === 'stuck';
}

function inVain(now: Seen | null): Error {
  if (now === null) return new Error('no incident was opened');
  const { incident, facts } = now;
  const told = facts.map(({ sequence, summary }) => `${sequence.toString()} ${summary}`);
  return new Error(`stopped: ${incident.stateReason ?? 'no progress'}\n${told.join('\n')}`);
}

async function help(lane: Attended, id: string, facts: readonly Fact[]): Promise<void> {
  const patched = facts.some(({ operation }) => operation === 'ingest-guard');
  const redeploying = facts.some(
    ({ kind, step }) => kind === 'step.started' && step === 'redeploy',
  );
  if (redeploying && !patched) await lane.world.closeEntryPath();
  await approveAll(lane, id);
}

/** States in which a plan was never in force, or is no more. */
const NOT_IN_FORCE = ['void', 'refused', 'reverted'];
const operations = z.object({
  items: z.array(
    z.object({
      operation: z.string(),
      containment: z.boolean(),
      superseded: z.boolean(),
      state: z.string(),
    }),
  ),
});

/** The states of what an incident contains. */
export async function containmentsOf({ owner }: Attended, id: string): Promise<readonly string[]> {
  const { items } = await owner.get(`/incidents/${id}/plans`, operations);
  return items
    .filter(({ containment, superseded }) => containment && !superseded)
    .map(({ state }) => state)
    .filter((state) => !NOT_IN_FORCE.includes(state));
}

/** Sends a command that only needs a reason. */
export async function command(
  { owner }: Attended,
  id: string,
  name: 'cancel' | 'retry' | 'stand-down',
): Promise<void> {
  const body = name === 'retry' ? {} : { reason: 'enough' };
  await owner.send('POST', `/incidents/${id}/${name}`, { body, schema: z.json() });
}

/** Closes the incident with a verdict, once it may be. */
export async function close({ owner }: Attended, id: string): Promise<void> {
  const body = { verdict: 'confirmed', reason: 'seen' };
  await owner.send('POST', `/incidents/${id}/close`, { body, schema: z.json() });
}

/** Approves what is asked until the incident has told a fact of this kind; answers its facts. */
export async function approveUntil(
  lane: Attended,
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
