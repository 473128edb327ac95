import { expect } from '@jest/globals';
import { z } from 'zod';
import { NOW } from '../../api/test-api.ts';
import { bounded } from './bounded.ts';
import { added, type Counts } from './counted.ts';
import type { Attempt, IntakeServer } from './intake-server.ts';
import { expectDiscreet, problemOfReply, type Reply } from './reply.ts';
import { SECRETS } from './sources.ts';

/** What a good body is made of. */
export interface Content {
  /** Tells one alert from another. */
  readonly id: string;
  /** JSON text that stands at the door's free place. */
  readonly extra: string;
}

/** One way in for what others send. */
export interface Door {
  readonly name: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: (content: Content) => string;
  /** The free place, as a problem names it. */
  readonly place: string;
  /** Whether what stands at the free place becomes part of the alert. */
  readonly keeps: boolean;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const alertmanagerBody = ({ id, extra }: Content): string =>
  `{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"${id}"},` +
  `"annotations":{"summary":"It drifts"},"startsAt":"${NOW}","endsAt":"0001-01-01T00:00:00Z","extra":${extra}}]}`;
const genericBody = ({ id, extra }: Content): string =>
  `{"alerts":[{"labels":{"alertname":"${id}"},"startsAt":"${NOW}","title":"It drifts","extra":${extra}}]}`;
const dataBody = ({ id, extra }: Content): string =>
  `{"labels":{"alertname":"${id}"},"title":"It drifts","extra":${extra}}`;
const eventBody = (content: Content): string =>
  `{"specversion":"1.0","id":"${content.id}","source":"/monitor","type":"drift","time":"${NOW}","data":${dataBody(content)}}`;
const lineageBody = ({ id, extra }: Content): string =>
  `{"eventTime":"${NOW}","eventType":"COMPLETE","run":{"runId":"${id}","facets":{"extra":${extra}}},` +
  `"job":{"namespace":"n","name":"train"},"inputs":[{"namespace":"n","name":"rows"}],"outputs":[]}`;

const event = (type: string) => ({ ...bearer(SECRETS.cloudevents), 'content-type': type });

/** Alertmanager's webhook. */
export const ALERTMANAGER: Door = {
  name: 'alertmanager',
  path: '/api/v1/alerts/alertmanager',
  headers: { ...bearer(SECRETS.alertmanager), ...JSON_TYPE },
  body: alertmanagerBody,
  place: 'alerts[0].extra',
  keeps: false,
};
/** JSON of any shape. */
export const GENERIC: Door = {
  name: 'generic',
  path: '/api/v1/alerts/generic/plain',
  headers: { ...bearer(SECRETS.generic), ...JSON_TYPE },
  body: genericBody,
  place: 'alerts[0].extra',
  keeps: true,
};
/** One CloudEvent as a document. */
export const STRUCTURED: Door = {
  name: 'cloudevents, structured',
  path: '/api/v1/alerts/cloudevents',
  headers: event('application/cloudevents+json'),
  body: eventBody,
  place: 'data.extra',
  keeps: true,
};
/** A list of CloudEvents. */
export const BATCH: Door = {
  name: 'cloudevents, batch',
  path: '/api/v1/alerts/cloudevents',
  headers: event('application/cloudevents-batch+json'),
  body: (content) => `[${eventBody(content)}]`,
  place: '[0].data.extra',
  keeps: true,
};
/** A CloudEvent whose attributes are headers. */
export const BINARY: Door = {
  name: 'cloudevents, binary',
  path: '/api/v1/alerts/cloudevents',
  headers: {
    ...event('application/json'),
    'ce-specversion': '1.0',
    'ce-id': 'binary',
    'ce-source': '/monitor',
    'ce-type': 'drift',
    'ce-time': NOW,
  },
  body: dataBody,
  place: 'extra',
  keeps: true,
};
/** OpenLineage events, sent by a person. */
export const LINEAGE: Door = {
  name: 'lineage',
  path: '/api/v1/lineage',
  headers: { ...bearer(SECRETS.person), ...JSON_TYPE },
  body: lineageBody,
  place: 'run.facets.extra',
  keeps: false,
};

/** Every door. */
export const DOORS: readonly Door[] = [ALERTMANAGER, GENERIC, STRUCTURED, BATCH, BINARY, LINEAGE];

/** The request that carries a body to a door. Binary events take their id from a header. */
export function through(door: Door, body: string | Buffer, id = 'binary'): Attempt {
  const { path, headers } = door;
  return { path, headers: door === BINARY ? { ...headers, 'ce-id': id } : headers, body };
}

/** What is expected of a request. */
export type Outcome =
  | {
      readonly refused: readonly [status: number, code: string, field: string | RegExp | null];
    }
  /** Taken as it is. */
  | 'accepted'
  /** Stored with what is wrong with it; the text names the field. */
  | { readonly quarantined: string };

const receipts = z.object({
  alerts: z.array(
    z.object({
      alertId: z.string(),
      duplicate: z.boolean(),
      incidentId: z.string().nullable(),
      problem: z.string().optional(),
    }),
  ),
});

/** The receipts of a 202. */
export function receiptsOf({ status, text }: Reply): z.infer<typeof receipts>['alerts'] {
  expect(status).toBe(202);
  expectDiscreet(text);
  return receipts.parse(JSON.parse(text)).alerts;
}

/** A good alert that is sent again and again: it must stay accepted, whatever came in between. */
export interface Companion {
  /** Sends it (again) and expects its first receipt. */
  readonly survives: () => Promise<void>;
}

/** Takes a good alert in; call it once before the rows of a table. */
export function companionOf(server: IntakeServer): Companion {
  const attempt = through(ALERTMANAGER, ALERTMANAGER.body({ id: 'Companion', extra: '1' }));
  let first: string | null = null;
  return {
    survives: async () => {
      const [receipt] = receiptsOf(await server.send(attempt));
      const { alertId, incidentId } = receipt ?? {};
      expect(incidentId).toMatch(/^inc_/);
      first ??= alertId ?? null;
      expect(alertId).toBe(first);
    },
  };
}

function expectRefused(
  reply: Reply,
  [status, code, field]: readonly [number, string, string | RegExp | null],
): void {
  const told = problemOfReply(reply);
  expect([told.status, told.code]).toEqual([status, code]);
  if (field instanceof RegExp) expect(told.field).toMatch(field);
  else expect(told.field).toBe(field);
}

function expectTaken(reply: Reply, gained: Partial<Counts>, quarantined: string | null): void {
  if (reply.status === 201) {
    expect(gained.lineage_node).toBeGreaterThan(0);
    return;
  }
  const [receipt, ...others] = receiptsOf(reply);
  expect(others).toEqual([]);
  expect(receipt?.duplicate).toBe(false);
  // Equal bytes of one source are one delivery.
  const { delivery = 0, ...rest } = gained;
  expect(delivery).toBeLessThanOrEqual(1);
  expect(rest.alert).toBe(1);
  if (quarantined === null) {
    expect(receipt?.problem).toBeUndefined();
    expect(receipt?.incidentId).toMatch(/^inc_/);
    return;
  }
  // What is not understood starts nothing.
  expect(rest).toEqual({ alert: 1 });
  expect(receipt?.incidentId).toBeNull();
  expect(receipt?.problem).toContain(quarantined);
}

/**
 * Sends a request and expects its outcome: status, code, field and request id; no row of a refused one; within
 * bounds of time and memory; and the companion still accepted afterwards.
 */
export async function expectOutcome(
  server: IntakeServer,
  companion: Companion,
  expected: { readonly attempt: Attempt; readonly outcome: Outcome },
): Promise<Reply> {
  const { attempt, outcome } = expected;
  const before = await server.counts();
  const reply = await bounded(() => server.send(attempt));
  const gained = added(before, await server.counts());
  if (outcome === 'accepted') expectTaken(reply, gained, null);
  else if ('quarantined' in outcome) expectTaken(reply, gained, outcome.quarantined);
  else {
    expect(gained).toEqual({});
    expectRefused(reply, outcome.refused);
  }
  await companion.survives();
  return reply;
}
