import type { Fact } from '../../domain/fact.ts';

/** True once a fact of this kind was told, of this operation or step where one is named. */
export function told(
  kind: Fact['kind'],
  of?: string,
): (incident: unknown, facts: readonly Fact[]) => boolean {
  return (_, facts) =>
    facts.some(
      (fact) =>
        fact.kind === kind && (of === undefined || fact.operation === of || fact.step === of),
    );
}
