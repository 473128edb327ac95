import { createHash } from 'node:crypto';
import type { SlackBlock } from './manifest.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The mark by which a message is found again: digests, so that metadata tells nothing. */
export function markOf(
  idempotencyKey: string,
  shown: { readonly text: string; readonly blocks?: readonly SlackBlock[] | undefined },
): { readonly key: string; readonly content: string } {
  return { key: sha256(idempotencyKey), content: contentDigest(shown) };
}

/** SHA-256 (hex) of what a message shows. Slack rewrites text, so it is never compared itself. */
export function contentDigest(shown: {
  readonly text: string;
  readonly blocks?: readonly SlackBlock[] | undefined;
}): string {
  return sha256(JSON.stringify([shown.text, shown.blocks ?? []]));
}
