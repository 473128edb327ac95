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

/** What a name looks like: two names of one skeleton can be taken for each other. */
export function skeletonOf(name: string): string {
  const folded = name.normalize('NFKC').toLowerCase().normalize('NFD');
  return folded
    .replace(/[\p{M}\p{Cf}\s]/gu, '')
    .replace(/./gu, (character) =>
      Object.hasOwn(LOOK_ALIKES, character) ? (LOOK_ALIKES[character] ?? character) : character,
    );
}

/** What target selection needs; `evaluate` answers a rule's expression, or raises. */
export interface SelectionInput {
  readonly alert: Alert;
  readonly entries: readonly InventoryEntry[];
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

function tryRule(input: SelectionInput, rule: SelectionRule, entry: InventoryEntry): SelectionStep {
  const step = { rule: rule.name, model: entry.model };
  try {
    const matched = input.evaluate(rule, entry);
    const confidence = weaker(rule.confidence, entry.confidence);
    const reason = matched
      ? `matches with ${confidence} confidence (rule ${rule.confidence}, entry ${entry.confidence})`
      : 'does not match';
    return { ...step, matched, reason };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown';
    return { ...step, matched: false, reason: `could not be evaluated: ${message}` };
  }
}

/** A name that differs in case only, or by a look-alike letter, is never taken for the model itself. */
function trySimilarName(alert: Alert, entry: InventoryEntry): SelectionStep | undefined {
  const named = alert.labels['model'];
  if (named === undefined || named === entry.model || named === entry.registryName)
    return undefined;
  const skeleton = skeletonOf(named);
  const similar = [entry.model, entry.registryName].some((name) => skeletonOf(name) === skeleton);
  if (!similar || skeleton === '') return undefined;
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
  for (const entry of input.entries) {
    for (const rule of input.rules) {
      const step = tryRule(input, rule, entry);
      steps.push(step);
      if (step.matched) keep(entry, weaker(rule.confidence, entry.confidence));
    }
    const similar = trySimilarName(input.alert, entry);
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
