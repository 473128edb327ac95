import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Fact } from '../../domain/fact.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import type { Lab } from '../../lab/lab.ts';
import { attend, close, openLane, type Closers, type Lane } from '../lane/lane.ts';
import { makeOurBuildCurrent, startWorkerProcess } from './worker.ts';

const READS = ['GET', 'HEAD', 'OPTIONS'];
const AGENT = 'firebreak';
/** What differs from lane to lane in an address: names that the systems and the incident make up. */
const MADE_UP = /(?<=-)[a-z0-9]{5,}(?=[/-]|$)|firebreak-[0-9a-f]+/gu;

/** When a worker is killed: before the other side acts on a write, after it has, or not at all. */
export type Moment = 'before' | 'after' | null;

/** What one lane saw. */
export interface LaneEnd {
  readonly kills: number;
  /** Writes of ours that changed something, by name, sorted. */
  readonly changes: readonly string[];
  readonly facts: readonly Fact[];
}

type TwinName = 'kubernetes' | 'mlflow' | 'airflow';
const TWINS: readonly TwinName[] = ['kubernetes', 'mlflow', 'airflow'];

function isOurWrite({ method, agent }: Pick<FaultSubject, 'method' | 'agent'>): boolean {
  return agent === AGENT && !READS.includes(method);
}

function nameOf(twin: TwinName, { method, path }: Pick<FaultSubject, 'method' | 'path'>): string {
  return `${twin} ${method} ${(path.split('?')[0] ?? '').replaceAll(MADE_UP, '*')}`;
}

function changesOf(lab: Lab): readonly string[] {
  return TWINS.flatMap((twin) =>
    lab[twin].ledger
      .filter((entry) => entry.changed && isOurWrite(entry))
      .map((entry) => nameOf(twin, entry)),
  ).sort();
}

/** Kills whatever worker runs when `decide` says so, and starts another. */
async function killAsDecided(
  { lab, places }: Lane,
  closers: Closers,
  decide: (write: string) => Moment,
): Promise<() => number> {
  let kills = 0;
  let worker: ChildProcess | null = await startWorkerProcess(places, closers);
  await makeOurBuildCurrent(places);
  const kill = (): void => {
    const killed = worker;
    if (killed === null) return;
    kills += 1;
    worker = null;
    killed.kill('SIGKILL');
    void once(killed, 'exit')
      .then(() => startWorkerProcess(places, closers))
      .then((next) => {
        worker = next;
      });
  };
  for (const twin of TWINS) {
    let decided: Moment = null;
    const matches =
      (moment: Exclude<Moment, null>) =>
      (subject: FaultSubject): boolean => {
        if (worker === null || !isOurWrite(subject)) return false;
        const name = nameOf(twin, subject);
        // The first to be asked decides for both.
        if (moment === 'before') {
          const done = lab[twin].ledger.filter(
            (entry) => entry.changed && isOurWrite(entry) && nameOf(twin, entry) === name,
          ).length;
          decided = decide(`${name} #${(done + 1).toString()}`);
        }
        if (decided !== moment) return false;
        kill();
        return true;
      };
    const times = Number.MAX_SAFE_INTEGER;
    lab[twin].faults.add({ kind: 'cut-before' }, { matches: matches('before'), times });
    lab[twin].faults.add({ kind: 'cut-after' }, { matches: matches('after'), times });
  }
  return () => kills;
}

/** Runs one lane to its end; `decide` is asked at each write of ours, by name and count. */
export async function runKilledLane(decide: (write: string) => Moment): Promise<LaneEnd> {
  const closers: Closers = [];
  try {
    const lane = await openLane(closers, 'api');
    const kills = await killAsDecided(lane, closers, decide);
    await lane.world.raiseAlert();
    const { incident } = await attend(lane, ({ phase }) => phase === 'review');
    await close(lane, incident.id);
    const { facts } = await attend(lane, ({ state }) => state === 'closed');
    return { kills: kills(), changes: changesOf(lane.lab), facts };
  } finally {
    for (const end of closers.splice(0).reverse()) await end();
  }
}
