import type { ClosingVerdict } from './incident.ts';

/** Decisions by which people overrule what the engine would do. */
export const OVERRIDE_KINDS = [
  'skip',
  'mark-done',
  'reroute',
  'veto',
  'cancel',
  'stand-down',
] as const;
/** One of `OVERRIDE_KINDS`. */
export type OverrideKind = (typeof OVERRIDE_KINDS)[number];

/** What a route did, or would have done, in the incidents of a time. */
export interface RouteReport {
  /** Its name; null for incidents that none took. */
  readonly route: string | null;
  readonly incidents: number;
  /** Closed incidents by verdict; a verdict that nobody gave is absent. */
  readonly verdicts: Readonly<Partial<Record<ClosingVerdict, number>>>;
  /**
   * Confirmed among those closed as confirmed, false positive or expected change; 0 to 1. Null when none was: what
   * people could not tell says nothing about the route.
   */
  readonly precision: number | null;
  /** Effects that it would have had while it observed, by action. */
  readonly wouldHave: Readonly<Record<string, number>>;
  /** Effects that it had, by action. */
  readonly applied: Readonly<Record<string, number>>;
  /** Alerts that the playbook's own probes confirmed or did not. */
  readonly confirmations: { readonly confirmed: number; readonly unconfirmed: number };
  /** How often people overruled it, by kind of decision. */
  readonly overrides: Readonly<Partial<Record<OverrideKind, number>>>;
}

/** One counted group, as the store answers it. */
export type RouteCount =
  | {
      readonly of: 'incident';
      readonly route: string | null;
      readonly name: ClosingVerdict | null;
      readonly count: number;
    }
  | {
      readonly of: 'would-have' | 'applied';
      readonly route: string | null;
      /** The action. */
      readonly name: string;
      readonly count: number;
    }
  | {
      readonly of: 'confirmation';
      readonly route: string | null;
      readonly name: 'confirmed' | 'unconfirmed';
      readonly count: number;
    }
  | {
      readonly of: 'override';
      readonly route: string | null;
      readonly name: OverrideKind;
      readonly count: number;
    };

function precisionOf(verdicts: RouteReport['verdicts']): number | null {
  const confirmed = verdicts.confirmed ?? 0;
  const told = confirmed + (verdicts.false_positive ?? 0) + (verdicts.expected_change ?? 0);
  return told === 0 ? null : confirmed / told;
}

const EMPTY: Omit<RouteReport, 'route'> = {
  incidents: 0,
  verdicts: {},
  precision: null,
  wouldHave: {},
  applied: {},
  confirmations: { confirmed: 0, unconfirmed: 0 },
  overrides: {},
};

function added(report: RouteReport, row: RouteCount): RouteReport {
  const { count } = row;
  switch (row.of) {
    case 'incident': {
      const verdicts =
        row.name === null ? report.verdicts : { ...report.verdicts, [row.name]: count };
      return { ...report, incidents: report.incidents + count, verdicts };
    }
    case 'would-have':
      return { ...report, wouldHave: { ...report.wouldHave, [row.name]: count } };
    case 'applied':
      return { ...report, applied: { ...report.applied, [row.name]: count } };
    case 'confirmation':
      return { ...report, confirmations: { ...report.confirmations, [row.name]: count } };
    case 'override':
      return { ...report, overrides: { ...report.overrides, [row.name]: count } };
  }
}

/** Folds counted groups into one report a route, by name; the incidents that no route took come last. */
export function routeReports(counts: readonly RouteCount[]): readonly RouteReport[] {
  const reports = new Map<string | null, RouteReport>();
  for (const row of counts) {
    const { route } = row;
    reports.set(route, added(reports.get(route) ?? { route, ...EMPTY }, row));
  }
  return [...reports.values()]
    .map((report) => ({ ...report, precision: precisionOf(report.verdicts) }))
    .sort((a, b) => {
      if (a.route === null || b.route === null) return a.route === null ? 1 : -1;
      return a.route < b.route ? -1 : 1;
    });
}
