import type { Incident } from './incident.ts';
import { claimTargetsOf, type OperationRow } from './operation.ts';

/** What a halt can stop. `all` is the whole engine; every other one names a subject. */
export const HALT_SCOPES = ['all', 'playbook', 'model', 'namespace', 'connector'] as const;
/** One of `HALT_SCOPES`. */
export type HaltScope = (typeof HALT_SCOPES)[number];

/** What one halt is about. */
export interface HaltSubject {
  readonly scope: HaltScope;
  /** Name of the playbook, model, namespace, connector or instance; null exactly when the scope is `all`. */
  readonly subject: string | null;
}

/** A halt: as long as nobody has lifted it, no effect that it is about happens. Kept for good. */
export interface Halt extends HaltSubject {
  readonly id: string;
  readonly reason: string;
  /** A person's id; for a halt written past the API the login of who wrote it. */
  readonly haltedBy: string;
  /** `api`, `cli`, `page`, or `direct`: written past the API. */
  readonly channel: string;
  /** RFC 3339 UTC. */
  readonly haltedAt: string;
  /** Who lifted it, why and when; all null while it is in force. */
  readonly resumedBy: string | null;
  readonly resumedReason: string | null;
  readonly resumedAt: string | null;
}

/** What an effect, or an incident as a whole, touches. */
export interface HaltedThing {
  readonly playbook: string;
  readonly models: readonly string[];
  readonly namespaces: readonly string[];
  /** Kinds (`mlflow`) and instances by their names. */
  readonly connectors: readonly string[];
}

/** The place of the namespace in a target: `<instance>/<kind>/<namespace>/<name>`. */
const NAMESPACE_PART = 2;
const NO_NAMESPACE = '-';

function modelsOf({ model, targets }: Pick<Incident, 'model' | 'targets'>): readonly string[] {
  const entry = targets?.entry;
  return [...(model === null ? [] : [model]), ...(entry ? [entry.model, entry.registryName] : [])];
}

function kindOf(use: string): string {
  return use.split('.')[0] ?? use;
}

/** What one effect touches: of its incident the playbook and the model, of its plan everything that it claims. */
export function thingOfEffect(
  incident: Pick<Incident, 'playbookName' | 'model' | 'targets'>,
  row: Pick<OperationRow, 'target' | 'instance' | 'use' | 'plan'>,
): HaltedThing {
  return {
    playbook: incident.playbookName,
    models: modelsOf(incident),
    namespaces: claimTargetsOf(row)
      .map((target) => target.split('/')[NAMESPACE_PART] ?? NO_NAMESPACE)
      .filter((namespace) => namespace !== NO_NAMESPACE),
    connectors: [row.instance, kindOf(row.use)],
  };
}

/** What an incident touches: everything that its effects do, and where its model serves. */
export function thingOfIncident(
  incident: Pick<Incident, 'playbookName' | 'model' | 'targets'>,
  rows: readonly Pick<OperationRow, 'target' | 'instance' | 'use' | 'plan'>[],
): HaltedThing {
  const serving = incident.targets?.entry?.serving ?? [];
  const effects = rows.map((row) => thingOfEffect(incident, row));
  return {
    playbook: incident.playbookName,
    models: modelsOf(incident),
    namespaces: [
      ...serving.map(({ namespace }) => namespace),
      ...effects.flatMap(({ namespaces }) => namespaces),
    ],
    connectors: [
      ...serving.map(({ cluster }) => cluster),
      ...effects.flatMap(({ connectors }) => connectors),
    ],
  };
}

function concerns({ scope, subject }: HaltSubject, thing: HaltedThing): boolean {
  if (scope === 'all') return true;
  if (subject === null) return true;
  switch (scope) {
    case 'playbook':
      return thing.playbook === subject;
    case 'model':
      return thing.models.includes(subject);
    case 'namespace':
      return thing.namespaces.includes(subject);
    case 'connector':
      return thing.connectors.includes(subject);
  }
}

/** The halts in force that are about this thing, in their order. */
export function haltsOn(halts: readonly Halt[], thing: HaltedThing): readonly Halt[] {
  return halts.filter((halt) => halt.resumedAt === null && concerns(halt, thing));
}

const PLAIN_WORD = /^[A-Za-z0-9][A-Za-z0-9._@/-]*$/u;

/** A word as a shell takes it: in single quotes when it is not plain. */
export function shellWord(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The options that name a halt on the command line: `--all`, or `--model NAME`. */
export function haltOptions({ scope, subject }: HaltSubject): string {
  return subject === null ? `--${scope}` : `--${scope} ${shellWord(subject)}`;
}

/** The exact command that lifts a halt. */
export function resumeCommandOf(halt: HaltSubject): string {
  return `firebreak resume ${haltOptions(halt)} --reason "WHY"`;
}

/** What is halted, in words: `everything`, or `model fraud-scorer`. */
export function haltedWords({ scope, subject }: HaltSubject): string {
  return subject === null ? 'everything' : `${scope} ${subject}`;
}

/** Why an effect does not happen, and how it may again. */
export function haltObstacle(halt: Halt): string {
  return (
    `${halt.haltedBy} halted ${haltedWords(halt)} at ${halt.haltedAt}: ${halt.reason} ` +
    `(lift it with \`${resumeCommandOf(halt)}\`, then retry)`
  );
}
