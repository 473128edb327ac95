import type { ApiClient } from '../api/client.ts';
import type { Fact } from '../domain/fact.ts';

const PAGE_FACTS = 200;

/** The first facts of an incident, at most `limit`, and the head of its chain as the server gave it last. */
export async function allFacts(
  client: ApiClient,
  incidentId: string,
  limit: number,
): Promise<{
  readonly facts: readonly Fact[];
  readonly head: { readonly sequence: number; readonly hash: string };
}> {
  const { api } = await import('../api/client.ts');
  const facts: Fact[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await client.call(api.incidents.timeline, {
      params: { id: incidentId },
      querystring: { limit: Math.min(PAGE_FACTS, limit - facts.length), cursor },
    });
    facts.push(...page.items);
    if (page.next === null || facts.length >= limit) return { facts, head: page.head };
    cursor = page.next;
  }
}
