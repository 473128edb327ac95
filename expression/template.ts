import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { compileExpression } from './expression.ts';
import type { CompiledExpression } from './expression.ts';
import type { Scope, ScopeContexts } from './scope.ts';

/** Deepest nesting of a template. */
const DEPTH_MAX = 16;
/** Most strings in a template. */
const STRINGS_MAX = 500;

const OPEN = '${{';
const CLOSE = '}}';

/** A piece of a template string: text as it stands, or an expression in `${{ … }}`. */
export type TemplatePiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'hole'; readonly source: string; readonly offset: number };

function endOfLiteral(text: string, start: number): number {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === quote) return index;
  }
  return text.length;
}

/** The index of the `}}` that ends a hole: braces of map literals and text in quotes do not count. */
function endOfHole(text: string, start: number): number {
  let braces = 0;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"' || character === "'") index = endOfLiteral(text, index);
    else if (character === '{') braces += 1;
    else if (character === '}' && braces > 0) braces -= 1;
    else if (text.startsWith(CLOSE, index)) return index;
  }
  return -1;
}

/**
 * Splits a template string into text and holes; `$${{` stands for a literal `${{`.
 * Raises `invalid` with `field` when a hole is not closed.
 */
export function splitTemplate(text: string, field: string): readonly TemplatePiece[] {
  const pieces: TemplatePiece[] = [];
  let literal = '';
  let index = 0;
  while (index < text.length) {
    const open = text.indexOf(OPEN, index);
    if (open === -1) break;
    if (text[open - 1] === '$') {
      literal += text.slice(index, open - 1) + OPEN;
      index = open + OPEN.length;
      continue;
    }
    const close = endOfHole(text, open + OPEN.length);
    if (close === -1) {
      throw new AppError('invalid', 'A hole opened with ${{ is not closed with }}.', { field });
    }
    literal += text.slice(index, open);
    if (literal !== '') pieces.push({ kind: 'text', text: literal });
    literal = '';
    const offset = open + OPEN.length;
    pieces.push({ kind: 'hole', source: text.slice(offset, close), offset });
    index = close + CLOSE.length;
  }
  literal += text.slice(index);
  if (literal !== '' || pieces.length === 0) pieces.push({ kind: 'text', text: literal });
  return pieces;
}

/** A template whose holes parsed and type-checked. */
export interface CompiledTemplate<S extends Scope> {
  /** Every expression in it, with the path of the string that holds it. */
  readonly expressions: readonly {
    readonly field: string;
    readonly expression: CompiledExpression<S>;
  }[];
  /** True when there is no hole: the value is known before any incident. */
  readonly constant: boolean;
  /**
   * The template with its holes filled. Raises what the expressions raise, and `invalid` when null, a list or
   * a map would be spliced into text.
   */
  readonly evaluate: (context: ScopeContexts[S]) => Json;
}

type Fill<S extends Scope> = (context: ScopeContexts[S]) => Json;

interface Build<S extends Scope> {
  readonly scope: S;
  readonly expressions: { field: string; expression: CompiledExpression<S> }[];
  strings: number;
}

function spliced(value: Json, field: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new AppError('invalid', 'Null, a list or a map cannot be part of a text.', {
    field,
    details: { reason: 'not_text' },
  });
}

function buildString<S extends Scope>(text: string, field: string, build: Build<S>): Fill<S> {
  build.strings += 1;
  if (build.strings > STRINGS_MAX) {
    throw new AppError('too_large', 'The template holds too many strings.', { field });
  }
  const parts = splitTemplate(text, field).map((piece) => {
    if (piece.kind === 'text') return piece.text;
    const expression = compileExpression(piece.source, build.scope, field);
    build.expressions.push({ field, expression });
    return expression;
  });
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && typeof first !== 'string') return first.evaluate;
  return (context) =>
    parts
      .map((part) => (typeof part === 'string' ? part : spliced(part.evaluate(context), field)))
      .join('');
}

function buildValue<S extends Scope>(value: Json, path: Path, build: Build<S>): Fill<S> {
  const { field, depth } = path;
  if (depth > DEPTH_MAX) {
    throw new AppError('too_large', 'The template is nested too deeply.', { field });
  }
  if (typeof value === 'string') return buildString(value, field, build);
  if (value === null || typeof value !== 'object') return () => value;
  if (Array.isArray(value)) {
    const fills = value.map((item: Json, index) =>
      buildValue(item, { field: `${field}[${index.toString()}]`, depth: depth + 1 }, build),
    );
    return (context) => fills.map((fill) => fill(context));
  }
  const fills = Object.entries(value).map(
    ([key, item]) =>
      [key, buildValue(item, { field: `${field}.${key}`, depth: depth + 1 }, build)] as const,
  );
  return (context) => Object.fromEntries(fills.map(([key, fill]) => [key, fill(context)]));
}

interface Path {
  readonly field: string;
  readonly depth: number;
}

/**
 * Compiles every `${{ … }}` in a template (any JSON value). A string that is exactly one hole takes the
 * value's own type; otherwise values are spliced in as text. Raises `invalid` naming the path of the string.
 */
export function compileTemplate<S extends Scope>(
  template: Json,
  scope: S,
  field = 'with',
): CompiledTemplate<S> {
  const build: Build<S> = { scope, expressions: [], strings: 0 };
  const evaluate = buildValue(template, { field, depth: 0 }, build);
  return { expressions: build.expressions, constant: build.expressions.length === 0, evaluate };
}
