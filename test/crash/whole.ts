import { expect } from '@jest/globals';
import type { Fact } from '../../domain/fact.ts';
import { verifyChain } from '../../evidence/chain.ts';

/** What must be told as often as in a run that nobody disturbed. */
const ONCE: readonly Fact['kind'][] = [
  'operation.applied',
  'operation.verified',
  'operation.reverted',
  'step.started',
  'step.ended',
  'evidence.sealed',
  'approval.requested',
  'approval.approved',
  'incident.opened',
  'incident.closed',
];

/** What one incident left: what changed in its world by our hand, and what it told. */
export interface Ended {
  readonly changes: readonly string[];
  readonly facts: readonly Fact[];
}

/** The facts that must be told exactly once, sorted. */
export function toldOnce(facts: readonly Fact[]): readonly string[] {
  return facts
    .filter(({ kind }) => ONCE.includes(kind))
    .map(({ kind, step, operation }) => [kind, step, operation].join(' '))
    .sort();
}

/** The log of an incident that ended: no gap, and the chain verifies. */
export async function expectWholeLog(facts: readonly Fact[]): Promise<void> {
  expect(facts.map(({ sequence }) => sequence)).toEqual(facts.map((_, index) => index + 1));
  expect(await verifyChain(facts)).toMatchObject({ verified: true, facts: facts.length });
}

/** The incident ended as one that nobody disturbed: each change and each effect's fact once, the log whole. */
export async function expectSame(ended: Ended, undisturbed: Ended): Promise<void> {
  expect(ended.changes).toEqual(undisturbed.changes);
  expect(toldOnce(ended.facts)).toEqual(toldOnce(undisturbed.facts));
  await expectWholeLog(ended.facts);
}
