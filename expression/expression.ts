import { AppError, isAppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { fromCel, toCel } from './cel-value.ts';
import { findObjection, referencesOf } from './guard.ts';
import type { Reference } from './guard.ts';
import { Meter, attachMeter } from './meter.ts';
import { ENVIRONMENTS, SCOPE_VARIABLES } from './scope.ts';
import type { Scope, ScopeContexts } from './scope.ts';

/** Longest expression, in characters. */
export const SOURCE_LENGTH_MAX = 4096;
/** Compiled expressions kept over all scopes; the least recently used goes first. */
const CACHE_ENTRIES_MAX = 2000;
/** How much of an expression an error quotes. */
const QUOTE_LENGTH_MAX = 200;

/** An expression that parsed and type-checked. */
export interface CompiledExpression<S extends Scope> {
  readonly source: string;
  /** CEL's name of the result type: `bool`, `string`, `dyn` … */
  readonly type: string;
  /** What it reads, for checks at load. */
  readonly references: readonly Reference[];
  /**
   * The value as plain JSON. Raises `invalid` with `details {line, column, expression, reason}` when a key is
   * missing, types do not fit or the answer is not JSON; `too_large` when it takes too much work.
   */
  readonly evaluate: (context: ScopeContexts[S]) => Json;
}

function positionOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function textOf(error: unknown, key: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}

function offsetOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  const range: unknown = Reflect.get(error, 'range');
  if (typeof range !== 'object' || range === null) return 0;
  const start: unknown = Reflect.get(range, 'start');
  return typeof start === 'number' ? start : 0;
}

interface Problem {
  readonly source: string;
  readonly field: string;
  readonly offset: number;
  readonly reason: string;
  readonly message: string;
  readonly cause?: unknown;
}

function problemError(problem: Problem): AppError {
  const { source, field, offset, reason, message, cause } = problem;
  const details = {
    ...positionOf(source, offset),
    expression: source.slice(0, QUOTE_LENGTH_MAX),
    reason,
  };
  const text = message.slice(0, QUOTE_LENGTH_MAX).replace(/\.?$/, '.');
  return new AppError('invalid', text, { field, details, cause });
}

/** An error of the library in our words: the position, its code and its one-line summary. */
function translated(error: unknown, source: string, field: string): AppError {
  if (isAppError(error)) {
    return new AppError(error.code, error.message, {
      field,
      details: { ...error.details, expression: source.slice(0, QUOTE_LENGTH_MAX) },
      cause: error,
    });
  }
  return problemError({
    source,
    field,
    offset: offsetOf(error),
    reason: textOf(error, 'code') ?? 'not_understood',
    message: textOf(error, 'summary') ?? 'This expression is too deep or cannot be understood',
    cause: error,
  });
}

function checkLength(source: string, field: string): void {
  if (source.length <= SOURCE_LENGTH_MAX) return;
  throw new AppError('too_large', 'The expression is longer than 4,096 characters.', { field });
}

function parseSource(source: string, scope: Scope, field: string) {
  try {
    return ENVIRONMENTS[scope].parse(source);
  } catch (error) {
    throw translated(error, source, field);
  }
}

/** The variables (and keys) to convert: all of a context may be far more than an expression reads. */
function pick(context: object, references: readonly Reference[]): Record<string, unknown> {
  const picked: Record<string, unknown> = { __proto__: null };
  for (const { variable: name } of references) {
    if (name in picked) continue;
    const value: unknown = Object.hasOwn(context, name) ? Reflect.get(context, name) : undefined;
    if (value === undefined) continue;
    picked[name] = toCel(name === 'results' ? pickKeys(value, name, references) : value);
  }
  return picked;
}

function pickKeys(value: unknown, name: string, references: readonly Reference[]): unknown {
  const keys = references.filter((reference) => reference.variable === name);
  if (typeof value !== 'object' || value === null || keys.some(({ key }) => key === null)) {
    return value;
  }
  const picked: Record<string, unknown> = { __proto__: null };
  for (const { key } of keys) {
    if (key !== null && Object.hasOwn(value, key)) picked[key] = Reflect.get(value, key);
  }
  return picked;
}

function compile<S extends Scope>(source: string, scope: S, field: string): CompiledExpression<S> {
  checkLength(source, field);
  const parsed = parseSource(source, scope, field);
  const objection = findObjection(parsed.ast);
  if (objection) throw problemError({ source, field, reason: objection.code, ...objection });
  const checked = parsed.check();
  if (!checked.valid) throw translated(checked.error, source, field);
  const variables = new Set(SCOPE_VARIABLES[scope]);
  const references = referencesOf(parsed.ast).filter(({ variable }) => variables.has(variable));
  const meter = new Meter();
  attachMeter(parsed.ast, meter);
  const evaluate = (context: ScopeContexts[S]): Json => {
    meter.reset();
    try {
      const value: unknown = parsed(pick(context, references));
      // A loop may have swallowed the refusal of its own turn.
      meter.charge(0);
      return fromCel(value);
    } catch (error) {
      throw translated(error, source, field);
    }
  };
  return { source, type: checked.type ?? 'dyn', references, evaluate };
}

type Cache = { readonly [S in Scope]: Map<string, CompiledExpression<S>> };

/** Compiling has no effect but its value, so remembering it is no state that anybody could notice. */
const cache: Cache = {
  operation: new Map(),
  alert: new Map(),
  selection: new Map(),
  mapping: new Map(),
  regime: new Map(),
};

/**
 * Parses, guards and type-checks a CEL expression for a scope; repeated calls are answered from memory.
 * `field` names the place in errors. Raises `invalid` with `details {line, column, expression, reason}`, and
 * `too_large` past 4,096 characters.
 */
export function compileExpression<S extends Scope>(
  source: string,
  scope: S,
  field = 'expression',
): CompiledExpression<S> {
  const known: Map<string, CompiledExpression<S>> = cache[scope];
  const key = `${field}\n${source}`;
  const compiled = known.get(key) ?? compile(source, scope, field);
  known.delete(key);
  known.set(key, compiled);
  if (known.size > CACHE_ENTRIES_MAX) {
    const oldest = known.keys().next();
    if (oldest.done !== true) known.delete(oldest.value);
  }
  return compiled;
}
