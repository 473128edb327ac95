import { spreadOf, type Spread } from './statistics.ts';

/** What one round, or the start, measured: a number by its name; null where there is none. */
export type Figures = Readonly<Record<string, number | null>>;

/** One line of the table. */
export interface Row {
  readonly title: string;
  readonly unit: string;
  /** The figures of each round. */
  readonly values: readonly (number | null)[];
  readonly digits: number;
  /** What is to be reached, and on which side of it a value lies well. */
  readonly target?: { readonly limit: number; readonly side: 'atMost' | 'atLeast' };
}

/** A line with its median, its range and whether it reaches its target. */
export interface JudgedRow extends Row {
  readonly spread: Spread;
  readonly reached: boolean | null;
}

type Named = Omit<Row, 'values'> & { readonly figure: string };
type Divided = Omit<Row, 'values' | 'unit' | 'digits'> & {
  readonly of: string;
  readonly by: string;
};

const atMost = (limit: number) => ({ limit, side: 'atMost' as const });
const atLeast = (limit: number) => ({ limit, side: 'atLeast' as const });
const ms = (figure: string, title: string, limit?: number): Named => ({
  figure,
  title,
  unit: 'ms',
  digits: 1,
  ...(limit === undefined ? {} : { target: atMost(limit) }),
});

const NAMED: readonly (Named | Divided)[] = [
  ms('contained.hasty', '**alert → verified contained**, hold time zero, p50', 400),
  ms('contained.hastyMax', 'alert → verified contained, hold time zero, slowest'),
  ms('contained.first', 'the same, the first of the process'),
  ms('contained.shipped', 'alert → verified contained, as shipped (hold time 30 s), p50'),
  ms('firebreak.acknowledged', 'alert → 202, p50', 15),
  ms('firebreak.acknowledgedP99', 'alert → 202, p99'),
  ms('firebreak.first', 'alert → first isolation call (its seal before it), p50', 100),
  ms('firebreak.firstP99', 'alert → first isolation call, p99'),
  ms('firebreak.fifth', "alert → fifth step's call (approvals off), p50"),
  ms('firebreak.fifthP99', "alert → fifth step's call, p99"),
  {
    figure: 'firebreak.perSecond',
    title: 'five-step incidents a second, 16 at once',
    unit: '/s',
    digits: 1,
    target: atLeast(4),
  },
  ms('firebreak.cpuMs', 'CPU of all processes for one incident'),
  {
    figure: 'storm.perSecond',
    title: 'storm of 10,000 alerts into one incident',
    unit: 'alerts/s',
    digits: 0,
    target: atLeast(800),
  },
  ms('storm.acceptedP99', 'alert → 202 in the storm, p99'),
  {
    figure: 'storm.lost',
    title: 'alerts of the storm that were accepted and lost',
    unit: '',
    digits: 0,
    target: atMost(0),
  },
  {
    figure: 'storm.incidents',
    title: 'incidents of the storm',
    unit: '',
    digits: 0,
    target: atMost(1),
  },
  {
    figure: 'sync.fullSeconds',
    title: 'first look at 10,000 versions and 1,000 serving objects, every byte read',
    unit: 's',
    digits: 0,
    target: atMost(300),
  },
  {
    figure: 'sync.steadyPercent',
    title: 'the look every five minutes at the same, unchanged, of one core, median of five',
    unit: '%',
    digits: 2,
    target: atMost(1),
  },
  { figure: 'sync.steadyMean', title: 'the same, mean of the five', unit: '%', digits: 2 },
  {
    figure: 'sync.steadyLargest',
    title: 'the same, the largest of the five',
    unit: '%',
    digits: 2,
  },
  {
    figure: 'sync.readAgain',
    title: 'files that a look read a second time',
    unit: '',
    digits: 0,
    target: atMost(0),
  },
  {
    figure: 'sync.steadyRequests',
    title: 'requests of an unchanged look to the registry',
    unit: '',
    digits: 0,
  },
  ms('people.ack', 'command in Slack → acknowledged, under 1,000 alerts/s, p50'),
  ms('people.ackP99', 'command in Slack → acknowledged, under 1,000 alerts/s, p99', 500),
  ms('people.ackFirst', 'the same in the first storm of the process, p99'),
  {
    figure: 'people.stormPerSecond',
    title: 'alerts a second that came beside it',
    unit: 'alerts/s',
    digits: 0,
    target: atLeast(950),
  },
  ms('people.call', 'approval → next call of a connector, p50', 100),
  ms('people.told', 'alert → first message in Slack, p50', 1_000),
  ms('people.card', 'alert → card of an approval in Slack (planned before it), p50', 1_000),
  ms('people.listed', '10,000 open approvals: a page of 200, p50', 100),
  ms('floor.first', 'floor: start → first empty activity, p50'),
  ms('floor.fifth', 'floor: start → fifth empty activity, p50'),
  {
    figure: 'floor.perSecond',
    title: 'floor: workflows a second, 16 at once',
    unit: '/s',
    digits: 1,
  },
  ms('dbos.acknowledged', 'DBOS: alert → 202, p50'),
  ms('dbos.first', 'DBOS: alert → first call, p50'),
  ms('dbos.fifth', 'DBOS: alert → fifth call, p50'),
  {
    figure: 'dbos.perSecond',
    title: 'DBOS: incidents a second, 16 at once',
    unit: '/s',
    digits: 1,
  },
  {
    title: 'first isolation call ÷ floor’s first activity',
    of: 'firebreak.first',
    by: 'floor.first',
    target: atMost(5),
  },
  {
    title: 'fifth call ÷ floor’s fifth activity',
    of: 'firebreak.fifth',
    by: 'floor.fifth',
    target: atMost(3),
  },
  {
    title: 'approval → next call ÷ floor’s first activity',
    of: 'people.call',
    by: 'floor.first',
  },
  { title: 'first call ÷ DBOS', of: 'firebreak.first', by: 'dbos.first' },
  { title: 'fifth call ÷ DBOS', of: 'firebreak.fifth', by: 'dbos.fifth' },
  {
    title: 'incidents a second, DBOS ÷ Firebreak',
    of: 'dbos.perSecond',
    by: 'firebreak.perSecond',
  },
  {
    figure: 'start.fresh',
    title: 'cold start on an empty folder: process → takes alerts, polls for work',
    unit: 's',
    digits: 1,
  },
  {
    figure: 'start.again',
    title: 'cold start on a folder in use',
    unit: 's',
    digits: 1,
  },
  {
    figure: 'start.residentMiB',
    title: 'idle memory of API and worker (one process)',
    unit: 'MiB',
    digits: 0,
    target: atMost(400),
  },
  { figure: 'end.residentMiB', title: 'the same after all incidents', unit: 'MiB', digits: 0 },
];

function rowOf(named: Named | Divided, rounds: readonly Figures[]): Row {
  if ('figure' in named) {
    return { ...named, values: rounds.map((figures) => figures[named.figure] ?? null) };
  }
  const values = rounds.map((figures) => {
    const of = figures[named.of] ?? null;
    const by = figures[named.by] ?? null;
    return of === null || by === null ? null : of / by;
  });
  return { ...named, unit: '×', digits: 1, values };
}

function judged(row: Row): readonly JudgedRow[] {
  const spread = spreadOf(row.values);
  if (spread === null) return [];
  const { target } = row;
  if (!target) return [{ ...row, spread, reached: null }];
  const { limit, side } = target;
  const reached = side === 'atMost' ? spread.median <= limit : spread.median >= limit;
  return [{ ...row, spread, reached }];
}

/** The lines of the table that were measured, in its order. */
export function rowsOf(rounds: readonly Figures[]): readonly JudgedRow[] {
  return NAMED.flatMap((named) => judged(rowOf(named, rounds)));
}
