import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../domain/error.ts';
import { regimeSchema, vocabularySchema } from '../domain/regime-schema.ts';
import type { Regime, RegimeVocabulary } from '../domain/regime.ts';
import { compileExpression } from '../expression/expression.ts';
import { problemOfExpression } from '../playbooks/expression-place.ts';
import { parseAt } from '../playbooks/schema-problems.ts';
import { suggestionFor } from '../playbooks/suggestion.ts';
import { readTextFile } from '../playbooks/text-file.ts';
import {
  fileError,
  readYamlDocument,
  type DocumentPath,
  type FileProblem,
  type YamlDocument,
} from '../playbooks/yaml-document.ts';
import { RULE_FACTS_MAX, bothOf, factsOf } from './applicability.ts';

/** The regimes that ship with the program. */
export const REGIMES_DIR = import.meta.dirname;
/** The file that holds the words that the others are written in. */
export const VOCABULARY_FILE = 'vocabulary.yaml';
/** Most files of one folder. */
const FILES_MAX = 200;

/** Every regime of a folder, and the words that they are written in. */
export interface RegimeCatalogue {
  readonly vocabulary: RegimeVocabulary;
  /** By id, then version. */
  readonly regimes: readonly Regime[];
}

interface Check {
  readonly document: YamlDocument;
  readonly vocabulary: RegimeVocabulary;
  readonly problems: FileProblem[];
}

/** A name that must be one of the vocabulary's. */
interface Named {
  readonly kind: 'fact' | 'moment' | 'field';
  readonly name: string;
  readonly path: DocumentPath;
}

function unknownName(check: Check, { kind, name }: Named): string | null {
  const lists = {
    fact: check.vocabulary.facts,
    moment: check.vocabulary.moments,
    field: check.vocabulary.fields,
  };
  const known = lists[kind].map((one) => one.name);
  if (known.includes(name)) return null;
  return `There is no ${kind} '${name}' in ${VOCABULARY_FILE}.${suggestionFor(name, known)}`;
}

function checkName(check: Check, named: Named): void {
  const message = unknownName(check, named);
  if (message !== null) check.problems.push(check.document.problemAt(named.path, message));
}

function checkRule(check: Check, rule: string, path: DocumentPath): void {
  const { document, problems } = check;
  try {
    const { type, references } = compileExpression(rule, 'regime');
    if (type !== 'bool') {
      problems.push(document.problemAt(path, `CEL: this is ${type}, but bool is needed.`));
    }
    for (const { key, offset } of references) {
      const message =
        key === null
          ? 'Name each fact literally: facts.name.'
          : unknownName(check, { kind: 'fact', name: key, path });
      if (message !== null) {
        problems.push(document.problemInside(path, message, { text: rule, offset }));
      }
    }
  } catch (error) {
    problems.push(problemOfExpression(document, path, error));
  }
}

function checkWidth(check: Check, rule: string, path: DocumentPath): void {
  if (factsOf(rule).length <= RULE_FACTS_MAX) return;
  const message = `A rule asks for at most ${RULE_FACTS_MAX.toString()} facts, the regime's own included.`;
  check.problems.push(check.document.problemAt(path, message));
}

function checkRules(check: Check, { when, clocks }: Regime): void {
  if (when !== null) checkRule(check, when, ['when']);
  for (const [index, clock] of clocks.entries()) {
    if (clock.when !== null) checkRule(check, clock.when, ['clocks', index, 'when']);
  }
  // How many facts are asked for can be counted only where every rule can be read.
  if (check.problems.length > 0 || when === null) return;
  checkWidth(check, when, ['when']);
  for (const [index, clock] of clocks.entries()) {
    if (clock.when !== null) {
      checkWidth(check, bothOf(when, clock.when), ['clocks', index, 'when']);
    }
  }
}

function checkNames(check: Check, { clocks, report }: Regime): void {
  for (const [index, { readings }] of clocks.entries()) {
    for (const [place, { from }] of readings.entries()) {
      const path = ['clocks', index, 'readings', place, 'from'];
      checkName(check, { kind: 'moment', name: from, path });
    }
  }
  for (const [index, name] of report.entries()) {
    checkName(check, { kind: 'field', name, path: ['report', index] });
  }
}

function inOrder(problems: readonly FileProblem[]): readonly FileProblem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
}

/**
 * Reads one regime. `file` names it in errors. Raises `invalid` with `details.problems` (file, line, column, field,
 * message each) for what is no regime or names what the vocabulary lacks, `too_large` past 256 KiB.
 */
export function loadRegimeText(text: string, file: string, vocabulary: RegimeVocabulary): Regime {
  const document = readYamlDocument(text, file);
  const parsed = parseAt(regimeSchema, document.value, { document, path: [] });
  if ('problems' in parsed) throw fileError(inOrder(parsed.problems));
  const check: Check = { document, vocabulary, problems: [] };
  checkRules(check, parsed.data);
  checkNames(check, parsed.data);
  if (check.problems.length > 0) throw fileError(inOrder(check.problems));
  return parsed.data;
}

function loadVocabularyText(text: string, file: string): RegimeVocabulary {
  const document = readYamlDocument(text, file);
  const parsed = parseAt(vocabularySchema, document.value, { document, path: [] });
  if ('problems' in parsed) throw fileError(inOrder(parsed.problems));
  const problems: FileProblem[] = [];
  for (const kind of ['facts', 'moments', 'fields'] as const) {
    const names = parsed.data[kind].map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      problems.push(document.problemAt([kind, index, 'name'], `'${name}' is given twice.`));
    }
  }
  if (problems.length > 0) throw fileError(problems);
  return parsed.data;
}

/** Versions of one regime must follow each other: on no day are two of them in force. */
function checkVersions(regimes: readonly Regime[]): void {
  for (const [index, regime] of regimes.entries()) {
    const next = regimes[index + 1];
    if (next?.id !== regime.id) continue;
    const which = `${regime.id}, version ${next.version.toString()}`;
    if (next.version === regime.version) {
      throw new AppError('invalid', `${which} exists twice.`, { field: regime.id });
    }
    const { until } = regime.inForce;
    const { from } = next.inForce;
    if (until === null || from === null || from < until) {
      const message = `${which} must begin on the day on which the version before ends, or later.`;
      throw new AppError('invalid', message, { field: regime.id });
    }
  }
}

/**
 * Loads a folder of regimes: `vocabulary.yaml` and every other `*.yaml`. Raises what `loadRegimeText` raises, `invalid` for
 * two versions of a regime that are in force on one day, and `not_found` when the folder cannot be read.
 */
export async function loadRegimes(dir: string = REGIMES_DIR): Promise<RegimeCatalogue> {
  const entries = await readdir(dir).catch((error: unknown) => {
    throw new AppError('not_found', `The regime folder ${dir} cannot be read.`, { cause: error });
  });
  const files = entries.filter((name) => name.endsWith('.yaml') && name !== VOCABULARY_FILE);
  if (files.length > FILES_MAX) {
    throw new AppError('too_large', `The folder ${dir} holds too many regimes.`, { field: dir });
  }
  const path = join(dir, VOCABULARY_FILE);
  const vocabulary = loadVocabularyText(await readTextFile(path), path);
  const regimes: Regime[] = [];
  for (const name of files.toSorted()) {
    const file = join(dir, name);
    regimes.push(loadRegimeText(await readTextFile(file), file, vocabulary));
  }
  const sorted = regimes.toSorted((a, b) => {
    if (a.id === b.id) return a.version - b.version;
    return a.id < b.id ? -1 : 1;
  });
  checkVersions(sorted);
  return { vocabulary, regimes: sorted };
}
