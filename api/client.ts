import type { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { Fact } from '../domain/fact.ts';
import {
  acceptedSchema,
  approvalEndpoints,
  commandEndpoint,
  decisionEndpoints,
  evidenceEndpoints,
  incidentEndpoints,
  lineageAcceptedSchema,
  lineageEndpoints,
} from './contract.ts';
import { bytesOf, exchange, jsonOf, type ClientOptions } from './exchange.ts';
import { readFacts } from './fact-reader.ts';
import { breakGlassEndpoints } from './schema/break-glass.ts';
import { clockEndpoints } from './schema/clock.ts';
import { configurationEndpoints } from './schema/configuration.ts';
import { haltEndpoints } from './schema/halt.ts';
import { legalHoldEndpoints } from './schema/legal-hold.ts';
import { peopleEndpoints } from './schema/person.ts';
import { ruleEndpoints } from './schema/rule.ts';
import { playbookEndpoints } from './schema/playbook.ts';
import { onCallEndpoints } from './schema/on-call.ts';
import { selfWatchEndpoints } from './schema/self-watch.ts';
import { silenceEndpoints } from './schema/silence.ts';
import { sourceEndpoints } from './schema/source.ts';
import { routeEndpoints } from './schema/route.ts';
import { stakeholderUpdateEndpoints } from './schema/stakeholder-update.ts';
import { statusEndpoints } from './schema/status.ts';
import { syncEndpoints } from './schema/sync.ts';
import { API_PREFIX } from './schema/value.ts';

/** Every endpoint with a typed request and reply, by resource; handed to `ApiClient.call`. */
export const api = {
  incidents: incidentEndpoints,
  command: commandEndpoint,
  approvals: approvalEndpoints,
  breakGlass: breakGlassEndpoints,
  decisions: decisionEndpoints,
  evidence: evidenceEndpoints,
  lineage: lineageEndpoints,
  sync: syncEndpoints,
  playbooks: playbookEndpoints,
  routes: routeEndpoints,
  people: peopleEndpoints,
  sources: sourceEndpoints,
  configuration: configurationEndpoints,
  rules: ruleEndpoints,
  halts: haltEndpoints,
  legalHolds: legalHoldEndpoints,
  updates: stakeholderUpdateEndpoints,
  status: statusEndpoints,
  clocks: clockEndpoints,
  silences: silenceEndpoints,
  selfWatch: selfWatchEndpoints,
  onCall: onCallEndpoints,
} as const;

/** An endpoint of the contract, its types erased. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly schema: {
    readonly params?: z.ZodType;
    readonly querystring?: z.ZodType;
    readonly body?: z.ZodType;
    readonly response: Readonly<Record<number, z.ZodType>>;
  };
}

type Part<E extends Endpoint, Name extends 'params' | 'querystring' | 'body'> =
  E['schema'] extends Readonly<Record<Name, infer Schema extends z.ZodType>>
    ? Readonly<Record<Name, z.input<Schema>>>
    : unknown;

/** What a call of an endpoint is given: `params`, `querystring`, `body`, as far as the endpoint has them. */
export type CallInput<E extends Endpoint> = Part<E, 'params'> &
  Part<E, 'querystring'> &
  Part<E, 'body'>;

/** What a call of an endpoint answers. */
export type CallReply<E extends Endpoint> = z.output<
  E['schema']['response'][keyof E['schema']['response'] & number]
>;

/** Bytes to send as they are. */
export interface RawCall {
  /** After `/api/v1`. */
  readonly path: string;
  readonly body: Uint8Array | string;
  readonly contentType: string;
}

/**
 * A typed client of the API. Its methods raise an `AppError` with the code that the server gave, `unavailable` with
 * `details.reason` `unreachable` when nobody answers, `bad_reply` for what is not the contract's.
 */
export interface ApiClient {
  /** Calls an endpoint of `api` and answers the parsed reply. What carries an id of its own is repeated when nobody answers. */
  call<E extends Endpoint>(endpoint: E, input: CallInput<E>): Promise<CallReply<E>>;
  /** The bytes of a GET; the path begins after `/api/v1`. Raises `too_large` past 64 MiB. */
  bytes(path: string): Promise<Uint8Array>;
  /** Posts alerts as their monitor sends them; one receipt for each. */
  sendAlerts(call: RawCall): Promise<z.output<typeof acceptedSchema>>;
  /** Posts one OpenLineage event; answers how much of the graph it stated. */
  sendLineage(event: string): Promise<z.output<typeof lineageAcceptedSchema>>;
  /** Facts after a sequence, as they come, over broken connections, until the client's signal. */
  facts(incidentId: string, after: number): AsyncGenerator<Fact>;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

/** Parameters and queries are strings and numbers; anything else is a mistake of ours. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return value.toString();
  throw new AppError('internal', 'A parameter is neither text nor number.');
}

/** The path of an endpoint with its parameters, each encoded, and its query. */
function pathOf(endpoint: Endpoint, input: Readonly<Record<string, unknown>>): string {
  const params = recordOf(input['params']);
  const path = endpoint.url.replace(/:([a-zA-Z]+)/g, (_all, name: string) =>
    encodeURIComponent(textOf(params[name])),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(recordOf(input['querystring']))) {
    if (value !== undefined) query.set(name, textOf(value));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

function carriesId(body: unknown): boolean {
  const { decisionId, requestId } = recordOf(body);
  return decisionId !== undefined || requestId !== undefined;
}

/** The reply as the contract has it. Raises `bad_reply`. */
function parsed<T>(schema: z.ZodType<T> | undefined, reply: unknown): T {
  const result = schema?.safeParse(reply);
  if (result?.success === true) return result.data;
  throw new AppError('bad_reply', 'The server answered something else; is it another version?', {
    cause: result?.error,
  });
}

async function post(options: ClientOptions, call: RawCall): Promise<unknown> {
  const request = {
    method: 'POST',
    path: `${API_PREFIX}${call.path}`,
    body: call.body,
    headers: { 'content-type': call.contentType },
  } as const;
  return jsonOf(await bytesOf(await exchange(options, request, false)));
}

/** Creates a client. It holds no connection and needs no closing. */
export function createClient(options: ClientOptions): ApiClient {
  async function call<E extends Endpoint>(endpoint: E, input: CallInput<E>): Promise<CallReply<E>>;
  async function call(endpoint: Endpoint, input: unknown): Promise<unknown> {
    const parts = recordOf(input);
    const body = parts['body'];
    const { method, schema } = endpoint;
    const response = await exchange(
      options,
      {
        method,
        path: pathOf(endpoint, parts),
        body: body === undefined ? null : JSON.stringify(body),
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
        accept: Object.keys(schema.response).map(Number),
      },
      method !== 'POST' || carriesId(body),
    );
    const reply = jsonOf(await bytesOf(response));
    return parsed(schema.response[response.status], reply);
  }

  return {
    call,
    bytes: async (path) => {
      const url = `${API_PREFIX}${path}`;
      const request = { method: 'GET', path: url, body: null, headers: {} } as const;
      return bytesOf(await exchange(options, request, true));
    },
    sendAlerts: async (call) => parsed(acceptedSchema, await post(options, call)),
    sendLineage: async (body) => {
      const event = { path: '/lineage', body, contentType: 'application/json' };
      return parsed(lineageAcceptedSchema, await post(options, event));
    },
    facts: (incidentId, after) => readFacts(options, incidentId, after),
  };
}
