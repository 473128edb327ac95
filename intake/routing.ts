import type { Alert, IncomingAlert } from '../domain/alert.ts';
import { DEFAULT_STORM, type Route, type StormConfiguration } from '../domain/configuration.ts';
import { isDrillEntry, type DrillSide } from '../domain/drill.ts';
import { AppError, isAppError } from '../domain/error.ts';
import type { Incident, Severity } from '../domain/incident.ts';
import {
  comparable,
  DEFAULT_SELECTION_RULES,
  indexEntries,
  selectTargets,
  withTellingSteps,
  type ComparableEntry,
} from '../domain/inventory-selection.ts';
import type { InventoryEntry, ResolvedTargets, SelectionRule } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { compileExpression } from '../expression/expression.ts';
import type { CompiledExpression } from '../expression/expression.ts';
import { claimTargetsOf, indexNames, type NamedObjects } from './claim-targets.ts';
import { incidentKeyOf } from './incident-key.ts';
import { stormOf } from './storm.ts';

/** The route that takes what no other took: it only observes. */
export const FALLBACK_ROUTE: Route = {
  name: 'unrouted',
  when: 'true',
  playbook: 'model-drift',
  mode: 'observe',
  vetoSeconds: null,
  severity: 'sev3',
  suspect: null,
  reopenWindowSeconds: 3600,
};
const SUSPECT_LENGTH_MAX = 1000;

/** How an alert is routed, as the store takes it (`Routing` of store/routing.ts). */
export interface AlertRouting {
  readonly incidentKey: string;
  readonly incident: Pick<
    Incident,
    | 'title'
    | 'severity'
    | 'mode'
    | 'drill'
    | 'vetoSeconds'
    | 'route'
    | 'playbookName'
    | 'suspect'
    | 'model'
    | 'targets'
    | 'parameters'
    | 'origin'
    | 'firstAlert'
    | 'onsetAt'
  >;
  readonly reopenWindowSeconds: number;
  readonly claimTargets: readonly string[];
  /** Where it goes instead of opening an incident when too many of its kind open at once. */
  readonly storm: {
    readonly key: string;
    readonly newIncidentsMax: number;
    readonly windowSeconds: number;
    readonly incident: AlertRouting['incident'];
  } | null;
}

/** One route tried on an alert, for `route explain`. */
export interface RouteStep {
  readonly route: string;
  readonly matched: boolean;
  readonly reason: string;
}

/** Why an alert went where it went. */
export interface RouteExplanation {
  readonly route: string;
  readonly steps: readonly RouteStep[];
  readonly suspect: string | null;
  /** With the rules that matched or could not be evaluated; `explainTargets` tells all. */
  readonly targets: ResolvedTargets;
}

/** Routes alerts; pure, so that explaining is the same as doing. */
export interface Router {
  /**
   * Where an alert goes. It is a drill's when its source is, whatever it says; a person who opens an incident says so
   * instead.
   */
  readonly route: (
    incoming: IncomingAlert,
    asked?: DrillSide,
  ) => {
    readonly routing: AlertRouting;
    readonly explanation: RouteExplanation;
    /** The route that took it. */
    readonly route: Route;
  };
  /** What an alert's labels select among what its source may mean, for `targets explain`. */
  readonly explainTargets: (alert: Alert) => ResolvedTargets;
}

/** What a router is made of. Empty `selectionRules` stand for the default ones. */
export interface RouterInput {
  readonly routes: readonly Route[];
  readonly inventory: readonly InventoryEntry[];
  readonly selectionRules: readonly SelectionRule[];
  readonly playbooks: readonly PinnedPlaybook[];
  readonly storm?: StormConfiguration;
  /** Names of the sources whose alerts are drills; none by default. */
  readonly drillSources?: ReadonlySet<string>;
  /** Names of the instances that only drills reach; none by default. */
  readonly drillInstances?: ReadonlySet<string>;
}

/** How long people may veto before the first effect of an incident that goes on by itself, unless its route says so. */
const VETO_SECONDS = 60;

/** How long people may veto before the first effect of an incident of this route and severity, in seconds. */
export function vetoSecondsOf(
  { mode, vetoSeconds }: Pick<Route, 'mode' | 'vetoSeconds'>,
  severity: Severity,
): number {
  if (mode !== 'auto') return 0;
  return vetoSeconds ?? (severity === 'sev1' ? 0 : VETO_SECONDS);
}

interface CompiledRoute {
  readonly route: Route;
  readonly playbookClass: string;
  readonly when: CompiledExpression<'alert'>;
  readonly suspect: CompiledExpression<'alert'> | null;
}

function compileRoute(route: Route, playbooks: readonly PinnedPlaybook[]): CompiledRoute {
  const field = `routes.${route.name}`;
  const pinned = playbooks.find(({ playbook }) => playbook.name === route.playbook);
  if (!pinned) {
    const message = `Route '${route.name}' names the playbook '${route.playbook}', which is not loaded.`;
    throw new AppError('invalid', message, { field: `${field}.playbook` });
  }
  return {
    route,
    playbookClass: pinned.playbook.class,
    when: compileExpression(route.when, 'alert', `${field}.when`),
    suspect:
      route.suspect === null ? null : compileExpression(route.suspect, 'alert', `${field}.suspect`),
  };
}

function tryRoute({ route, when }: CompiledRoute, alert: Alert): RouteStep {
  try {
    const answer = when.evaluate({ alert });
    const matched = answer === true;
    const reason =
      typeof answer === 'boolean' ? (matched ? 'matches' : 'does not match') : 'gives no yes or no';
    return { route: route.name, matched, reason };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return {
      route: route.name,
      matched: false,
      reason: `could not be evaluated: ${error.message}`,
    };
  }
}

/** The suspect that a route reads from the alert; null when it gives none, which a person then names. */
function suspectOf({ suspect }: CompiledRoute, alert: Alert): string | null {
  if (!suspect) return null;
  try {
    const value = suspect.evaluate({ alert });
    return typeof value === 'string' && value !== '' ? value.slice(0, SUSPECT_LENGTH_MAX) : null;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return null;
  }
}

/** Selects targets: of every entry with each rule that was tried, or only of what can matter. */
interface Selector {
  readonly explain: (alert: Alert) => ResolvedTargets;
  /** The same answer without the rules that do not match. */
  readonly select: (alert: Alert) => ResolvedTargets;
}

function createSelector(input: RouterInput): Selector {
  const rules = input.selectionRules.length > 0 ? input.selectionRules : DEFAULT_SELECTION_RULES;
  const compiled = new Map(
    rules.map((rule) => [
      rule.name,
      compileExpression(rule.when, 'selection', `selectionRules.${rule.name}.when`),
    ]),
  );
  const all = input.inventory.map((entry) => comparable(entry, rules));
  const index = indexEntries(all, rules);
  const among = (alert: Alert, entries: readonly ComparableEntry[]): ResolvedTargets =>
    selectTargets({
      alert,
      entries,
      rules,
      evaluate: (rule, entry) => compiled.get(rule.name)?.evaluate({ alert, entry }) === true,
    });
  return {
    explain: (alert) => among(alert, all),
    select: (alert) => withTellingSteps(among(alert, index.candidates(alert))),
  };
}

function chooseRoute(
  routes: readonly CompiledRoute[],
  alert: Alert,
  { drill }: DrillSide,
): { readonly chosen: CompiledRoute; readonly steps: readonly RouteStep[] } {
  const steps: RouteStep[] = [];
  for (const candidate of routes) {
    if (candidate.route.drill === true && !drill) continue;
    const step = tryRoute(candidate, alert);
    steps.push(step);
    if (step.matched) return { chosen: candidate, steps };
  }
  throw new AppError('internal', 'No route matched, not even the fallback.');
}

/** What an alert of one side can be about: a drill's alert selects nothing real, and the other way round. */
interface Scope extends Selector {
  readonly named: NamedObjects;
}

function scopeOf(input: RouterInput, { drill }: DrillSide): Scope {
  const { drillInstances = new Set() } = input;
  const inventory = input.inventory.filter(
    (entry) => isDrillEntry(entry, drillInstances) === drill,
  );
  return { ...createSelector({ ...input, inventory }), named: indexNames(inventory) };
}

/**
 * Compiles routes and selection rules into a router; the first matching route wins, and `unrouted` takes the rest.
 * Raises `invalid` when a route names an unknown playbook or an expression does not type-check.
 */
export function createRouter(input: RouterInput): Router {
  const routes = [...input.routes, FALLBACK_ROUTE].map((route) =>
    compileRoute(route, input.playbooks),
  );
  const scopes = { drill: scopeOf(input, { drill: true }), real: scopeOf(input, { drill: false }) };
  const sideOf = ({ source }: Alert): DrillSide => ({
    drill: input.drillSources?.has(source) === true,
  });
  const route: Router['route'] = ({ alert }, { drill } = sideOf(alert)) => {
    const { select, named } = drill ? scopes.drill : scopes.real;
    const { chosen, steps } = chooseRoute(routes, alert, { drill });
    const suspect = suspectOf(chosen, alert);
    const targets = select(alert);
    const model = targets.entry?.model ?? null;
    const { name, mode, severity, playbook, reopenWindowSeconds } = chosen.route;
    const subject = { model, suspect, fingerprint: alert.fingerprint };
    const routing: AlertRouting = {
      incidentKey: incidentKeyOf(subject, { playbookClass: chosen.playbookClass, mode, drill }),
      incident: {
        title: alert.title,
        severity,
        mode,
        drill,
        vetoSeconds: vetoSecondsOf(chosen.route, severity),
        route: name,
        playbookName: playbook,
        suspect,
        model,
        targets,
        parameters: {},
        origin: { kind: 'alert', by: alert.source, channel: null },
        firstAlert: alert,
        onsetAt: alert.startsAt,
      },
      reopenWindowSeconds,
      claimTargets: claimTargetsOf(alert, targets.entry, named),
      storm: stormOf(alert, { ...chosen, drill }, input.storm ?? DEFAULT_STORM),
    };
    const explanation = { route: name, steps, suspect, targets };
    return { routing, explanation, route: chosen.route };
  };
  const explainTargets: Router['explainTargets'] = (alert) =>
    (sideOf(alert).drill ? scopes.drill : scopes.real).explain(alert);
  return { route, explainTargets };
}
