import { CloudEvent } from 'cloudevents';
import { AppError } from '../domain/error.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { readElement, resultOf } from './element.ts';
import type { Element, IntakeRequest, IntakeResult, ReadElement } from './element.ts';
import { digestOfParts } from './fingerprint.ts';
import { readJsonText } from './json-text.ts';

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;
const BATCH = 'application/cloudevents-batch+json';
const STRUCTURED = 'application/cloudevents+json';
const ATTRIBUTE_LENGTH_MAX = 8 * 1024;

function invalid(field: string, message: string, cause?: unknown): AppError {
  return new AppError('invalid', `${field}: ${message}`, { field, cause });
}

/** What is wrong with a header, told apart from a field of that name. */
function invalidHeader(header: string, message: string, cause?: unknown): AppError {
  const details = { header };
  return new AppError('invalid', `${header}: ${message}`, { field: header, details, cause });
}

function headerOf(request: IntakeRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (value === undefined || typeof value === 'string') return value;
  throw invalidHeader(name, 'this header is given twice.');
}

function percentDecoded(value: string, header: string): string {
  try {
    return decodeURIComponent(value);
  } catch (error) {
    throw invalidHeader(header, 'is not percent-encoded UTF-8.', error);
  }
}

/** The attributes of a binary event, from its `ce-*` headers; its data is the body. */
function binaryEvent(request: IntakeRequest, mediaType: string): JsonObject {
  const entries: [string, Json][] = [];
  for (const name of Object.keys(request.headers).filter((header) => header.startsWith('ce-'))) {
    const value = headerOf(request, name);
    if (value !== undefined) entries.push([name.slice(3), percentDecoded(value, name)]);
  }
  if (request.body.byteLength > 0 && !/[/+]json$/.test(mediaType)) {
    throw invalidHeader('content-type', 'is not JSON; the data of an event must be.');
  }
  const data = request.body.byteLength > 0 ? readJsonText(request.body) : null;
  return { ...Object.fromEntries(entries), datacontenttype: 'application/json', data };
}

interface Identity {
  readonly id: string;
  readonly source: string;
}

function requiredText(event: JsonObject, name: string, field: string): string {
  const value = event[name];
  if (typeof value !== 'string' || value === '') throw invalid(field, 'is missing or not text.');
  if (value.length > ATTRIBUTE_LENGTH_MAX) throw invalid(field, 'is too long.');
  return value;
}

/** The official library checks the rest. It invents a missing id or time, so those are looked for before. */
function checkEvent(event: JsonObject, field: string): Identity {
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`);
  const [specversion = '', id = '', source = '', type = ''] = REQUIRED.map((name) =>
    requiredText(event, name, at(name)),
  );
  if (specversion !== '1.0') throw invalid(at('specversion'), "is not '1.0'.");
  try {
    const set = Object.entries(event).filter(([name, value]) => value !== null && name !== 'data');
    new CloudEvent({ ...Object.fromEntries(set), id, source, type }, true);
  } catch (error) {
    throw invalid(field === '' ? 'event' : field, 'is not a valid CloudEvent 1.0.', error);
  }
  return { id, source };
}

function statusOf(event: JsonObject, data: JsonObject): Json {
  if (data['status'] !== undefined) return data['status'];
  const { type } = event;
  return typeof type === 'string' && /[.:/-]resolved$/.test(type) ? 'resolved' : 'firing';
}

function attributeLabels(event: JsonObject): JsonObject {
  const labels: [string, Json][] = [];
  for (const name of ['type', 'source', 'subject']) {
    const value = event[name];
    if (typeof value === 'string') labels.push([`ce_${name}`, value]);
  }
  return Object.fromEntries(labels);
}

function labelsOf(event: JsonObject, data: JsonObject): Json {
  const labels = data['labels'] ?? {};
  return isJsonObject(labels) ? { ...labels, ...attributeLabels(event) } : labels;
}

function titleOf(event: JsonObject, data: JsonObject): Json | undefined {
  return data['title'] ?? data['summary'] ?? event['subject'] ?? event['type'];
}

function elementOf(event: JsonObject, receivedAt: string): Element {
  const data = isJsonObject(event['data']) ? event['data'] : {};
  const { id = null, time = null, data: whole = null } = event;
  return {
    status: statusOf(event, data),
    labels: labelsOf(event, data),
    annotations: data['annotations'],
    startsAt: data['startsAt'] ?? time ?? receivedAt,
    endsAt: data['endsAt'],
    title: titleOf(event, data),
    details: { id, time, data: whole },
  };
}

function readEvent(request: IntakeRequest, raw: Json, field: string): ReadElement {
  const { source, receivedAt } = request;
  const event = isJsonObject(raw) ? raw : {};
  let identity: Identity | undefined;
  return readElement(source, raw, {
    field,
    take: () => {
      identity = checkEvent(event, field);
      return elementOf(event, receivedAt);
    },
    // An event's identity is its source and id, whatever the rest says.
    dedupeKey: () =>
      digestOfParts([
        'firebreak/dedupe/cloudevents/1',
        source.name,
        identity?.source ?? '',
        identity?.id ?? '',
      ]),
  });
}

/**
 * Reads CloudEvents 1.0 over HTTP: binary, structured or batch. `data.status`, `data.labels`, `data.annotations`,
 * `data.startsAt`, `data.endsAt` and `data.title` become the alert's; the attributes `type`, `source` and `subject`
 * become the labels `ce_type`, `ce_source` and `ce_subject`. Bad events are quarantined. Raises `invalid` when the
 * request is no event at all, `too_large` past 8 MiB.
 */
export function readCloudEvents(request: IntakeRequest): IntakeResult {
  const contentType = headerOf(request, 'content-type') ?? '';
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType === BATCH) {
    const events = readJsonText(request.body);
    if (!Array.isArray(events)) throw invalid('body', 'is not a list of events.');
    return resultOf(
      events.map((raw: Json, index) => readEvent(request, raw, `[${index.toString()}]`)),
    );
  }
  if (mediaType === STRUCTURED)
    return resultOf([readEvent(request, readJsonText(request.body), '')]);
  if (headerOf(request, 'ce-specversion') === undefined) {
    throw invalidHeader('content-type', 'is no CloudEvents format, and there are no ce-* headers.');
  }
  return resultOf([readEvent(request, binaryEvent(request, mediaType), '')]);
}
