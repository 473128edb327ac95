import type { Applicability } from '../domain/regulatory-clock.ts';
import { compileExpression } from '../expression/expression.ts';

/** Different facts that one rule may ask for: each that is missing doubles the work. */
export const RULE_FACTS_MAX = 8;

/** Facts that people stated; what is not in it is unknown. */
export type StatedFacts = ReadonlyMap<string, boolean>;

/** The names of the facts that a rule asks for, each once. Raises `invalid` for what is no rule. */
export function factsOf(rule: string): readonly string[] {
  const { references } = compileExpression(rule, 'regime');
  return [...new Set(references.flatMap(({ key }) => key ?? []))];
}

/**
 * Whether a rule holds. It is asked with every answer that the missing facts could have: `yes` and `no` are given only
 * when all agree; else it is unknown, and those facts are named of which at least one answer depends.
 */
export function applicabilityOf(rule: string, stated: StatedFacts): Applicability {
  const { evaluate } = compileExpression(rule, 'regime');
  const missing = factsOf(rule).filter((name) => !stated.has(name));
  const known = Object.fromEntries(stated);
  const answers = Array.from({ length: 2 ** missing.length }, (_, world) => {
    const assumed = missing.map((name, index) => [name, ((world >> index) & 1) === 1] as const);
    return evaluate({ facts: { ...known, ...Object.fromEntries(assumed) } }) === true;
  });
  if (answers.every((answer) => answer)) return { answer: 'yes', missing: [] };
  if (!answers.includes(true)) return { answer: 'no', missing: [] };
  const matters = (index: number): boolean =>
    answers.some((answer, world) => answer !== answers[world ^ (1 << index)]);
  return { answer: 'unknown', missing: missing.filter((_, index) => matters(index)) };
}

/** A rule that holds when both do; null stands for a rule that always does. */
export function bothOf(first: string, second: string | null): string {
  return second === null ? first : `(${first}) && (${second})`;
}
