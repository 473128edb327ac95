import { Liquid, LiquidError, type FS } from 'liquidjs';
import { AppError } from '../domain/error.ts';
import type { UpdateTemplate } from '../domain/stakeholder-update.ts';
import { visibleCut } from './visible.ts';

/** Longest subject of an update, in characters. */
export const UPDATE_SUBJECT_MAX = 150;
/** Longest text of an update, in characters: it fits one message of Slack. */
export const UPDATE_TEXT_MAX = 2_900;

const VALUE_CHARACTERS_MAX = 120;
/** Most lines of what happened since the last update; the newest. */
const UPDATE_CHANGES_MAX = 10;
/** Characters that a template may have, all parts of it together. */
const PARSE_CHARACTERS_MAX = 20_000;
/** Time that one template may take, in milliseconds. */
const RENDER_MS_MAX = 200;
/** Objects and characters that one template may make. */
const MEMORY_MAX = 200_000;

/** Everything that a template can name; nothing else exists. Times are RFC 3339, `''` where there is none. */
export interface UpdateValues {
  readonly number: number;
  readonly title: string;
  readonly severity: string;
  /** The model, or `an AI system` where none is known. */
  readonly model: string;
  readonly audience: string;
  readonly internal: boolean;
  readonly openedAt: string;
  readonly contained: boolean;
  readonly containedAt: string;
  readonly verified: boolean;
  /** True when an earlier update gave the all-clear and it holds no longer. */
  readonly withdrawn: boolean;
  /** What the incident turned out to be, `''` while nobody said. */
  readonly verdict: string;
  readonly nextUpdateAt: string;
  /** What happened since the last update, one line each; empty for people outside. */
  readonly changes: readonly string[];
}

/** A place in a template that cannot be used. */
export interface TemplateProblem {
  readonly part: 'subject' | 'text';
  readonly message: string;
}

const VALUE_NAMES = [
  'number',
  'title',
  'severity',
  'model',
  'audience',
  'internal',
  'openedAt',
  'contained',
  'containedAt',
  'verified',
  'withdrawn',
  'verdict',
  'nextUpdateAt',
  'changes',
] as const satisfies readonly (keyof UpdateValues)[];

const TAGS: ReadonlySet<string> = new Set([
  'if',
  'unless',
  'case',
  'for',
  'break',
  'continue',
  'assign',
  'comment',
  '#',
]);
const FILTERS: ReadonlySet<string> = new Set([
  ...['capitalize', 'date', 'default', 'downcase', 'first', 'join', 'last', 'plus', 'minus'],
  ...['replace', 'size', 'slice', 'strip', 'truncate', 'upcase'],
]);

const refused = (): never => {
  throw new AppError('refused', 'A template reads no file.');
};

/** A file system that holds nothing: no tag that reads is left, and none could. */
const NO_FILES: FS = {
  exists: () => Promise.resolve(false),
  existsSync: () => false,
  readFile: refused,
  readFileSync: refused,
  resolve: refused,
};

function keepOnly(members: Record<string, unknown>, kept: ReadonlySet<string>): void {
  for (const name of Object.keys(members)) {
    if (!kept.has(name)) Reflect.deleteProperty(members, name);
  }
}

/** Liquid with a closed set of tags and filters, and limits on everything. */
function createEngine(): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    relativeReference: false,
    dynamicPartials: false,
    fs: NO_FILES,
    timezoneOffset: 0,
    locale: 'en-GB',
    parseLimit: PARSE_CHARACTERS_MAX,
    renderLimit: RENDER_MS_MAX,
    memoryLimit: MEMORY_MAX,
  });
  keepOnly(engine.tags, TAGS);
  keepOnly(engine.filters, FILTERS);
  return engine;
}

/** What is wrong, in one line, without the excerpt that Liquid adds. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ''] = error.message.split('\n');
  return LiquidError.is(error) ? `Liquid: ${line}` : line;
}

function shown(value: string): string {
  return visibleCut(value, VALUE_CHARACTERS_MAX);
}

/** Values on one line each, without characters that lie: none of them can be taken for a line of the template. */
function inertValues(values: UpdateValues): UpdateValues {
  const { title, model, audience, verdict, changes } = values;
  return {
    ...values,
    title: shown(title),
    model: shown(model),
    audience: shown(audience),
    verdict: shown(verdict),
    changes: changes.slice(-UPDATE_CHANGES_MAX).map(shown),
  };
}

function fill(engine: Liquid, source: string, values: UpdateValues): string {
  try {
    return String(engine.parseAndRenderSync(source, { ...values }));
  } catch (error) {
    throw new AppError('invalid', messageOf(error), { field: 'template', cause: error });
  }
}

/** Empty lines that tags leave behind become one. */
function tidied(text: string): string {
  return text
    .replace(/[^\S\n]+$/gmu, '')
    .replace(/\n{3,}/gu, '\n\n')
    .trim();
}

/**
 * The exact words of an update. What stands in a value is never read as Liquid. Raises `invalid` for a template that cannot be filled, or
 * gives no words, `too_large` for more than fits one message: an update that is cut could say something else.
 */
export function fillUpdate(template: UpdateTemplate, values: UpdateValues): UpdateTemplate {
  const engine = createEngine();
  const inert = inertValues(values);
  const subject = visibleCut(
    tidied(fill(engine, template.subject, inert)).replace(/\s+/gu, ' '),
    UPDATE_SUBJECT_MAX * 4,
  );
  const text = tidied(fill(engine, template.text, inert));
  if (subject === '' || text === '') {
    throw new AppError('invalid', 'The template gives no words.', { field: 'template' });
  }
  if (text.length > UPDATE_TEXT_MAX || subject.length > UPDATE_SUBJECT_MAX) {
    throw new AppError('too_large', 'The words of the template do not fit one message.', {
      field: 'template',
      details: { charactersMax: UPDATE_TEXT_MAX },
    });
  }
  return { subject, text };
}

/** Names that a part uses and that do not exist, in every branch of it. */
function unknownNames(engine: Liquid, source: string): readonly string[] {
  return engine
    .globalVariableSegmentsSync(source)
    .map(([name]) => String(name))
    .filter((name) => !VALUE_NAMES.some((known) => known === name));
}

const LONG_AGO = '2026-01-31T23:59:59.000Z';
const TRIED: UpdateValues = {
  number: 1_000_000,
  title: 'w'.repeat(VALUE_CHARACTERS_MAX),
  severity: 'sev1',
  model: 'w'.repeat(VALUE_CHARACTERS_MAX),
  audience: 'w'.repeat(64),
  internal: true,
  openedAt: LONG_AGO,
  contained: true,
  containedAt: LONG_AGO,
  verified: true,
  withdrawn: true,
  verdict: 'false_positive',
  nextUpdateAt: LONG_AGO,
  changes: Array.from({ length: UPDATE_CHANGES_MAX }, () => 'w'.repeat(VALUE_CHARACTERS_MAX)),
};
const TRIED_EMPTY: UpdateValues = {
  ...{ ...TRIED, number: 1, title: '', model: 'x', containedAt: '', verdict: '', nextUpdateAt: '' },
  ...{ internal: false, contained: false, verified: false, withdrawn: false },
  changes: [],
};

const PART_CHARACTERS_MAX = { subject: UPDATE_SUBJECT_MAX, text: UPDATE_TEXT_MAX } as const;

function problemOf(engine: Liquid, source: string, charactersMax: number): string | null {
  try {
    const unknown = unknownNames(engine, source);
    if (unknown.length > 0) {
      return `Liquid: there is no ${unknown.join(', ')}; there are ${VALUE_NAMES.join(', ')}.`;
    }
    const longest = tidied(fill(engine, source, TRIED)).length;
    if (longest > charactersMax)
      return `Liquid: this can give more than ${charactersMax.toString()} characters.`;
    const shortest = tidied(fill(engine, source, TRIED_EMPTY)).length;
    return longest === 0 || shortest === 0 ? 'Liquid: this can give no words.' : null;
  } catch (error) {
    return messageOf(error);
  }
}

/** What keeps a template from being used: looked for when the file is read, not when people wait for words. */
export function templateProblems(template: UpdateTemplate): readonly TemplateProblem[] {
  const engine = createEngine();
  return (['subject', 'text'] as const).flatMap((part): readonly TemplateProblem[] => {
    const message = problemOf(engine, template[part], PART_CHARACTERS_MAX[part]);
    return message === null ? [] : [{ part, message }];
  });
}
