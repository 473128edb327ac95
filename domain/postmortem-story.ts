import { MILESTONES, type Metrics, type Milestone } from './metrics.ts';
import type { Fact, FactKind } from './fact.ts';
import type { Incident } from './incident.ts';
import type { InventoryEntry } from './inventory.ts';
import type { JsonObject } from './json.ts';
import {
  objectsOf,
  retell,
  state,
  textOf,
  textsOf,
  unknown,
  type FactBook,
  type Statement,
} from './statement.ts';

/** Lists of one statement are cut at so many names; the rest is counted. */
const NAMES_MAX = 50;

/** Names in one line, the rest counted. */
export function namesOf(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const rest = names.length - NAMES_MAX;
  const shown = names.slice(0, NAMES_MAX).join(', ');
  return rest > 0 ? `${shown} and ${rest.toString()} more` : shown;
}

/** Section 1: who and what this is about, each change of severity with its reason. */
export function identity(incident: Incident, book: FactBook): readonly Statement[] {
  const opened = book.first('incident.opened');
  const closed = book.last('incident.closed');
  const people = [
    ...new Set(
      book
        .all(
          'decision.admitted',
          'incident.note',
          'incident.acknowledged',
          'incident.handed-over',
          'incident.closed',
        )
        .map(({ actor }) => actor),
    ),
  ].filter((actor) => actor !== 'engine');
  const lead = book.last('incident.handed-over', 'incident.acknowledged');
  return [
    state('Incident', `#${incident.number.toString()} (${incident.id})`, [opened]),
    state('Title', incident.title, [opened]),
    state('Playbook', incident.playbookName, [opened]),
    state('Mode', incident.mode, [opened]),
    state('Severity when opened', textOf(opened?.data ?? null, 'severity'), [opened]),
    ...book
      .all('incident.severity-set')
      .map((fact) => state('Severity changed', fact.summary, [fact])),
    state('State', incident.state, [closed ?? book.facts.at(-1)]),
    state('Verdict', incident.verdict, [closed]),
    state('Lead', incident.owner, [lead]),
    state(
      'Responders',
      people.length === 0 ? null : namesOf(people),
      book.all('decision.admitted', 'incident.note', 'incident.acknowledged'),
    ),
    unknown('ATLAS techniques'),
    unknown('Traffic light protocol'),
  ];
}

/** What the inventory says of the model; nothing of it is known while no entry is resolved. */
function inventoried(
  entry: InventoryEntry | null,
  resolved: Fact | undefined,
): readonly Statement[] {
  const serving = entry?.serving.map(
    ({ cluster, namespace, kind, name }) => `${cluster}/${kind}/${namespace}/${name}`,
  );
  return [
    state('Registry name and alias', entry && `${entry.registryName}, alias ${entry.alias}`, [
      resolved,
    ]),
    state('Served by', serving && namesOf(serving), [resolved]),
    state('Loaded as', entry?.load, [resolved]),
    state('Pipeline', entry?.pipeline, [resolved]),
    state('Datasets', entry && namesOf(entry.datasets), [resolved]),
    state('Owner', entry?.owner, [resolved]),
  ];
}

/** Section 2: the system as the inventory and the registry know it. */
export function system(incident: Incident, book: FactBook): readonly Statement[] {
  const resolved = book.last('targets.chosen', 'targets.resolved');
  const opened = book.first('incident.opened');
  const traced = book.last('lineage.traced');
  const suspect = incident.suspect ?? (traced ? textOf(traced.data, 'suspect') : null);
  return [
    state('Model', incident.model, [resolved ?? opened]),
    state('Suspect', suspect, [traced ?? opened]),
    ...inventoried(incident.targets?.entry ?? null, resolved),
    unknown('Base model, tokenizer, adapters'),
    unknown('Code commit'),
    unknown('Prompt, tool and guardrail versions'),
    unknown('Intended purpose and risk class'),
  ];
}

const STORY: readonly FactKind[] = [
  'alert.received',
  'alert.flapped',
  'alert.resolved',
  'incident.opened',
  'incident.reopened',
  'incident.resumed',
  'incident.held',
  'incident.stuck',
  'incident.run-refused',
  'incident.signal-ignored',
  'incident.cancelled',
  'incident.stabilised',
  'incident.closed',
  'targets.chosen',
  'step.ended',
  'containment.verified',
  'containment.lapsed',
  'containment.restored',
  'lineage.traced',
  'known-good.chosen',
  'break-glass.broken',
  'break-glass.used',
  'break-glass.reviewed',
  'stand-down.done',
];

/** Section 3: what happened, in the words of the facts, in the order of the log. */
export function story(book: FactBook): readonly Statement[] {
  const told = book.all(...STORY).map(retell);
  return told.length === 0 ? [unknown(null)] : told;
}

const MILESTONE_TITLES: Readonly<Record<Milestone, string>> = {
  onset: 'Onset',
  alert: 'Alert received',
  acknowledged: 'Acknowledged',
  declared: 'Declared',
  contained: 'Contained (verified)',
  scoped: 'Scope known',
  restored: 'Known good serving (verified)',
  redeployed: 'Redeployed',
  closed: 'Closed',
};

/** Section 4: every milestone with its source; those in the wrong order are said to be. */
export function timestamps(metrics: Metrics, book: FactBook): readonly Statement[] {
  const names: readonly Milestone[] = [...MILESTONES, 'acknowledged', 'scoped'];
  const violations = metrics.violations.map(({ earlier, later, facts }) =>
    state(
      'Wrong order',
      `${MILESTONE_TITLES[later]} lies before ${MILESTONE_TITLES[earlier]}: to be corrected.`,
      facts.map((sequence) => book.at(sequence)),
    ),
  );
  return [
    ...names.map((name) => {
      const { at, fact } = metrics.anchors[name];
      return state(MILESTONE_TITLES[name], at, [book.at(fact)]);
    }),
    ...violations,
    unknown('Awareness, by legal regime'),
  ];
}

/** `1 h 2 min 3 s` of milliseconds; null stays null. */
export function durationText(milliseconds: number | null): string | null {
  if (milliseconds === null) return null;
  const seconds = Math.round(milliseconds / 1000);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const shown = parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count.toString()} ${unit}`);
  return shown.length === 0 ? `${milliseconds.toString()} ms` : shown.join(' ');
}

/** Section 5: how long, and what else was reached; what nobody counted is unknown. */
export function impact(metrics: Metrics, book: FactBook): readonly Statement[] {
  const traced = book.last('lineage.traced');
  const data = traced?.data ?? null;
  const models = objectsOf(data, 'models').map(
    (model) => `${textOf(model, 'name') ?? '?'}@${textOf(model, 'version') ?? '?'}`,
  );
  const { onset, contained } = metrics.anchors;
  const ends = [book.at(onset.fact), book.at(contained.fact)];
  return [
    state('Exposed from onset to verified containment', durationText(metrics.exposureMs), ends),
    state('Model versions reached', namesOf(models), [traced]),
    state('Deployments reached', namesOf(textsOf(data, 'deployments')), [traced]),
    unknown('Predictions and users affected'),
    unknown('Data exposed'),
    unknown('Business figure, harm category, jurisdictions'),
  ];
}

function digestText(one: JsonObject): string {
  const name = `${textOf(one, 'name') ?? '?'}@${textOf(one, 'version') ?? '?'}`;
  const recorded = textOf(one, 'recorded') ?? 'unknown';
  const observed = textOf(one, 'observed') ?? textOf(one, 'problem') ?? 'unknown';
  return `${name}: recorded ${recorded}, observed ${observed}`;
}

/** Section 6: what lineage answered; missing edges are unknown, never clean. */
export function lineageAudit(book: FactBook): readonly Statement[] {
  const traced = book.last('lineage.traced');
  if (!traced) return [unknown('Blast radius')];
  const { data } = traced;
  const affected = objectsOf(data, 'affected').map((node) => textOf(node, 'id') ?? '?');
  const digests = objectsOf(data, 'digests');
  const list = (label: string, wanted: string | null): readonly Statement[] =>
    digests
      .filter((one) => textOf(one, 'matches') === wanted)
      .map((one) => state(label, digestText(one), [traced]));
  return [
    state('Blast radius', traced.summary, [traced]),
    state('Affected', namesOf(affected), [traced]),
    state('Ancestry unknown', namesOf(textsOf(data, 'unknown')), [traced]),
    state('Walk cut by a limit', textOf(data, 'truncated') === 'true' ? 'yes' : 'no', [traced]),
    ...list('Digest verified', 'true'),
    ...list('Digest failed', 'false'),
    ...list('Digest not checked', null),
  ];
}

/** Section 7: what was chosen, and why each other candidate was not. */
export function knownGood(book: FactBook): readonly Statement[] {
  const chosen = book.last('known-good.chosen');
  if (!chosen) return [unknown('Known-good version')];
  const { data } = chosen;
  return [
    state('Decision', chosen.summary, [chosen]),
    state('Status', textOf(data, 'status'), [chosen]),
    state('Chosen version', textOf(data, 'version') ?? 'none', [chosen]),
    state('Proof', textOf(data, 'status'), [chosen]),
    state('Proof counts if recorded before', textOf(data, 'windowStart'), [chosen]),
    ...(textsOf(data, 'chosenBy').length === 0
      ? []
      : [
          state('Chosen without all proofs by', namesOf(textsOf(data, 'chosenBy')), [chosen]),
          state('Missing proofs', textsOf(data, 'missing').join(' '), [chosen]),
        ]),
    state('Digest of its bytes', textOf(data, 'digest'), [chosen]),
    state('Trained on', namesOf(textsOf(data, 'datasets')), [chosen]),
    ...objectsOf(data, 'rejected').map((one) =>
      state(
        `Refused: ${textOf(one, 'candidate') ?? '?'}`,
        `${textOf(one, 'reason') ?? 'unknown'} (${textOf(one, 'code') ?? 'unknown'})`,
        [chosen],
      ),
    ),
    ...objectsOf(data, 'unproven').map((one) =>
      state(`Unproven: ${textOf(one, 'candidate') ?? '?'}`, textsOf(one, 'missing').join(' '), [
        chosen,
      ]),
    ),
    unknown('Residual risk'),
  ];
}
