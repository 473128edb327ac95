import { z } from 'zod';
import type { TwinReply, TwinRequest } from '../twin.ts';
import { invalid, MlflowFailure } from './failure.ts';

/** A handler of one route below `/api/2.0/mlflow`. */
export type RouteHandler = (request: TwinRequest) => TwinReply;

/** Routes by `METHOD path`, the path without `/api/2.0/mlflow/`. */
export type Routes = Readonly<Record<string, RouteHandler>>;

/** A text that must be there and must not be empty. */
export const required = z.string().min(1);
/** Tags as the API takes them. */
export const tagList = z
  .array(z.object({ key: required, value: z.string().default('') }))
  .default([]);
/** 64-bit integers, also written as text. */
export const int64 = z.coerce.number().int();

function fieldsOf(request: TwinRequest): unknown {
  if (request.method === 'GET') {
    const { searchParams } = request.url;
    const fields: Record<string, unknown> = Object.fromEntries(searchParams);
    return { ...fields, order_by: searchParams.getAll('order_by') };
  }
  const text = request.body.toString('utf8');
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new MlflowFailure('BAD_REQUEST', 'The request body is not valid JSON.');
  }
}

/** The request's fields; unknown ones are ignored, as protobuf JSON does. Raises the failure that MLflow answers. */
export function readMessage<T>(request: TwinRequest, schema: z.ZodType<T>): T {
  const fields = fieldsOf(request);
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = issue?.path.map(String).join('.') ?? '';
  throw issue?.code === 'invalid_type' && issue.message.includes('received undefined')
    ? invalid(
        `Missing value for required parameter '${name}'. See the API docs for more information about request parameters.`,
      )
    : invalid(`Invalid value for parameter '${name}' supplied: ${issue?.message ?? 'unreadable'}`);
}

/** A route from its schema and its work. */
export function route<T>(schema: z.ZodType<T>, work: (message: T) => TwinReply): RouteHandler {
  return (request) => work(readMessage(request, schema));
}

/** 200 with a body. */
export function ok(body: unknown): TwinReply {
  return { status: 200, body };
}

/** 200 with a body; `changed` says whether the world did. */
export function done(changed: boolean, body: unknown = {}): TwinReply {
  return { status: 200, body, changed };
}

/** Pairs of a map as the API writes them; undefined when empty, since protobuf JSON leaves empty lists out. */
export function pairList(
  map: ReadonlyMap<string, unknown>,
): readonly { readonly key: string; readonly value: unknown }[] | undefined {
  return map.size === 0 ? undefined : [...map].map(([key, value]) => ({ key, value }));
}

/** Sets a key; false when it already had that value. */
export function setEntry(map: Map<string, string>, key: string, value: string): boolean {
  if (map.get(key) === value) return false;
  map.set(key, value);
  return true;
}
