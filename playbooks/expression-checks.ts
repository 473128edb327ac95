import { isAppError } from '../domain/error.ts';
import type { PlaybookOperation, ProbeCall } from '../domain/playbook.ts';
import { compileExpression } from '../expression/expression.ts';
import type { CompiledExpression } from '../expression/expression.ts';
import { compileTemplate } from '../expression/template.ts';
import type { CheckInput } from './check.ts';
import { callsOf, namesBefore } from './check.ts';
import { problemOfExpression } from './expression-place.ts';
import type { PlacedOperation } from './normalise.ts';
import { suggestionFor } from './suggestion.ts';
import type { DocumentPath } from './yaml-document.ts';

type Compiled = CompiledExpression<'operation'>;

/** One place of an operation that holds CEL. */
interface Place {
  readonly path: DocumentPath;
  /** Types that the value may have, `dyn` aside; null for any. */
  readonly types: readonly string[] | null;
  /** Variables that are empty elsewhere and meant here. */
  readonly offers: readonly ('each' | 'value')[];
}

function noteInside(
  input: CheckInput,
  place: Place,
  at: { readonly source: string; readonly offset: number; readonly message: string },
): void {
  const inside = { text: at.source, offset: at.offset };
  input.problems.push(input.document.problemInside(place.path, at.message, inside));
}

function noteError(input: CheckInput, place: Place, error: unknown): void {
  input.problems.push(problemOfExpression(input.document, place.path, error));
}

function checkResultReference(
  input: CheckInput,
  operation: PlacedOperation,
  key: string | null,
): string | undefined {
  if (key === null) return "Name the operation literally: results['name'].";
  const before = namesBefore(input, operation);
  if (before.has(key)) return undefined;
  if (key === operation.operation.name) return `'${key}' cannot read its own result.`;
  const exists = input.placed.some((other) => other.operation.name === key);
  return exists
    ? `results['${key}'] is not known yet: that operation does not come before this one.`
    : `There is no operation '${key}'.${suggestionFor(key, [...before])}`;
}

function checkReferences(
  input: CheckInput,
  operation: PlacedOperation,
  at: { readonly place: Place; readonly compiled: Compiled },
): void {
  const parameters = Object.keys(input.playbook.parameters);
  for (const { variable, key, offset } of at.compiled.references) {
    const say = (message: string | undefined): void => {
      if (message === undefined) return;
      noteInside(input, at.place, { source: at.compiled.source, offset, message });
    };
    if (variable === 'results') say(checkResultReference(input, operation, key));
    if (variable === 'parameters' && key !== null && !parameters.includes(key)) {
      say(`There is no parameter '${key}'.${suggestionFor(key, parameters)}`);
    }
    const special = variable === 'each' || variable === 'value';
    if (special && !at.place.offers.includes(variable)) say(`'${variable}' is empty here.`);
  }
}

function checkType(input: CheckInput, place: Place, compiled: Compiled): void {
  const { type } = compiled;
  if (place.types === null || type === 'dyn') return;
  if (place.types.some((wanted) => type === wanted || type.startsWith(`${wanted}<`))) return;
  const message = `CEL: this is ${type}, but ${place.types.join(' or ')} is needed.`;
  noteInside(input, place, { source: compiled.source, offset: 0, message });
}

function checkSource(
  input: CheckInput,
  operation: PlacedOperation,
  at: { readonly place: Place; readonly source: string | null },
): void {
  if (at.source === null) return;
  try {
    const compiled = compileExpression(at.source, 'operation');
    checkType(input, at.place, compiled);
    checkReferences(input, operation, { place: at.place, compiled });
  } catch (error) {
    noteError(input, at.place, error);
  }
}

/** `with.a[0].b` of a template as a path below the operation. */
function pathOfField(base: DocumentPath, field: string): DocumentPath {
  const parts = field.split(/\.|(?=\[)/).filter((part) => part !== '');
  return [
    ...base,
    ...parts.map((part) => (part.startsWith('[') ? Number(part.slice(1, -1)) : part)),
  ];
}

function checkCall(
  input: CheckInput,
  operation: PlacedOperation,
  at: { readonly call: ProbeCall; readonly path: DocumentPath; readonly offers: Place['offers'] },
): void {
  for (const field of ['with', 'instance'] as const) {
    const place = { path: [...at.path, field], types: null, offers: at.offers };
    try {
      for (const found of compileTemplate(at.call[field], 'operation', field).expressions) {
        const inner = { ...place, path: pathOfField(at.path, found.field) };
        checkReferences(input, operation, { place: inner, compiled: found.expression });
      }
    } catch (error) {
      const path =
        isAppError(error) && error.field ? pathOfField(at.path, error.field) : place.path;
      noteError(input, { ...place, path }, error);
    }
  }
}

interface Source extends Omit<Place, 'path'> {
  readonly key: string;
  readonly source: string | null;
}

/** The expressions of an operation that stand as they are, without holes. */
function sourcesOf(operation: PlaybookOperation): readonly Source[] {
  const sources: Source[] = [{ key: 'when', source: operation.when, types: ['bool'], offers: [] }];
  if ('forEach' in operation) {
    sources.push({ key: 'forEach', source: operation.forEach, types: ['list'], offers: [] });
  }
  if ('expect' in operation) {
    const offers: Place['offers'] = operation.kind === 'probe' ? ['value'] : [];
    sources.push({ key: 'expect', source: operation.expect, types: ['bool', 'null'], offers });
  }
  if ('suspect' in operation) {
    sources.push({ key: 'suspect', source: operation.suspect, types: ['string'], offers: [] });
  }
  return sources;
}

/** Checks every expression of a playbook: syntax, types, and that it reads only what exists by then. */
export function checkExpressions(input: CheckInput): void {
  for (const placed of input.placed) {
    for (const { key, source, types, offers } of sourcesOf(placed.operation)) {
      const place = { path: [...placed.path, key], types, offers };
      checkSource(input, placed, { place, source });
    }
    for (const { call, at, each } of callsOf(placed.operation)) {
      const path = [...placed.path, ...at];
      checkCall(input, placed, { call, path, offers: each ? ['each'] : [] });
    }
  }
}
