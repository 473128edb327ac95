import { AppError } from '../domain/error.ts';
import { newFact, type Fact, type FactKind, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import { isJsonObject } from '../domain/json.ts';
import type { OperationResult } from '../domain/operation.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { ChooseTargetsInput } from './activity.ts';
import type { LoadedIncident, RunReference } from './run-reference.ts';
import { begin, checkGeneration } from './carry.ts';
import { messagesFor } from './message-rows.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { pinnedOf } from './pinned-playbook.ts';
import { outcomeOf } from './results.ts';
import { apartOf } from './served.ts';

/** Kinds of the facts that a run states once over all generations: their keys tell what was stated. */
const ONCE: ReadonlySet<FactKind> = new Set<FactKind>([
  'step.started',
  'step.ended',
  'containment.verified',
  'incident.stabilised',
  'claim.blocked',
]);
/** Kinds of the facts after which the playbook begins again: what was settled before is not settled any more. */
const BEGINS_AGAIN: ReadonlySet<FactKind> = new Set<FactKind>([
  'incident.reopened',
  'incident.rerouted',
  'targets.changed',
]);
/** How the key of the fact begins that ends a stand-down which undid something. */
const STOOD_DOWN = 'stand-down/';
const FACTS_PAGE = 500;
const FACTS_MAX = 100_000;

/** Reads where the incident stands from Postgres alone; at the first run pins its playbook and tells people. */
export async function loadIncident(
  deps: ActivityDependencies,
  reference: RunReference,
): Promise<LoadedIncident> {
  // What an incident is pinned to is what the rules have now, not what they had when this process last acted.
  const [incident] = await Promise.all([begin(deps, reference), deps.rules.follow()]);
  const pinned = await pinnedOf(deps, incident);
  const [opened, results] = await Promise.all([
    open(deps, reference, pinned),
    deps.store.results.ofIncident(incident.id),
  ]);
  return describe(deps, { incident: opened, pinned, results });
}

async function open(
  deps: ActivityDependencies,
  reference: RunReference,
  pinned: PinnedPlaybook,
): Promise<Incident> {
  return deps.store.transaction(async (tables) => {
    const [locked] = await Promise.all([
      tables.incidents.lock(reference.incidentId),
      tables.playbooks.put(pinned),
    ]);
    checkGeneration(locked, reference);
    // A run that somebody reset is not the next one, which only a person begins.
    if (locked.state === 'stuck') throw new AppError('refused', 'The incident is stuck.');
    if (locked.playbookDigest !== null && locked.state === 'open') {
      await Promise.all([
        tables.alerts.drain(locked.id),
        tables.facts.append(locked.id, resumedFact(locked)),
      ]);
      return locked;
    }
    const { title, severity, number, mode } = locked;
    const message = {
      purpose: 'opened',
      subject: `[${severity}] #${number.toString()} ${title}`,
      text: `Playbook: ${pinned.playbook.title}. Mode: ${mode}.`,
      mail: true,
    };
    const [incident] = await Promise.all([
      tables.incidents.change(locked.id, {
        playbookDigest: pinned.digest,
        ...(locked.state === 'pending' ? { state: 'open' as const, stateReason: null } : {}),
      }),
      tables.messages.put(messagesFor(deps, locked.id, [message])),
      tables.alerts.drain(locked.id),
      tables.facts.append(locked.id, [pinnedFact(locked, pinned), ...resumedFact(locked)]),
    ]);
    return incident;
  });
}

function pinnedFact(incident: Incident, pinned: PinnedPlaybook): NewFact {
  const { status, entry, candidates } = incident.targets ?? {
    status: 'none',
    entry: null,
    candidates: [],
  };
  return newFact({
    key: `targets/g${incident.generation.toString()}`,
    kind: 'targets.resolved',
    summary:
      entry === null
        ? `Targets ${status}: ${candidates.length.toString()} candidates wait for a person.`
        : `Target: ${entry.model}. Playbook ${pinned.playbook.name} pinned.`,
    data: {
      status,
      model: entry?.model ?? null,
      candidates: candidates.map(({ model }) => model),
      playbook: pinned.playbook.name,
      playbookDigest: pinned.digest,
      mode: incident.mode,
    },
  });
}

function resumedFact(incident: Incident): readonly NewFact[] {
  if (incident.generation <= 1) return [];
  const generation = incident.generation.toString();
  return [
    newFact({
      key: `incident/resumed/g${generation}`,
      kind: 'incident.resumed',
      summary: `Resumed from Postgres as generation ${generation}.`,
    }),
  ];
}

async function describe(
  deps: ActivityDependencies,
  loaded: {
    readonly incident: Incident;
    readonly pinned: PinnedPlaybook;
    readonly results: readonly OperationResult[];
  },
): Promise<LoadedIncident> {
  const { incident, pinned, results } = loaded;
  const { title, severity, model, owner, mode, paused, targets } = incident;
  const fresh = results.length === 0 && incident.generation === 1;
  const told = fresh ? NOTHING_TOLD : await toldOf(deps, incident.id);
  // What happened before a reopening is not settled: it is done again, in rounds of its own.
  const old = results.filter(({ settledAt }) => settledAt < told.reopenedAt);
  const apart = apartOf(deps);
  return {
    pinned,
    title,
    severity,
    model,
    owner,
    mode,
    paused,
    targetsResolved: targets?.status === 'resolved',
    results: results.filter((result) => !old.includes(result)).map(outcomeOf),
    rounds: Object.fromEntries(old.map(({ operation, round }) => [operation, round + 1])),
    reopenings: told.reopenings,
    stepFacts: told.keys,
    stoodDown: told.stoodDown,
    ...(told.quiet ? { quiet: true } : {}),
    ...(told.cancelled === null ? {} : { cancelled: told.cancelled }),
    ...(apart === null ? {} : { apart }),
  };
}

interface Told {
  readonly keys: readonly string[];
  readonly reopenings: number;
  readonly reopenedAt: string;
  readonly stoodDown: boolean;
  readonly quiet: boolean;
  readonly cancelled: NonNullable<LoadedIncident['cancelled']> | null;
}

const NOTHING_TOLD: Told = {
  keys: [],
  reopenings: 0,
  reopenedAt: '',
  stoodDown: false,
  quiet: false,
  cancelled: null,
};

/** Whether an incident is cancelled once this fact is told; undefined when the fact does not tell. */
function cancelledBy({ kind, actor, summary, data }: Fact): Told['cancelled'] | undefined {
  switch (kind) {
    case 'incident.cancelled': {
      const reason = isJsonObject(data) ? data['reason'] : null;
      return { reason: typeof reason === 'string' ? reason : summary, by: actor };
    }
    case 'incident.released':
    case 'incident.rerouted':
    case 'incident.reopened':
      return null;
    default:
      return undefined;
  }
}

/** Whether what is left pages once this fact is told; undefined when the fact does not tell. */
function quietBy({ kind }: Fact): boolean | undefined {
  if (kind === 'incident.stabilised') return true;
  return kind === 'incident.severity-set' || BEGINS_AGAIN.has(kind) ? false : undefined;
}

async function toldOf(deps: ActivityDependencies, incidentId: string): Promise<Told> {
  const keys: string[] = [];
  let reopenings = 0;
  let reopenedAt = '';
  let stoodDown = false;
  let quiet = false;
  let cancelled: Told['cancelled'] = null;
  for (let after = 0; after < FACTS_MAX;) {
    const page = await deps.store.facts.page(incidentId, after, FACTS_PAGE);
    for (const fact of page) {
      const { kind, key, recordedAt } = fact;
      const tells = cancelledBy(fact);
      if (tells !== undefined) cancelled = tells;
      quiet = quietBy(fact) ?? quiet;
      if (ONCE.has(kind)) keys.push(key);
      if (key.startsWith(STOOD_DOWN)) stoodDown = true;
      if (!BEGINS_AGAIN.has(kind)) continue;
      reopenings += 1;
      reopenedAt = recordedAt;
      stoodDown = false;
    }
    const last = page.at(-1);
    if (!last || page.length < FACTS_PAGE) break;
    after = last.sequence;
  }
  return { keys, reopenings, reopenedAt, stoodDown, quiet, cancelled };
}

/** A person picked the model: the inventory entry becomes the target. An unknown name changes nothing. */
export async function chooseTargets(
  deps: ActivityDependencies,
  input: ChooseTargetsInput,
): Promise<LoadedIncident> {
  const [incident, results] = await Promise.all([
    begin(deps, input),
    deps.store.results.ofIncident(input.incidentId),
  ]);
  const pinned = await pinnedOf(deps, incident);
  const entry = deps.inventory(incident).find(({ model }) => model === input.model);
  if (!entry) return describe(deps, { incident, pinned, results });
  const changed = await deps.store.transaction(async (tables) => {
    const next = await tables.incidents.change(incident.id, {
      model: entry.model,
      targets: {
        status: 'resolved',
        entry,
        candidates: incident.targets?.candidates ?? [],
        steps: incident.targets?.steps ?? [],
      },
    });
    await tables.facts.append(incident.id, [
      newFact({
        key: `targets/${input.decisionId}`,
        kind: 'targets.chosen',
        actor: input.person,
        summary: `${input.person} chose ${entry.model}: ${input.reason}`,
        data: { model: entry.model },
        causes: [`decision/${input.decisionId}`],
      }),
    ]);
    return next;
  });
  return describe(deps, { incident: changed, pinned, results });
}
