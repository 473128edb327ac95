import type { Alert, IncomingAlert, QuarantinedAlert } from '../domain/alert.ts';
import { AppError, isAppError } from '../domain/error.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { dedupeKeyOf, digestOfParts, fingerprintOf } from './fingerprint.ts';
import { compareMoments, isUnset, momentOf } from './moment.ts';

/** Labels or annotations of one alert. */
export const LABELS_MAX = 256;
const NAME_LENGTH_MAX = 256;
const LABEL_LENGTH_MAX = 8 * 1024;
const ANNOTATION_LENGTH_MAX = 64 * 1024;
const TITLE_LENGTH_MAX = 300;

/** What intake is given: the body as it came, its headers, and who sent it. */
export interface IntakeRequest {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly source: IntakeSource;
  /** When the request came, RFC 3339; used only for events that carry no time of their own. */
  readonly receivedAt: string;
}

/** The part of a source's configuration that reading its alerts needs. */
export interface IntakeSource {
  readonly name: string;
  readonly ignoreLabels: readonly string[];
}

/** What a readable envelope held. */
export interface IntakeResult {
  readonly alerts: readonly IncomingAlert[];
  readonly quarantined: readonly QuarantinedAlert[];
}

/** An alert of some format, taken apart but not checked. */
export interface Element {
  readonly status: Json | undefined;
  readonly labels: Json | undefined;
  readonly annotations: Json | undefined;
  readonly startsAt: Json | undefined;
  readonly endsAt: Json | undefined;
  readonly title: Json | undefined;
  readonly details: JsonObject;
}

function problem(field: string, message: string): AppError {
  return new AppError('invalid', `${field}: ${message}`, { field });
}

/** Text that Postgres and canonical JSON can hold: no NUL, no half of a surrogate pair. */
function isStorable(text: string): boolean {
  return !text.includes('\u0000') && !/\p{Cs}/u.test(text);
}

/** The text without what `isStorable` refuses. */
function storable(text: string): string {
  return text.replaceAll('\u0000', '').replace(/\p{Cs}/gu, '\ufffd');
}

function checkStorable(value: Json, field: string): void {
  if (typeof value === 'string') {
    if (!isStorable(value)) throw problem(field, 'holds NUL or is no Unicode text.');
    return;
  }
  if (value === null || typeof value !== 'object') return;
  for (const [key, item] of Object.entries(value)) {
    if (!isStorable(key)) throw problem(field, 'has a key that holds NUL or is no Unicode text.');
    checkStorable(item, `${field}.${key.slice(0, 64)}`);
  }
}

function textMap(
  value: Json | undefined,
  field: string,
  lengthMax: number,
): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw problem(field, 'is not a map of texts.');
  const entries = Object.entries(value);
  if (entries.length > LABELS_MAX)
    throw problem(field, `has more than ${LABELS_MAX.toString()} entries.`);
  const map: Record<string, string> = {};
  for (const [name, text] of entries) {
    const at = `${field}.${name.slice(0, 64)}`;
    if (name === '' || name.length > NAME_LENGTH_MAX) throw problem(at, 'is not a name.');
    if (typeof text !== 'string') throw problem(at, 'is not text.');
    if (text.length > lengthMax) throw problem(at, 'is too long.');
    map[name] = text;
  }
  return map;
}

function statusOf(value: Json | undefined, field: string): Alert['status'] {
  if (value === 'firing' || value === 'resolved') return value;
  throw problem(field, "is neither 'firing' nor 'resolved'.");
}

function timeOf(value: Json | undefined, field: string): string {
  const moment = typeof value === 'string' ? momentOf(value) : null;
  if (moment === null) throw problem(field, 'is not an RFC 3339 time.');
  return moment;
}

function startOf(value: Json | undefined, field: string): string {
  if (typeof value === 'string' && isUnset(value)) throw problem(field, 'is not set.');
  return timeOf(value, field);
}

function endOf(
  value: Json | undefined,
  at: { readonly status: Alert['status']; readonly start: string; readonly field: string },
): string | null {
  if (at.status === 'firing' || value === undefined || value === null) return null;
  if (typeof value === 'string' && isUnset(value)) return null;
  const end = timeOf(value, at.field);
  if (compareMoments(end, at.start) < 0) throw problem(at.field, 'is before startsAt.');
  return end;
}

function titleOf(value: Json | undefined, labels: Readonly<Record<string, string>>): string {
  const wanted = typeof value === 'string' && value.trim() !== '' ? value : labels['alertname'];
  const title = (wanted ?? 'Alert').replace(/\s+/g, ' ').trim();
  // A cut must not leave half of a surrogate pair.
  return title.length <= TITLE_LENGTH_MAX ? title : storable(title.slice(0, TITLE_LENGTH_MAX));
}

function alertOf(element: Element, field: string, source: IntakeSource): Alert {
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`);
  const labels = textMap(element.labels, at('labels'), LABEL_LENGTH_MAX);
  if (Object.keys(labels).length === 0)
    throw problem(at('labels'), 'is empty: nothing identifies this alert.');
  const annotations = textMap(element.annotations, at('annotations'), ANNOTATION_LENGTH_MAX);
  const status = statusOf(element.status, at('status'));
  const startsAt = startOf(element.startsAt, at('startsAt'));
  checkStorable({ labels, annotations, details: element.details }, field === '' ? 'alert' : field);
  return {
    source: source.name,
    status,
    fingerprint: fingerprintOf(labels, source.ignoreLabels),
    startsAt,
    endsAt: endOf(element.endsAt, { status, start: startsAt, field: at('endsAt') }),
    title: titleOf(element.title, labels),
    labels,
    annotations,
    details: element.details,
  };
}

/** One element of an envelope, as an alert or as what is wrong with it. */
export type ReadElement =
  { readonly incoming: IncomingAlert } | { readonly quarantined: QuarantinedAlert };

/** What was sent for an element, for the key that drops its repeats. */
export function quarantine(source: IntakeSource, raw: Json, error: unknown): ReadElement {
  if (!isAppError(error)) throw error;
  const dedupeKey = digestOfParts(['firebreak/quarantine/1', source.name, JSON.stringify(raw)]);
  const { message, field = null } = error;
  return {
    quarantined: {
      source: source.name,
      dedupeKey,
      problem: storable(message),
      field: field === null ? null : storable(field),
    },
  };
}

/**
 * Reads one element: `take` takes it apart (and may raise `invalid`), then it is checked. What is wrong with it is
 * a quarantined alert, never an error. `dedupeKey` replaces the default key where the format has its own identity.
 */
export function readElement(
  source: IntakeSource,
  raw: Json,
  read: {
    readonly field: string;
    readonly take: () => Element;
    readonly dedupeKey?: () => string;
  },
): ReadElement {
  try {
    const alert = alertOf(read.take(), read.field, source);
    const dedupeKey = read.dedupeKey ? read.dedupeKey() : dedupeKeyOf(alert);
    return { incoming: { alert, dedupeKey } };
  } catch (error) {
    return quarantine(source, raw, error);
  }
}

/** Sorts what was read; repeats within one envelope are dropped. */
export function resultOf(elements: readonly ReadElement[]): IntakeResult {
  const alerts = new Map<string, IncomingAlert>();
  const quarantined = new Map<string, QuarantinedAlert>();
  for (const element of elements) {
    if ('incoming' in element) alerts.set(element.incoming.dedupeKey, element.incoming);
    else quarantined.set(element.quarantined.dedupeKey, element.quarantined);
  }
  return { alerts: [...alerts.values()], quarantined: [...quarantined.values()] };
}
