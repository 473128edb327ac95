import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Action } from '../connector.ts';
import type { PagerdutyClient } from './client.ts';
import { pageManifest, type PageInput } from './manifest.ts';

const pageState = z.object({ paged: z.boolean() });
/** Whether the page is out; an integration key cannot ask, so this is what the plan says. */
export type PageState = z.infer<typeof pageState>;

const DEDUP_KEY_MAX = 255;

/** The key under which PagerDuty takes a page once: as people can read it, or its digest where it is too long. */
function dedupKeyOf(idempotencyKey: string): string {
  const key = `firebreak/${idempotencyKey}`;
  if (key.length <= DEDUP_KEY_MAX) return key;
  return `firebreak/${createHash('sha256').update(idempotencyKey).digest('hex')}`;
}

/** Action `page`: a trigger whose key is ours, so that the one after a lost answer pages nobody again. */
export function page(client: PagerdutyClient): Action<PageInput, PageState> {
  return {
    manifest: pageManifest,
    before: pageState,
    reversible: false,
    because: 'Somebody was woken up.',
    plan: (input) =>
      Promise.resolve({
        summary: `Page whoever is on call for ${input.source}, as ${input.severity}.`,
        targets: [pageManifest.target(input)],
        before: { paged: false },
        after: { paged: true },
        token: null,
        undo: 'None: somebody was woken up.',
      }),
    apply: async ({ summary, severity, source, details, link }, _plan, context) => {
      const dedupKey = dedupKeyOf(context.idempotencyKey);
      const payload = { summary, severity, source, custom_details: details };
      const links = link === undefined ? [] : [link];
      await client.trigger({ dedupKey, payload, links }, context);
      return { externalId: dedupKey, origin: 'ours' };
    },
    verify: () =>
      Promise.resolve({
        holds: 'unknown',
        reason: 'An integration key cannot read back; PagerDuty takes one key once.',
      }),
  };
}
