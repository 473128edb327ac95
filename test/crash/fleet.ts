import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startFirebreak, type Firebreak } from '../../app/firebreak.ts';
import { configurationOf } from '../../cli/demo-firebreak.ts';
import { hire } from '../../cli/demo-people.ts';
import type { DemoPeople } from '../../cli/demo-stage.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Fact } from '../../domain/fact.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import { poisonedData } from '../../lab/scenario/poisoned-data.ts';
import type { SeededWorld } from '../../lab/scenario/scenario.ts';
import type { Closers } from '../closers.ts';
import { freshDatabase, temporalAddress, tempDir, unique, workflowBundlePath } from '../harness.ts';
import { settingsOf, type Places } from './settings.ts';

const PLAYBOOKS = join(import.meta.dirname, '..', '..', 'playbooks');
const PLAYBOOK = 'p2-poisoned-data.yaml';
/** What an alert without a route would run must be there. */
const DRIFT = 'p1-model-drift.yaml';
/** Many monitors share one processor. */
const SCRAPE_MS = 2_000;
const LOOK_MS = 300;
const RUN_MAX_MS = 1_700_000;
const ATTEMPTS_MAX = 10;

/** One lab with the incident that begins in it. */
export interface FleetLane {
  readonly lab: Lab;
  readonly world: SeededWorld;
}

/** One installation whose incidents run side by side, each on systems of its own. */
export interface Fleet {
  readonly places: Places;
  readonly lanes: readonly FleetLane[];
  /**
   * Raises the alerts of these lanes and does what people do until each incident is closed; answers their facts. `running`
   * is told how many of them have not come to their review yet.
   */
  run(
    lanes: readonly FleetLane[],
    running: (lanes: number) => void,
  ): Promise<readonly (readonly Fact[])[]>;
}

const incidents = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      model: z.string().nullable(),
      state: z.string(),
      phase: z.string(),
      stateReason: z.string().nullable(),
    }),
  ),
});
type Incident = z.infer<typeof incidents>['items'][number];
const approvals = z.object({
  items: z.array(z.object({ id: z.string(), planDigest: z.string() })),
});

/** The same story of another model in each lane. */
function openLab(lane: number): Promise<Lab> {
  const end = `-lane${lane.toString()}`;
  const told = poisonedData(new Date(), {
    model: `fraud-scorer${end}`,
    secondModel: `chargeback-ranker${end}`,
    namespace: `ml${end}`,
    dataset: { namespace: `warehouse${end}`, name: 'transactions' },
  });
  return startLab({ ...told, scrapeMs: SCRAPE_MS });
}

/** The playbook as it ships; where it takes the only instance of a connector, it takes that of the incident's lane. */
async function playbooksDir(): Promise<string> {
  const folder = join(await tempDir(), 'playbooks');
  await mkdir(folder);
  const text = await readFile(join(PLAYBOOKS, PLAYBOOK), 'utf8');
  const lane = `pick(model.serving, 'role', 'stable').cluster.split('-')[1]`;
  const named = text.replaceAll(
    /^( *)use: (mlflow|airflow|prometheus|loki)\..*$/gmu,
    (line: string, indent: string, connector: string) =>
      `${line}\n${indent}instance: "\${{ '${connector}-' + ${lane} }}"`,
  );
  await writeFile(join(folder, PLAYBOOK), named);
  await writeFile(join(folder, DRIFT), await readFile(join(PLAYBOOKS, DRIFT)));
  return folder;
}

/** Every lab's systems, model and route under names of their own. */
function configurationFor(labs: readonly Lab[]): Configuration {
  const parts = labs.map((lab, index) => {
    const end = `-${index.toString()}`;
    const { instances, inventory, routes, ...rest } = configurationOf(lab);
    return {
      ...rest,
      instances: instances.map((one) => ({ ...one, name: `${one.name}${end}` })),
      inventory: inventory.map((entry) => ({
        ...entry,
        serving: entry.serving.map((one) => ({ ...one, cluster: `${one.cluster}${end}` })),
      })),
      routes: routes
        .filter(({ playbook }) => playbook === 'poisoned-data')
        .map((route) => ({
          ...route,
          name: `${route.name}${end}`,
          when: `alert.labels.model == '${lab.story.model}'`,
        })),
    };
  });
  const [first] = parts;
  if (!first) throw new Error('a fleet has at least one lane');
  return {
    ...first,
    // All lanes begin at once; none of them is to be collected.
    storm: { newIncidentsMax: 1_000, windowSeconds: 300 },
    slackChannel: null,
    slackIncidentChannels: 'none',
    mailTo: [],
    instances: parts.flatMap(({ instances }) => instances),
    inventory: parts.flatMap(({ inventory }) => inventory),
    routes: parts.flatMap(({ routes }) => routes),
  };
}

/** Opens so many lanes up to the moment before their alerts; the API runs here, a worker does not run yet. */
export async function openFleet(closers: Closers, size: number): Promise<Fleet> {
  const labs: Lab[] = [];
  for (let lane = 0; lane < size; lane += 1) {
    const lab = await openLab(lane);
    closers.push(() => lab.close());
    labs.push(lab);
  }
  const database = await freshDatabase();
  closers.push(() => database.drop());
  const places: Places = {
    dataDir: await tempDir(),
    databaseUrl: database.url,
    temporalAddress: temporalAddress(),
    taskQueue: unique('fleet'),
    playbooksDir: await playbooksDir(),
    configuration: configurationFor(labs),
    bundlePath: await workflowBundlePath(),
    namesActivities: true,
  };
  const firebreak = await startFirebreak(settingsOf(places, 'api'));
  closers.push(() => firebreak.stop());
  const people = await hire(firebreak.url, firebreak.adminToken ?? '');
  const { owner } = people;
  const look = meeting(labs.length, async () => {
    await patiently(() => owner.send('POST', '/sync', { body: {}, schema: z.json() }));
  });
  const lanes = await Promise.all(
    labs.map(async (lab) => ({ lab, world: await seed(lab, firebreak, { owner, look }) })),
  );
  return { places, lanes, run: (started, running) => run({ firebreak, people, running }, started) };
}

/**
 * What all lanes wait for is done once, when the last of them has come: a look sees every lane, and none of them may
 * have had its bad night by then.
 */
function meeting(size: number, work: () => Promise<void>): () => Promise<void> {
  let missing = size;
  let begin: (() => void) | null = null;
  const met = new Promise<void>((resolve) => {
    begin = resolve;
  }).then(work);
  return () => {
    missing -= 1;
    if (missing === 0) begin?.();
    return met;
  };
}

async function seed(
  lab: Lab,
  firebreak: Firebreak,
  { owner, look }: Pick<DemoPeople, 'owner'> & { readonly look: () => Promise<void> },
): Promise<SeededWorld> {
  const token = firebreak.sources.find(({ kind }) => kind === 'alertmanager')?.token ?? '';
  const world = await lab.begin({
    alerts: { url: `${firebreak.url}/api/v1/alerts/alertmanager`, token },
    emit: async (event) => {
      await patiently(() => owner.send('POST', '/lineage', { body: event, schema: z.json() }));
    },
    look,
  });
  // The platform engineer is early: nobody has to wait for the patch.
  await world.closeEntryPath();
  return world;
}

interface Running {
  readonly firebreak: Firebreak;
  readonly people: DemoPeople;
  readonly running: (lanes: number) => void;
}

async function run(
  { firebreak, people, running }: Running,
  lanes: readonly FleetLane[],
): Promise<readonly (readonly Fact[])[]> {
  await Promise.all(lanes.map(({ world }) => world.raiseAlert()));
  const models = lanes.map(({ lab }) => lab.story.model);
  const deadline = Date.now() + RUN_MAX_MS;
  const closing = new Set<string>();
  for (;;) {
    const { items } = await patiently(() => people.owner.get('/incidents?limit=200', incidents));
    const mine = models.flatMap((model) => items.find((one) => one.model === model) ?? []);
    const stopped = items.find(({ state }) => state === 'held' || state === 'stuck');
    if (stopped || Date.now() > deadline) throw await inVain(firebreak, stopped ?? mine[0]);
    if (mine.length === lanes.length && mine.every(({ state }) => state === 'closed')) {
      return Promise.all(mine.map(({ id }) => factsOf(firebreak, id)));
    }
    running(lanes.length - mine.filter(({ phase }) => phase === 'review').length);
    await patiently(() => approveAll(people));
    for (const { id } of mine.filter(({ phase }) => phase === 'review')) {
      if (!closing.has(id)) await patiently(() => close(people, id));
      closing.add(id);
    }
    await sleep(LOOK_MS);
  }
}

/** Asks again what was refused: a busy installation says 503. Raises the last refusal. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
      await sleep(LOOK_MS);
    }
  }
}

/** Approves whatever is asked, as both people. */
async function approveAll({ owner, approvers }: DemoPeople): Promise<void> {
  const { items } = await owner.get('/approvals?status=open&limit=200', approvals);
  for (const { id, planDigest } of items) {
    for (const { person } of approvers) {
      const body = { planDigest, verdict: 'approve' };
      await person.send('POST', `/approvals/${id}/decision`, { body, schema: z.json() });
    }
  }
}

async function close({ owner }: DemoPeople, id: string): Promise<void> {
  const body = { verdict: 'confirmed', reason: 'seen' };
  await owner.send('POST', `/incidents/${id}/close`, { body, schema: z.json() });
}

async function factsOf({ store }: Firebreak, id: string): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of store.facts.all(id)) facts.push(fact);
  return facts;
}

async function inVain(firebreak: Firebreak, incident: Incident | undefined): Promise<Error> {
  const facts = incident ? await factsOf(firebreak, incident.id) : [];
  const told = facts.map(({ sequence, summary }) => `${sequence.toString()} ${summary}`);
  return new Error(`an incident did not end: ${JSON.stringify(incident)}\n${told.join('\n')}`);
}
