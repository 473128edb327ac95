import { setTimeout as sleep } from 'node:timers/promises';
import { contain } from './containment.ts';
import type { RunningFirebreak } from './firebreak.ts';
import type { Floor } from './floor.ts';
import { alone, saturated, type Subject, type Timing } from './load.ts';
import { cpuSeconds } from './machine.ts';
import type { Part } from './options.ts';
import type { Peer } from './peer.ts';
import type { Figures } from './rows.ts';
import { quantile } from './statistics.ts';
import { storm } from './storm.ts';
import type { World } from './world.ts';

/** Incidents of one round, by what they are for. */
export const COUNTS = { warm: 5, alone: 30, saturated: 64, atOnce: 16, storm: 10_000 } as const;
/** Stories of one round: those before it counts, without hold time, and as shipped. */
export const STORIES = { warm: 2, hasty: 6, shipped: 1 } as const;
const SETTLE_MS = 3_000;

/** Everything that a round measures. */
export interface Bench {
  readonly firebreak: RunningFirebreak;
  readonly world: World;
  readonly floor: Floor | null;
  readonly peer: Peer | null;
  readonly parts: ReadonlySet<Part>;
  readonly say: (line: string) => void;
  /** The next models, stories or ids that no round has used. */
  readonly models: (count: number) => readonly string[];
  readonly stories: (count: number) => World['stories'];
  readonly ids: (count: number) => readonly string[];
}

function timingFigures(name: string, timings: readonly Timing[]): Figures {
  const of = (pick: (timing: Timing) => number, q: number): number | null =>
    quantile(timings.map(pick), q);
  return {
    [`${name}.acknowledged`]: of((timing) => timing.acknowledged, 0.5),
    [`${name}.acknowledgedP99`]: of((timing) => timing.acknowledged, 0.99),
    [`${name}.first`]: of((timing) => timing.first, 0.5),
    [`${name}.firstP99`]: of((timing) => timing.first, 0.99),
    [`${name}.fifth`]: of((timing) => timing.fifth, 0.5),
    [`${name}.fifthP99`]: of((timing) => timing.fifth, 0.99),
  };
}

/** Firebreak's own five steps. */
function subjectOf({ firebreak, world }: Bench): Subject {
  return {
    marks: world.marks,
    fire: async (model) => {
      await firebreak.alert({ alertname: 'Bench', model });
    },
  };
}

async function overhead(bench: Bench): Promise<Figures> {
  const { firebreak, models } = bench;
  const subject = subjectOf(bench);
  await alone(subject, models(COUNTS.warm));
  const timings = await alone(subject, models(COUNTS.alone));
  const before = cpuSeconds(firebreak.pid);
  const perSecond = await saturated(subject, models(COUNTS.saturated), COUNTS.atOnce);
  await sleep(SETTLE_MS);
  const cpuMs = ((cpuSeconds(firebreak.pid) - before) * 1000) / COUNTS.saturated;
  return {
    ...timingFigures('firebreak', timings),
    'firebreak.perSecond': perSecond,
    'firebreak.cpuMs': cpuMs,
  };
}

async function floorFigures(floor: Floor, ids: Bench['ids']): Promise<Figures> {
  await floor.alone(ids(COUNTS.warm));
  const timings = await floor.alone(ids(COUNTS.alone));
  const perSecond = await floor.saturated(ids(COUNTS.saturated), COUNTS.atOnce);
  return { ...timingFigures('floor', timings), 'floor.perSecond': perSecond };
}

async function peerFigures(peer: Peer, ids: Bench['ids']): Promise<Figures> {
  await alone(peer, ids(COUNTS.warm));
  const timings = await alone(peer, ids(COUNTS.alone));
  const perSecond = await saturated(peer, ids(COUNTS.saturated), COUNTS.atOnce);
  return { ...timingFigures('dbos', timings), 'dbos.perSecond': perSecond };
}

async function stormFigures({ firebreak, models }: Bench): Promise<Figures> {
  const [model = ''] = models(1);
  const { perSecond, acceptedP99, lost, incidents } = await storm(firebreak, model, COUNTS.storm);
  return {
    'storm.perSecond': perSecond,
    'storm.acceptedP99': acceptedP99,
    'storm.lost': lost,
    'storm.incidents': incidents,
  };
}

async function containmentFigures(bench: Bench): Promise<Figures> {
  const { firebreak, world, stories } = bench;
  const contained = async (count: number): Promise<readonly number[]> => {
    const took: number[] = [];
    for (const scenario of stories(count)) {
      took.push(await contain(firebreak, world, scenario));
      await sleep(SETTLE_MS / 10);
    }
    return took;
  };
  const [first = null] = await contained(STORIES.warm);
  const hasty = await contained(STORIES.hasty);
  const shipped = await contained(STORIES.shipped);
  return {
    'contained.first': first,
    'contained.hasty': quantile(hasty, 0.5),
    'contained.hastyMax': quantile(hasty, 1),
    'contained.shipped': quantile(shipped, 0.5),
  };
}

/** One round: every part, one after the other, so that all of them see the same machine. */
export async function measureRound(bench: Bench): Promise<Figures> {
  const { floor, peer, parts, ids, say } = bench;
  let figures: Figures = {};
  const part = async (name: string, work: () => Promise<Figures>): Promise<void> => {
    const found = await work();
    figures = { ...figures, ...found };
    const shown = Object.entries(found).map(([key, value]) => `${key} ${value?.toFixed(1) ?? '–'}`);
    say(`${name}: ${shown.join(' · ')}`);
  };
  if (floor) await part('floor', () => floorFigures(floor, ids));
  if (parts.has('overhead')) await part('firebreak', () => overhead(bench));
  if (peer) await part('dbos', () => peerFigures(peer, ids));
  // Before the storm: what follows one is the database putting 10,000 alerts in order, which no figure is about.
  if (parts.has('containment')) await part('containment', () => containmentFigures(bench));
  if (parts.has('storm')) await part('storm', () => stormFigures(bench));
  return figures;
}
