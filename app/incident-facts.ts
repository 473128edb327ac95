import { AppError } from '../domain/error.ts';
import type { Fact } from '../domain/fact.ts';
import type { Store } from '../store/tables.ts';

/** Most facts of one incident that are folded at once. */
const FACTS_MAX = 100_000;

/** Every fact of an incident, in the order of the log. Raises `too_large` past 100,000. */
export async function factsOf(
  store: { readonly facts: Pick<Store['facts'], 'all'> },
  incidentId: string,
): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of store.facts.all(incidentId)) {
    if (facts.length >= FACTS_MAX)
      throw new AppError('too_large', 'This incident has too many facts.');
    facts.push(fact);
  }
  return facts;
}
