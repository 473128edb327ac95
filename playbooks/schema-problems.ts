import { z } from 'zod';
import { suggestionFor } from './suggestion.ts';
import type { DocumentPath, FileProblem, YamlDocument } from './yaml-document.ts';
import { fieldOf, PROBLEMS_MAX } from './yaml-document.ts';

/** Wrappers around a schema that are looked through. */
const UNWRAP_MAX = 10;

function unwrapped(schema: unknown): unknown {
  let inner = schema;
  for (let turn = 0; turn < UNWRAP_MAX; turn += 1) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
    else if (inner instanceof z.ZodDefault || inner instanceof z.ZodReadonly)
      inner = inner.unwrap();
    else if (inner instanceof z.ZodPipe) inner = inner.in;
    else return inner;
  }
  return inner;
}

/** The keys that an object schema knows; those of all members for a union; none for other schemas. */
export function keysOf(schema: unknown): readonly string[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  if (inner instanceof z.ZodUnion)
    return [...new Set(inner.options.flatMap((option) => keysOf(option)))];
  return [];
}

function below(schema: unknown, part: string | number): readonly unknown[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => below(option, part));
  if (inner instanceof z.ZodArray) return [inner.element];
  if (inner instanceof z.ZodRecord) return [inner.valueType];
  if (inner instanceof z.ZodObject) {
    const shape: unknown = inner.shape;
    if (typeof shape !== 'object' || shape === null || !Object.hasOwn(shape, part)) return [];
    return [Reflect.get(shape, part)];
  }
  return [];
}

/** The keys that `schema` knows at `path`. */
export function keysAt(schema: unknown, path: DocumentPath): readonly string[] {
  let level: readonly unknown[] = [schema];
  for (const part of path) level = level.flatMap((candidate) => below(candidate, part));
  return [...new Set(level.flatMap((candidate) => keysOf(candidate)))];
}

/** True when the schema of the value at `path`, or of what it stands in, carries `.meta({ secret: true })`. */
export function isSecretAt(schema: unknown, path: DocumentPath): boolean {
  let level: readonly unknown[] = [schema];
  const isSecret = (candidate: unknown): boolean =>
    candidate instanceof z.ZodType && candidate.meta()?.['secret'] === true;
  for (const part of path) {
    level = level.flatMap((candidate) => below(candidate, part));
    if (level.some((candidate) => isSecret(candidate) || isSecret(unwrapped(candidate))))
      return true;
  }
  return false;
}

function plainPath(path: readonly PropertyKey[]): DocumentPath {
  return path.map((part) => (typeof part === 'number' ? part : String(part)));
}

/** What is wrong, naming the field and never quoting the value: it may be a secret. */
function sentenceOf(issue: z.core.$ZodIssue, field: string): string {
  if (issue.code === 'invalid_type' && issue.input === undefined) return `'${field}' is missing.`;
  const message = issue.message.replace(/\.$/, '');
  if (field === '') return `${message}.`;
  return message.startsWith('is ') ? `'${field}' ${message}.` : `'${field}': ${message}.`;
}

/** One issue of zod as problems: every unknown key is one of its own, with a suggestion. */
function problemsOfIssue(
  issue: z.core.$ZodIssue,
  schema: unknown,
  at: { readonly document: YamlDocument; readonly path: DocumentPath },
): readonly FileProblem[] {
  const inner = plainPath(issue.path);
  const path = [...at.path, ...inner];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, inner);
    return issue.keys.slice(0, PROBLEMS_MAX).map((key) => {
      const message = `Unknown key '${key}'.${suggestionFor(key, known)}`;
      return at.document.problemAt([...path, key], message, 'key');
    });
  }
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    const values = issue.values.map(String);
    const message = `'${issue.input.slice(0, 64)}' is none of ${values.join(', ')}.`;
    return [at.document.problemAt(path, message + suggestionFor(issue.input, values))];
  }
  return [at.document.problemAt(path, sentenceOf(issue, fieldOf(inner)))];
}

/**
 * Parses `value` (which stands at `path` in the document) by `schema`: the data, or every problem with its
 * place and, for misspelt keys and words, a suggestion.
 */
export function parseAt<T>(
  schema: z.ZodType<T>,
  value: unknown,
  at: { readonly document: YamlDocument; readonly path: DocumentPath },
): { readonly data: T } | { readonly problems: readonly FileProblem[] } {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return { data: parsed.data };
  return { problems: parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, schema, at)) };
}
