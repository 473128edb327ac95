import type { FaultSubject } from '../../lab/fault.ts';
import type { Lab } from '../../lab/lab.ts';
import type { LedgerEntry } from '../../lab/twin.ts';

/** The systems that a worker calls. */
export const TWINS = ['kubernetes', 'mlflow', 'airflow', 'prometheus', 'loki'] as const;
type TwinName = (typeof TWINS)[number];
/** Those of them that are never written to. */
const READ_ONLY: readonly TwinName[] = ['prometheus', 'loki'];

const READS = ['GET', 'HEAD', 'OPTIONS'];
/** As a worker of these tests names itself: ours, the activity, its id and the attempt. */
const AGENT = /^firebreak(?: (\w+)\/(\S+)\/(\d+))?$/u;
/** Activities that are no part of an incident's run. */
const ROUNDS = ['watchContainments', 'reconcile', 'sync'];
/** Activities whose next attempt goes on where the row stands: only the first one makes every call. */
const EFFECTS = ['act', 'standDown'];
/** A look that waits for the world repeats itself: so many repeats in one attempt are calls of their own. */
const REPEATS_MAX = 3;

/** What differs from lane to lane in an address: the lane's own names, those that systems and incident make up. */
const MADE_UP =
  /-lane\d+|-[b-df-hj-np-tv-z2-9]{10}(?:-[b-df-hj-np-tv-z2-9]{5})?(?![a-z0-9])|[0-9a-f]{24,}/gu;
/** Query parameters that hold a time. */
const TIMES = ['start', 'end', 'time', 'start_date_gte', 'start_date_lte', 'end_date_gte'];

/** One call of a run. */
export interface Call {
  readonly name: string;
  /** What it is whenever it is sent: system, activity, method and address. */
  readonly place: string;
  readonly write: boolean;
}

function plain(address: string): string {
  return decodeURIComponent(address).replaceAll(MADE_UP, '*');
}

function isOurChange({ agent, method, changed }: LedgerEntry): boolean {
  return changed && AGENT.test(agent) && !READS.includes(method);
}

/** Writes of ours that changed something, by name, sorted. */
export function changesOf(lab: Lab, twins: readonly TwinName[] = TWINS): readonly string[] {
  return twins
    .flatMap((twin) =>
      lab[twin].ledger
        .filter(isOurChange)
        .map(({ method, path }) => `${twin} ${method} ${plain(path.split('?')[0] ?? '')}`),
    )
    .sort();
}

function queryOf(query: string): string {
  const parameters = new URLSearchParams(query);
  for (const time of TIMES) parameters.delete(time);
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/** Which attempt of which activity sends a call; null for what no run asks. */
function activityOf(agent: string): { readonly type: string; readonly attempt: string } | null {
  const [, type, id = '', attempt = ''] = AGENT.exec(agent) ?? [];
  if (type === undefined || ROUNDS.includes(type)) return null;
  if (EFFECTS.includes(type) && attempt !== '1') return null;
  return { type, attempt: `${id}/${attempt}` };
}

/**
 * Names the calls of one lane alike in every lane: by the activity, how much had been changed when this attempt began,
 * method, address, and how often the same was asked in this attempt. Null for what no run asks, and for repeats of a
 * look that waits.
 */
export function createCallNames(lab: Lab): (twin: TwinName, subject: FaultSubject) => Call | null {
  const begun = new Map<string, string>();
  const asked = new Map<string, number>();
  return (twin, { agent, method, path, query }) => {
    const activity = activityOf(agent);
    if (!activity) return null;
    const attempt = `${twin} ${activity.attempt}`;
    // What others change meanwhile, side by side, does not count.
    const changed = READ_ONLY.includes(twin) ? TWINS : [twin];
    const since = begun.get(attempt) ?? changesOf(lab, changed).length.toString();
    begun.set(attempt, since);
    const call = `${method} ${plain(path + queryOf(query ?? ''))}`;
    const occurrence = (asked.get(`${attempt} ${call}`) ?? 0) + 1;
    asked.set(`${attempt} ${call}`, occurrence);
    if (occurrence > REPEATS_MAX) return null;
    return {
      name: `${twin}: ${activity.type} after ${since}: ${call} #${occurrence.toString()}`,
      place: `${twin}: ${activity.type}: ${call}`,
      write: !READS.includes(method),
    };
  };
}
