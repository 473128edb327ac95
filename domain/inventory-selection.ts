import type { Alert } from './alert.ts';
import type {
  Confidence,
  InventoryEntry,
  ResolvedTargets,
  SelectionRule,
  SelectionStep,
} from './inventory.ts';

/** Rules that hold unless the configuration has its own. */
export const DEFAULT_SELECTION_RULES: readonly SelectionRule[] = [
  {
    name: 'model-label',
    when: "get(alert.labels, 'model', '') != '' && (alert.labels.model == entry.model || alert.labels.model == entry.registryName)",
    confidence: 'high',
  },
  {
    name: 'deployment-label',
    when: "entry.serving.exists(s, s.namespace == get(alert.labels, 'namespace', '') && s.name == get(alert.labels, 'deployment', ''))",
    confidence: 'medium',
  },
  {
    name: 'service-label',
    when: "entry.service != null && entry.service == get(alert.labels, 'namespace', '') + '/' + get(alert.labels, 'service', '')",
    confidence: 'low',
  },
];

/** What of an alert and of an entry a default rule compares. */
interface Comparison {
  readonly ofAlert: (labels: Alert['labels']) => string;
  readonly ofEntry: (entry: InventoryEntry) => readonly string[];
}

const place = (namespace: string | undefined, name: string | undefined): string =>
  `${namespace ?? ''}/${name ?? ''}`;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  'model-label': {
    ofAlert: (labels) => labels['model'] ?? '',
    ofEntry: (entry) => [entry.model, entry.registryName],
  },
  'deployment-label': {
    ofAlert: (labels) => place(labels['namespace'], labels['deployment']),
    ofEntry: ({ serving }) => serving.map(({ namespace, name }) => place(namespace, name)),
  },
  'service-label': {
    ofAlert: (labels) => place(labels['namespace'], labels['service']),
    ofEntry: ({ service }) => (service === null ? [] : [service]),
  },
};

/** Name of the built-in rule that finds names which merely look alike. */
export const SIMILAR_NAME_RULE = 'similar-model-name';

const STRENGTH: Readonly<Record<Confidence, number>> = { low: 0, medium: 1, high: 2 };

/** Letters of other alphabets, and digits, that look like Latin letters. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  а: 'a',
  в: 'b',
  е: 'e',
  к: 'k',
  м: 'm',
  н: 'h',
  о: 'o',
  р: 'p',
  с: 'c',
  т: 't',
  у: 'y',
  х: 'x',
  ѕ: 's',
  і: 'i',
  ј: 'j',
  ԁ: 'd',
  ɡ: 'g',
  ո: 'n',
  ν: 'v',
  ω: 'w',
  α: 'a',
  ο: 'o',
  ρ: 'p',
  ι: 'i',
  κ: 'k',
  τ: 't',
  υ: 'u',
  ε: 'e',
  ı: 'i',
  '0': 'o',
  '1': 'l',
  '|': 'l',
  '‐': '-',
  '‑': '-',
  '–': '-',
  _: '-',
};

/** Names that look like nothing else: most are, and need no folding. */
const PLAIN = /^[a-z2-9./:-]*$/;

/** What a name looks like: two names of one skeleton can be taken for each other. */
export function skeletonOf(name: string): string {
  if (PLAIN.test(name)) return name;
  const folded = name.normalize('NFKC').toLowerCase().normalize('NFD');
  return folded
    .replace(/[\p{M}\p{Cf}\s]/gu, '')
    .replace(/./gu, (character) =>
      Object.hasOwn(LOOK_ALIKES, character) ? (LOOK_ALIKES[character] ?? character) : character,
    );
}

/** An inventory entry with what an alert is compared with, worked out once. */
export interface ComparableEntry {
  readonly entry: InventoryEntry;
  /** What its names look like. */
  readonly skeletons: ReadonlySet<string>;
  /** By default rule, the values of which one must be the alert's. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Prepares an entry for `selectTargets`; with rules of one's own nothing is known before they are evaluated. */
export function comparable(
  entry: InventoryEntry,
  rules: readonly SelectionRule[],
): ComparableEntry {
  const known = rules === DEFAULT_SELECTION_RULES ? Object.entries(COMPARISONS) : [];
  return {
    entry,
    skeletons: new Set([entry.model, entry.registryName].map(skeletonOf)),
    keys: new Map(known.map(([rule, { ofEntry }]) => [rule, new Set(ofEntry(entry))])),
  };
}

/** Prepared entries by what an alert is compared with, so that most alerts look at one entry instead of all. */
export interface EntryIndex {
  /** In the order of the inventory: every entry that any rule, or a look-alike name, could select. */
  candidates(alert: Alert): readonly ComparableEntry[];
}

/**
 * Indexes prepared entries. The default rules all compare for equality; with rules of one's own every entry is a
 * candidate, since only their evaluation tells.
 */
export function indexEntries(
  entries: readonly ComparableEntry[],
  rules: readonly SelectionRule[],
): EntryIndex {
  if (rules !== DEFAULT_SELECTION_RULES) return { candidates: () => entries };
  const places = new Map<string, Map<string, number[]>>();
  const put = (kind: string, value: string, place: number): void => {
    const ofKind = places.get(kind) ?? new Map<string, number[]>();
    places.set(kind, ofKind);
    const known = ofKind.get(value);
    if (known === undefined) ofKind.set(value, [place]);
    else known.push(place);
  };
  entries.forEach(({ keys, skeletons }, place) => {
    for (const [rule, values] of keys) for (const value of values) put(rule, value, place);
    for (const skeleton of skeletons) put(SIMILAR_NAME_RULE, skeleton, place);
  });
  return {
    candidates: (alert) => {
      const { keys, skeleton } = soughtBy(alert);
      const sought = [...keys, [SIMILAR_NAME_RULE, skeleton] as const];
      const found = sought.flatMap(([kind, value]) => places.get(kind)?.get(value) ?? []);
      return [...new Set(found)].sort((a, b) => a - b).flatMap((place) => entries[place] ?? []);
    },
  };
}

/** What target selection needs; `evaluate` answers a rule's expression, or raises. */
export interface SelectionInput {
  readonly alert: Alert;
  readonly entries: readonly ComparableEntry[];
  readonly rules: readonly SelectionRule[];
  readonly evaluate: (rule: SelectionRule, entry: InventoryEntry) => boolean;
}

interface Match {
  readonly entry: InventoryEntry;
  readonly confidence: Confidence;
}

function weaker(a: Confidence, b: Confidence): Confidence {
  return STRENGTH[a] <= STRENGTH[b] ? a : b;
}

/** The reason of a rule that was tried and does not select. */
const NO_MATCH = 'does not match';

/** What an alert is compared with in each entry, worked out once. */
interface Sought {
  readonly named: string | undefined;
  readonly skeleton: string;
  readonly keys: ReadonlyMap<string, string>;
}

function soughtBy({ labels }: Alert): Sought {
  const named = labels['model'];
  return {
    named,
    skeleton: named === undefined ? '' : skeletonOf(named),
    keys: new Map(
      Object.entries(COMPARISONS).map(([rule, { ofAlert }]) => [rule, ofAlert(labels)]),
    ),
  };
}

/** False when a default rule compares what differs: its expression need not be evaluated. */
function mayMatch(sought: Sought, rule: SelectionRule, { keys }: ComparableEntry): boolean {
  return keys.get(rule.name)?.has(sought.keys.get(rule.name) ?? '') ?? true;
}

function tryRule(input: SelectionInput, rule: SelectionRule, entry: InventoryEntry): SelectionStep {
  const step = { rule: rule.name, model: entry.model };
  try {
    const matched = input.evaluate(rule, entry);
    const confidence = weaker(rule.confidence, entry.confidence);
    const reason = matched
      ? `matches with ${confidence} confidence (rule ${rule.confidence}, entry ${entry.confidence})`
      : NO_MATCH;
    return { ...step, matched, reason };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown';
    return { ...step, matched: false, reason: `could not be evaluated: ${message}` };
  }
}

/** A name that differs in case only, or by a look-alike letter, is never taken for the model itself. */
function trySimilarName(
  { named, skeleton }: Sought,
  { entry, skeletons }: ComparableEntry,
): SelectionStep | undefined {
  if (named === undefined || named === entry.model || named === entry.registryName)
    return undefined;
  if (skeleton === '' || !skeletons.has(skeleton)) return undefined;
  const reason = `the label model is not '${entry.model}' but looks like it; a person decides`;
  return { rule: SIMILAR_NAME_RULE, model: entry.model, matched: true, reason };
}

function statusOf(strong: readonly Match[], weak: readonly Match[]): ResolvedTargets['status'] {
  if (strong.length === 1) return 'resolved';
  if (strong.length > 1) return 'several';
  return weak.length > 0 ? 'weak' : 'none';
}

/**
 * Which inventory entries an alert's labels select, with every rule that was tried and why. `resolved` only with
 * exactly one entry of at least medium confidence; no label names an object by itself.
 */
export function selectTargets(input: SelectionInput): ResolvedTargets {
  const steps: SelectionStep[] = [];
  const matches = new Map<string, Match>();
  const keep = (entry: InventoryEntry, confidence: Confidence): void => {
    const known = matches.get(entry.model);
    if (known && STRENGTH[known.confidence] >= STRENGTH[confidence]) return;
    matches.set(entry.model, { entry, confidence });
  };
  const sought = soughtBy(input.alert);
  for (const candidate of input.entries) {
    const { entry } = candidate;
    for (const rule of input.rules) {
      const step = mayMatch(sought, rule, candidate)
        ? tryRule(input, rule, entry)
        : { rule: rule.name, model: entry.model, matched: false, reason: NO_MATCH };
      steps.push(step);
      if (step.matched) keep(entry, weaker(rule.confidence, entry.confidence));
    }
    const similar = trySimilarName(sought, candidate);
    if (!similar) continue;
    steps.push(similar);
    keep(entry, 'low');
  }
  const found = [...matches.values()];
  const strong = found.filter(({ confidence }) => STRENGTH[confidence] >= STRENGTH.medium);
  const weak = found.filter(({ confidence }) => confidence === 'low');
  const status = statusOf(strong, weak);
  const entry = status === 'resolved' ? (strong[0]?.entry ?? null) : null;
  const candidates = (strong.length > 0 ? strong : weak).map((match) => match.entry);
  return { status, entry, candidates, steps };
}

/** Without the rules that were tried and did not match: what is kept with an incident, however long the inventory. */
export function withTellingSteps(targets: ResolvedTargets): ResolvedTargets {
  const steps = targets.steps.filter(({ matched, reason }) => matched || reason !== NO_MATCH);
  return { ...targets, steps };
}
