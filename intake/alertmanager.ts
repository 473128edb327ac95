import { AppError } from '../domain/error.ts';
import { isJsonObject } from '../domain/json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { readElement, resultOf } from './element.ts';
import type { Element, IntakeRequest, IntakeResult } from './element.ts';
import { readJsonText } from './json-text.ts';

const VERSION = '4';

function invalid(field: string, message: string): AppError {
  return new AppError('invalid', `${field}: ${message}`, { field });
}

function detailsOf(alert: JsonObject, envelope: JsonObject): JsonObject {
  const { generatorURL = null, fingerprint = null } = alert;
  const { receiver = null, externalURL = null, truncatedAlerts = 0 } = envelope;
  return { generatorURL, senderFingerprint: fingerprint, receiver, externalURL, truncatedAlerts };
}

function elementOf(raw: Json, envelope: JsonObject, field: string): Element {
  if (!isJsonObject(raw)) throw invalid(field, 'is not an object.');
  const annotations = isJsonObject(raw['annotations']) ? raw['annotations'] : {};
  return {
    // Old senders give the status of the group only.
    status: raw['status'] ?? envelope['status'],
    labels: raw['labels'],
    annotations: raw['annotations'],
    startsAt: raw['startsAt'],
    endsAt: raw['endsAt'],
    title: annotations['summary'] ?? annotations['title'],
    details: detailsOf(raw, envelope),
  };
}

/**
 * Reads a webhook of Prometheus Alertmanager (format version 4). Bad alerts of a readable envelope are quarantined.
 * Raises `invalid` naming the field when the envelope cannot be read, `too_large` past 8 MiB.
 */
export function readAlertmanager(request: IntakeRequest): IntakeResult {
  const envelope = readJsonText(request.body);
  if (!isJsonObject(envelope)) throw invalid('body', 'is not an object.');
  if (envelope['version'] !== VERSION) throw invalid('version', "is not '4'.");
  const alerts = envelope['alerts'];
  if (!Array.isArray(alerts)) throw invalid('alerts', 'is not a list.');
  return resultOf(
    alerts.map((raw: Json, index) => {
      const field = `alerts[${index.toString()}]`;
      return readElement(request.source, raw, {
        field,
        take: () => elementOf(raw, envelope, field),
      });
    }),
  );
}
