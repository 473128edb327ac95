import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { CallContext, Health } from '../connector.ts';
import { healthOf } from '../health.ts';
import { failureOfStatus } from '../http-failure.ts';
import { openHttpAccess } from '../http-access.ts';
import { createHttpClient, healthContext, type HttpClient } from '../http.ts';
import type { PagerdutyConfig } from './manifest.ts';
import {
  eventError,
  eventReply,
  oncallsReply,
  PAGE_ENTRIES,
  restError,
  type OncallsReply,
} from './reply-schema.ts';

/** One page of who is on call by a schedule. */
export interface OncallsPage {
  readonly schedule: string;
  /** RFC 3339. */
  readonly since: string;
  readonly until: string;
  readonly offset: number;
}

/** One event that opens an alert. */
export interface TriggerEvent {
  readonly dedupKey: string;
  readonly payload: Json;
  readonly links: Json;
}

/** Calls to one PagerDuty account. */
export interface PagerdutyClient {
  /** Raises `invalid` without a key, and the codes of a read. */
  oncalls(page: OncallsPage, context: CallContext): Promise<OncallsReply>;
  /** Raises `not_found` when there is no such schedule, and the codes of a read; a key that may not ask learns nothing. */
  expectSchedule(schedule: string, context: CallContext): Promise<void>;
  /** Sends one event; the same key again changes nothing there. Raises `invalid` without a routing key, and the codes of a write. */
  trigger(event: TriggerEvent, context: CallContext): Promise<void>;
  health(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

const NAME = 'PagerDuty';
const READ_PERMISSION = 'oncalls.read';
const SEND_PERMISSION = 'a valid integration key';
const ACCEPT = 'application/vnd.pagerduty+json;version=2';
const TIMEOUT_MS = 10_000;
const REPLY_BYTES_MAX = 2 * 1024 * 1024;
/** What both addresses are asked with. */
const COMMON = { name: NAME, timeoutMs: TIMEOUT_MS, replyBytesMax: REPLY_BYTES_MAX, classify };
const ENQUEUE = ['v2', 'enqueue'];
const NOT_FOUND = 404;
const FORBIDDEN = 403;
/** What the address of events answers to somebody who only asks whether it is there. */
const NO_EVENT = [400, NOT_FOUND, 405];
/** Whatever it says. */
const unread = z.unknown();

/** The words of an answer that says no; undefined where it is none of PagerDuty's. */
function wordsOf(bodyText: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(bodyText);
  } catch {
    return undefined;
  }
  const rest = restError.safeParse(body);
  if (rest.success) return rest.data.error.message;
  const event = eventError.safeParse(body);
  if (!event.success) return undefined;
  const { status, errors = [] } = event.data;
  return [status, ...errors].join(': ');
}

/** An answer that says no, in PagerDuty's words instead of its JSON. */
function classify(status: number, bodyText: string, mutating: boolean): AppError | undefined {
  const words = wordsOf(bodyText);
  return words === undefined ? undefined : failureOfStatus(status, words, { name: NAME, mutating });
}

function restClient({ url, token, oauth2, caFile, proxy }: PagerdutyConfig): HttpClient {
  const access = openHttpAccess({ url, token, oauth2, caFile, proxy }, NAME);
  const headers = async (): Promise<Readonly<Record<string, string>>> => ({
    // A key is no bearer token there.
    ...(token === undefined ? await access.headers() : { authorization: `Token token=${token}` }),
    accept: ACCEPT,
  });
  return createHttpClient({ ...access, ...COMMON, headers });
}

function eventsClient({ eventsUrl, routingKey, caFile, proxy }: PagerdutyConfig): HttpClient {
  const access = openHttpAccess({ url: eventsUrl, caFile, proxy }, NAME);
  const secrets = [...access.secrets, ...(routingKey === undefined ? [] : [routingKey])];
  return createHttpClient({ ...access, ...COMMON, secrets });
}

function missing(field: 'token' | 'routingKey'): AppError {
  return new AppError('invalid', `This PagerDuty instance has no ${field}.`, {
    field: `pagerduty.${field}`,
  });
}

/** What a key of the REST API may do. */
function reading(config: PagerdutyConfig) {
  const rest = restClient(config);
  const mayRead = (config.token ?? config.oauth2) !== undefined;
  const read = { method: 'GET', path: ['oncalls'], permission: READ_PERMISSION } as const;
  const oncalls: PagerdutyClient['oncalls'] = async (page, context) => {
    if (!mayRead) throw missing('token');
    const query = {
      ...{ since: page.since, until: page.until },
      ...{ 'schedule_ids[]': page.schedule, 'include[]': 'users' },
      ...{ limit: PAGE_ENTRIES, offset: page.offset },
    };
    return (await rest.call({ ...read, query, schema: oncallsReply }, context)).value;
  };
  const expectSchedule: PagerdutyClient['expectSchedule'] = async (schedule, context) => {
    const path = ['schedules', schedule];
    const call = { method: 'GET', path, schema: unread, accept: [FORBIDDEN, NOT_FOUND] } as const;
    const { status } = await rest.call(call, context);
    if (status !== NOT_FOUND) return;
    throw new AppError('not_found', `PagerDuty shows this key no schedule ${schedule}.`);
  };
  const ask = async (signal: AbortSignal): Promise<void> => {
    if (!mayRead) return;
    const query = { limit: 1 };
    await rest.call({ ...read, query, schema: oncallsReply }, healthContext(signal));
  };
  return { rest, oncalls, expectSchedule, ask };
}

/** What an integration key may do. */
function paging(config: PagerdutyConfig) {
  const { routingKey } = config;
  const events = eventsClient(config);
  const trigger: PagerdutyClient['trigger'] = async ({ dedupKey, payload, links }, context) => {
    if (routingKey === undefined) throw missing('routingKey');
    const json = {
      ...{ routing_key: routingKey, event_action: 'trigger', dedup_key: dedupKey },
      ...{ client: 'Firebreak', payload, links },
    };
    const call = { method: 'POST', path: ENQUEUE, json, permission: SEND_PERMISSION } as const;
    const { value } = await events.call({ ...call, schema: eventReply }, context);
    if (value.dedup_key === dedupKey) return;
    throw new AppError('bad_reply', 'PagerDuty took the event under another key than ours.');
  };
  /** An integration key cannot be asked about: only an event proves it. */
  const ask = async (signal: AbortSignal): Promise<void> => {
    if (routingKey === undefined) return;
    const call = { method: 'GET', path: ENQUEUE, schema: unread, accept: NO_EVENT } as const;
    await events.call({ ...call, permission: SEND_PERMISSION }, healthContext(signal));
  };
  return { events, trigger, ask };
}

/** A client of one PagerDuty account. */
export function createPagerdutyClient(config: PagerdutyConfig): PagerdutyClient {
  const { rest, oncalls, expectSchedule, ask: askRest } = reading(config);
  const { events, trigger, ask: askEvents } = paging(config);
  const health: PagerdutyClient['health'] = (signal) =>
    healthOf(async () => {
      await askRest(signal);
      await askEvents(signal);
      return null;
    }, rest);
  return {
    ...{ oncalls, expectSchedule, trigger, health },
    close: async () => {
      await rest.close();
      await events.close();
    },
  };
}
