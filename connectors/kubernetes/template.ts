import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import { invariant } from '../../domain/error.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import type { Template } from './reply-schema.ts';
import { TEMPLATE_HASH_LABEL } from './workload.ts';

const jsonValue = z.json();

/** The value without members that are null: absent and null are the same to the API server. */
function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutNulls(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) =>
      member === null ? [] : [[key, withoutNulls(member)]],
    ),
  );
}

/** A pod template as the Deployment wrote it: without the label that its ReplicaSet adds. */
export function plainTemplate(template: Template): Json {
  const { labels, ...metadata } = template.metadata ?? {};
  const kept = Object.entries(labels ?? {}).filter(([key]) => key !== TEMPLATE_HASH_LABEL);
  return jsonValue.parse({
    ...template,
    metadata: { ...metadata, labels: Object.fromEntries(kept) },
  });
}

/** SHA-256 (hex) that two templates share exactly when a rollout between them would change nothing. */
export function templateDigest(template: Template): string {
  const text = canonicalize(withoutNulls(plainTemplate(template)));
  invariant(text !== undefined, 'a template has a canonical form');
  return createHash('sha256').update(text).digest('hex');
}
