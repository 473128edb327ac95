import { Composer, LineCounter, Lexer, Parser, isAlias, isMap, isScalar, isSeq } from 'yaml';
import type { CST, Document, ParsedNode } from 'yaml';
import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';

/** Largest document, in bytes of UTF-8. */
export const DOCUMENT_BYTES_MAX = 256 * 1024;
/** Open collections and their parts that the parser may hold at once; 12 levels of nesting need about 30. */
const PARSER_STACK_MAX = 64;
/** Values of a document. */
const NODES_MAX = 20_000;
/** Problems that one error lists; past it nobody looks for more. */
export const PROBLEMS_MAX = 50;

/** Keys and indexes from the root of a document. */
export type DocumentPath = readonly (string | number)[];

/** One mistake in a file, with its place. Lines and columns count from 1. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `isolate[2].with.replicas`; empty for the document itself. */
  readonly field: string;
  readonly message: string;
}

/** A YAML document as JSON, with the place of everything in it. */
export interface YamlDocument {
  readonly file: string;
  readonly value: Json;
  /** The problem `message` at the value of `path` (or at its key), or at the nearest place that exists. */
  readonly problemAt: (path: DocumentPath, message: string, part?: 'key' | 'value') => FileProblem;
  /** The problem at `offset` inside the quotation `text` in the string at `path`. */
  readonly problemInside: (
    path: DocumentPath,
    message: string,
    inside: { readonly text: string; readonly offset: number },
  ) => FileProblem;
}

interface Place {
  readonly key: number;
  readonly value: number;
  readonly end: number;
}

interface Reading {
  readonly text: string;
  readonly file: string;
  readonly lines: LineCounter;
  readonly places: Map<string, Place>;
  readonly problems: FileProblem[];
  nodes: number;
}

/** `isolate[2].with.replicas` of a path. */
export function fieldOf(path: DocumentPath): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part.toString()}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

/** An error that lists the problems of a file; its message is the first one with its place. Code `invalid`. */
export function fileError(problems: readonly FileProblem[]): AppError {
  const [first] = problems;
  if (!first) return new AppError('internal', 'A file error without a problem.');
  const more = problems.length - 1;
  const rest = more === 0 ? '' : ` (and ${more.toString()} more)`;
  const place = `${first.file}:${first.line.toString()}:${first.column.toString()}`;
  return new AppError('invalid', `${place}: ${first.message}${rest}`, {
    field: first.field,
    details: {
      file: first.file,
      line: first.line,
      column: first.column,
      problems: problems.slice(0, PROBLEMS_MAX),
    },
  });
}

interface Spot {
  readonly offset: number;
  readonly path: DocumentPath;
}

function problem(reading: Reading, { offset, path }: Spot, message: string): FileProblem {
  const { line, col } = reading.lines.linePos(offset);
  const position = { line: Math.max(line, 1), column: Math.max(col, 1) };
  return { file: reading.file, ...position, field: fieldOf(path), message };
}

function report(reading: Reading, spot: Spot, message: string): void {
  if (reading.problems.length < PROBLEMS_MAX) {
    reading.problems.push(problem(reading, spot, message));
  }
}

/** Tokens of the text. The composer recurses; on deep input it can take the process down, so depth ends here. */
function tokensOf(reading: Reading): CST.Token[] {
  const parser = new Parser(reading.lines.addNewLine);
  const tokens: CST.Token[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(reading.text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > PARSER_STACK_MAX) {
      throw fileError([
        problem(reading, { offset, path: [] }, 'The document is nested too deeply.'),
      ]);
    }
    offset += lexeme.length;
  }
  tokens.push(...parser.end());
  return tokens;
}

function compose(reading: Reading): ParsedNode | null {
  reading.lines.addNewLine(0);
  // Duplicate keys are found below: the composer's own search takes quadratic time.
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false });
  const documents = [...composer.compose(tokensOf(reading))];
  const [first, second] = documents;
  if (second) {
    const message = 'The file holds several documents; one is expected.';
    throw fileError([problem(reading, { offset: second.range[0], path: [] }, message)]);
  }
  if (!first) return null;
  const errors = [...first.errors, ...first.warnings];
  if (errors.length > 0) {
    throw fileError(
      errors
        .slice(0, PROBLEMS_MAX)
        .map((error) => problem(reading, { offset: error.pos[0], path: [] }, `${error.message}.`)),
    );
  }
  return contentsOf(first);
}

function contentsOf(document: Document.Parsed): ParsedNode | null {
  return document.contents;
}

function checkProperties(reading: Reading, node: ParsedNode, path: DocumentPath): void {
  const spot = { offset: node.range[0], path };
  if (node.tag !== undefined) report(reading, spot, 'Tags are not allowed.');
  if (Reflect.get(node, 'anchor') !== undefined) report(reading, spot, 'Anchors are not allowed.');
}

function scalarValue(reading: Reading, value: unknown, spot: Spot): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  const number = typeof value === 'number' && Number.isFinite(value) ? value : Number.NaN;
  if (Math.abs(number) <= Number.MAX_SAFE_INTEGER) return number;
  report(reading, spot, 'This number is not finite or too large; quote it when text is meant.');
  return null;
}

const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype'];

function keyText(reading: Reading, key: ParsedNode, path: DocumentPath): string | undefined {
  const spot = { offset: key.range[0], path };
  checkProperties(reading, key, path);
  if (!isScalar(key) || typeof key.value !== 'string') {
    report(reading, spot, 'Keys must be text; quote this one.');
    return undefined;
  }
  if (key.value === '<<') {
    report(reading, spot, 'Merge keys are not allowed.');
    return undefined;
  }
  if (FORBIDDEN_KEYS.includes(key.value)) {
    report(reading, spot, `The key '${key.value}' is not allowed.`);
    return undefined;
  }
  return key.value;
}

function mapValue(reading: Reading, node: ParsedNode, path: DocumentPath): Json {
  if (!isMap(node)) return null;
  const entries = new Map<string, Json>();
  for (const pair of node.items) {
    const key = keyText(reading, pair.key, path);
    if (key === undefined) continue;
    const inner = [...path, key];
    const offset = pair.key.range[0];
    if (entries.has(key)) {
      report(reading, { offset, path: inner }, `The key '${key}' is given twice.`);
      continue;
    }
    entries.set(key, pair.value ? convert(reading, pair.value, inner) : null);
    const value = pair.value?.range ?? pair.key.range;
    reading.places.set(placeKey(inner), { key: offset, value: value[0], end: value[1] });
  }
  return Object.fromEntries(entries);
}

function convert(reading: Reading, node: ParsedNode, path: DocumentPath): Json {
  reading.nodes += 1;
  if (reading.nodes > NODES_MAX) {
    throw fileError([
      problem(reading, { offset: node.range[0], path }, 'The document holds too many values.'),
    ]);
  }
  const [start, end] = node.range;
  reading.places.set(placeKey(path), { key: start, value: start, end });
  if (isAlias(node)) {
    report(reading, { offset: start, path }, 'Aliases are not allowed.');
    return null;
  }
  checkProperties(reading, node, path);
  if (isMap(node)) return mapValue(reading, node, path);
  if (isSeq(node)) {
    return node.items.map((item, index) => convert(reading, item, [...path, index]));
  }
  return scalarValue(reading, node.value, { offset: start, path });
}

function placeKey(path: DocumentPath): string {
  return JSON.stringify(path);
}

function placeOf(reading: Reading, path: DocumentPath): Place {
  for (let length = path.length; length >= 0; length -= 1) {
    const place = reading.places.get(placeKey(path.slice(0, length)));
    if (place) return place;
  }
  return { key: 0, value: 0, end: 0 };
}

function documentOf(reading: Reading, value: Json): YamlDocument {
  return {
    file: reading.file,
    value,
    problemAt: (path, message, part = 'value') =>
      problem(reading, { offset: placeOf(reading, path)[part], path }, message),
    problemInside: (path, message, { text, offset }) => {
      const place = placeOf(reading, path);
      // Escapes and folded lines can hide the quotation; then the string's own place has to do.
      const found = reading.text.slice(place.value, place.end).indexOf(text);
      const within = found === -1 ? place.value : place.value + found + offset;
      return problem(reading, { offset: within, path }, message);
    },
  };
}

/**
 * Reads YAML 1.2 (core schema) into JSON, remembering where everything stands. Raises `invalid` with
 * `details.problems` for syntax, aliases, anchors, tags, merge keys, duplicate keys, several documents and
 * numbers that JSON cannot hold; `too_large` past 256 KiB.
 */
export function readYamlDocument(text: string, file: string): YamlDocument {
  if (Buffer.byteLength(text) > DOCUMENT_BYTES_MAX) {
    throw new AppError('too_large', `${file}: the file is larger than 256 KiB.`, { field: file });
  }
  const lines = new LineCounter();
  const reading: Reading = { text, file, lines, places: new Map(), problems: [], nodes: 0 };
  const root = compose(reading);
  const value = root ? convert(reading, root, []) : null;
  if (reading.problems.length > 0) throw fileError(reading.problems);
  return documentOf(reading, value);
}
