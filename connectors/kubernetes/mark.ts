import { createHash } from 'node:crypto';

/** Prefix of every label and annotation of ours. */
export const MARK_PREFIX = 'firebreak.dev/';
/** Label: the incident that set a pod aside or made a policy. */
export const QUARANTINED_LABEL = `${MARK_PREFIX}quarantined`;
/** Label: the Deployment that a quarantined pod came from. */
export const QUARANTINED_FROM_LABEL = `${MARK_PREFIX}quarantined-from`;
/** Label: the pod that a quarantine policy is about. */
export const QUARANTINED_POD_LABEL = `${MARK_PREFIX}quarantined-pod`;
/** Label: the incident for which we made an object. */
export const INCIDENT_LABEL = `${MARK_PREFIX}incident`;
/** Label: the operation that made an object. */
export const OPERATION_LABEL = `${MARK_PREFIX}operation`;

const LABEL_VALUE_MAX = 63;
const HASH_CHARACTERS = 10;
const KEY_CHARACTERS_MAX = 1_000;

/** The annotation in which an action leaves its idempotency key on an object that is not ours. */
export function operationAnnotation(action: string): string {
  return `${MARK_PREFIX}operation.${action}`;
}

/** An idempotency key as an annotation's value. */
export function annotationValue(key: string): string {
  return key.slice(0, KEY_CHARACTERS_MAX);
}

/**
 * A text as a label's value: itself where it is valid, else cut and cleaned, with a digest so that different
 * texts stay different.
 */
export function labelValue(text: string): string {
  if (text.length <= LABEL_VALUE_MAX && /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(text)) {
    return text;
  }
  const digest = createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);
  const cleaned = text.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  const room = LABEL_VALUE_MAX - HASH_CHARACTERS - 1;
  return cleaned === '' ? digest : `${cleaned.slice(0, room)}-${digest}`;
}
