import type { GenericMapping } from '../domain/configuration.ts';
import { AppError, isAppError } from '../domain/error.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Json } from '../domain/json.ts';
import { compileExpression } from '../expression/expression.ts';
import type { CompiledExpression } from '../expression/expression.ts';
import { readElement, resultOf } from './element.ts';
import type { Element, IntakeRequest, IntakeResult } from './element.ts';
import { readJsonText } from './json-text.ts';

type Compiled = CompiledExpression<'mapping'>;

/** A mapping whose expressions type-check. */
export interface CompiledMapping {
  /** Reads a payload. Raises `invalid` when it is no JSON or `alerts` gives no list, `too_large` past 8 MiB. */
  readonly read: (request: IntakeRequest) => IntakeResult;
}

function asTexts(value: Json): Json {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      typeof item === 'number' || typeof item === 'boolean' ? String(item) : item,
    ]),
  );
}

function invalid(field: string, message: string, cause: unknown): AppError {
  return new AppError('invalid', `${field}: ${message}`, { field, cause });
}

function evaluated(compiled: Compiled, context: { body: Json; item: Json }, field: string): Json {
  try {
    return compiled.evaluate(context);
  } catch (error) {
    if (!isAppError(error)) throw error;
    throw invalid(field, `the mapping does not fit: ${error.message}`, error);
  }
}

/**
 * Compiles the mapping of a generic source: CEL over `body` (and `item`, one alert). Raises `invalid` naming the
 * expression that does not type-check.
 */
export function compileMapping(mapping: GenericMapping): CompiledMapping {
  const compile = (name: keyof GenericMapping): Compiled | null => {
    const source = mapping[name];
    return source === null ? null : compileExpression(source, 'mapping', `mapping.${name}`);
  };
  const alerts = compileExpression(mapping.alerts, 'mapping', 'mapping.alerts');
  const parts = {
    status: compile('status'),
    labels: compile('labels'),
    annotations: compile('annotations'),
    startsAt: compile('startsAt'),
    endsAt: compile('endsAt'),
    title: compile('title'),
  };
  const elementOf = (body: Json, item: Json, field: string): Element => {
    const value = (name: keyof typeof parts): Json | undefined => {
      const compiled = parts[name];
      return compiled ? evaluated(compiled, { body, item }, `${field}.${name}`) : undefined;
    };
    return {
      status: value('status'),
      labels: asTexts(value('labels') ?? null),
      annotations: asTexts(value('annotations') ?? null),
      startsAt: value('startsAt'),
      endsAt: value('endsAt'),
      title: value('title'),
      details: { item },
    };
  };
  const read = (request: IntakeRequest): IntakeResult => {
    const body = readJsonText(request.body);
    const items = evaluated(alerts, { body, item: null }, 'alerts');
    if (!Array.isArray(items)) throw invalid('alerts', 'the mapping gives no list.', undefined);
    return resultOf(
      items.map((item: Json, index) => {
        const field = `alerts[${index.toString()}]`;
        return readElement(request.source, item, {
          field,
          take: () => elementOf(body, item, field),
        });
      }),
    );
  };
  return { read };
}
