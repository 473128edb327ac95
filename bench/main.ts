// `npm run bench`: how fast Firebreak is with everything on, beside the bare floor and a peer.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from '../app/cache-folder.ts';
import { processEnvironment } from '../app/environment.ts';
import { buildProgram } from './program.ts';
import { CLUSTERS, configurationText } from './configuration.ts';
import { install, startFirebreak, type Installation, type RunningFirebreak } from './firebreak.ts';
import { startFloor } from './floor.ts';
import { loadNow, machineClass, residentMiB, watchStolen } from './machine.ts';
import { COUNTS, measureRound, STORIES, type Bench } from './measure.ts';
import { readOptions, type Options } from './options.ts';
import { startPeer } from './peer.ts';
import { peopleFigures } from './people.ts';
import { pageOf, tableOf } from './report.ts';
import { rowsOf, type Figures } from './rows.ts';
import { syncFigures } from './sync.ts';
import { startWorld, type World } from './world.ts';

const IDLE_MS = 20_000;
/** The first on an empty folder, the others on one in use. */
const STARTS = 3;
const STORIES_PER_ROUND = STORIES.warm + STORIES.hasty + STORIES.shipped;
const RESULTS = join(import.meta.dirname, 'RESULTS.md');

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

/** Hands out things that are used once. */
function dispenser<T>(all: readonly T[]): (count: number) => readonly T[] {
  const left = [...all];
  return (count) => {
    if (count > left.length) throw new Error('The benchmark was laid out for fewer.');
    return left.splice(0, count);
  };
}

/** Models, stories and names for every round. */
interface Supplies {
  readonly models: readonly string[];
  readonly stories: number;
  readonly ids: readonly string[];
}

function suppliesFor({ rounds, parts }: Options): Supplies {
  const perRound = COUNTS.warm + COUNTS.alone + COUNTS.saturated;
  const numbered = (prefix: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${prefix}-${(index + 1).toString()}`);
  return {
    models: numbered('five', rounds * (perRound + 1)),
    stories: parts.has('containment') ? rounds * STORIES_PER_ROUND : 0,
    ids: numbered(`bench-${process.pid.toString()}`, 2 * rounds * perRound),
  };
}

/** Which story runs under which cluster: in each round first those without hold time. */
function storiesByCluster(world: World): readonly {
  readonly story: World['stories'][number]['story'];
  readonly cluster: string;
}[] {
  return world.stories.map(({ story }, index) => {
    const isShipped = index % STORIES_PER_ROUND >= STORIES.warm + STORIES.hasty;
    const cluster = isShipped ? CLUSTERS.shipped : CLUSTERS.hasty;
    return { story, cluster };
  });
}

/** Starts it as often as asked; answers the last one, and how long each start took. */
async function starts(
  installation: Installation,
  count: number,
): Promise<{ readonly firebreak: RunningFirebreak; readonly seconds: readonly number[] }> {
  let firebreak = await startFirebreak(installation, null);
  const seconds = [firebreak.startedMs / 1000];
  while (seconds.length < count) {
    await firebreak.stop();
    firebreak = await startFirebreak(installation, firebreak.tokens);
    seconds.push(firebreak.startedMs / 1000);
  }
  return { firebreak, seconds };
}

async function versionsLine(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  const version = /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
  return `Firebreak ${version}, Node ${process.versions.node}`;
}

/** Everything that has to be ended, the newest first. */
type Closers = (() => Promise<unknown>)[];

/** A bench that is set up, with what its start told. */
interface Prepared {
  readonly bench: Bench;
  /** What was measured once, before the rounds. */
  readonly once: Figures;
  /** Measures how people and the engine wait for each other, when nothing else runs; one entry a round. */
  readonly people: () => Promise<readonly Figures[]>;
  readonly startSeconds: readonly number[];
  readonly idleMiB: number | null;
}

/** Firebreak, its world, and what it is compared with, each in a process of its own. */
async function prepare(options: Options, closers: Closers): Promise<Prepared> {
  const { parts } = options;
  const folder = await mkdtemp(join(tmpdir(), 'firebreak-bench-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const program = await buildProgram(folder);
  say('the program is built');
  const supplies = suppliesFor(options);
  const world = await startWorld(supplies.stories);
  closers.push(() => world.close());
  const stories = storiesByCluster(world);
  const text = configurationText({ urls: world.urls, models: supplies.models, stories });
  const installation = await install(join(folder, 'firebreak'), program, text);
  const { firebreak, seconds } = await starts(installation, parts.has('starts') ? STARTS : 1);
  closers.push(() => firebreak.stop());
  say(`Firebreak is up after ${seconds.map((one) => one.toFixed(1)).join(', ')} s`);
  await world.seed(supplies.models, async (event) => {
    await firebreak.client.sendLineage(JSON.stringify(event));
  });
  say('the world is laid out');
  if (parts.has('starts')) await sleep(IDLE_MS);
  const idleMiB = residentMiB(firebreak.pid);
  const floor = parts.has('floor') ? await startFloor(firebreak.temporal, folder) : null;
  if (floor) closers.push(() => floor.stop());
  const cacheDir = cacheFolder(processEnvironment());
  const dataDir = join(folder, 'dbos');
  const peer = parts.has('dbos') ? await startPeer({ dataDir, cacheDir, log: say }) : null;
  if (peer) closers.push(() => peer.stop());
  const bench: Bench = {
    ...{ firebreak, world, floor, peer, parts, say },
    models: dispenser(supplies.models),
    stories: dispenser(world.stories),
    ids: dispenser(supplies.ids),
  };
  const once = parts.has('sync') ? await syncFigures(folder, program) : {};
  const people = async (): Promise<readonly Figures[]> =>
    parts.has('people') ? peopleFigures(folder, program, options.rounds) : [];
  return { bench, once, people, startSeconds: seconds, idleMiB };
}

async function run(options: Options, closers: Closers): Promise<void> {
  const { rounds } = options;
  const { bench, once, people, startSeconds, idleMiB } = await prepare(options, closers);
  const figures: Figures[] = [];
  const loads: string[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const before = loadNow();
    const stolen = watchStolen();
    say(`round ${round.toString()} of ${rounds.toString()}, load ${before}`);
    const measured = await measureRound(bench);
    loads.push(`${before} → ${loadNow()} (${stolen()} %)`);
    figures.push({
      ...measured,
      ...once,
      // Only in the first round it is the first of the process.
      'contained.first': round === 1 ? (measured['contained.first'] ?? null) : null,
      'start.fresh': startSeconds[0] ?? null,
      'start.again': startSeconds[round] ?? null,
      'start.residentMiB': idleMiB,
      'end.residentMiB': residentMiB(bench.firebreak.pid),
    });
  }
  say(`load of the last minute, before and after each round: ${loads.join(', ')}`);
  for (const [index, measured] of (await people()).entries()) {
    figures[index] = { ...figures[index], ...measured };
  }
  const rows = rowsOf(figures);
  process.stdout.write(`${tableOf(rows)}\n`);
  if (!options.writes) return;
  const command = rounds === 3 ? 'npm run bench' : `npm run bench -- --rounds ${rounds.toString()}`;
  const date = new Date().toISOString().slice(0, 10);
  const versions = await versionsLine();
  const setting = { date, machine: machineClass(), versions, command, rounds, loads };
  await writeFile(RESULTS, pageOf(setting, rows));
  say(`written to ${RESULTS}`);
}

const closers: Closers = [];
const interrupted = Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
try {
  const work = run(readOptions(process.argv.slice(2)), closers);
  work.catch(() => undefined);
  const ended = await Promise.race([work.then(() => null), interrupted]);
  if (ended !== null) process.exitCode = 130;
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
} finally {
  for (const close of closers.reverse()) await close().catch(() => undefined);
}
process.exit();
