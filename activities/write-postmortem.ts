import { newFact } from '../domain/fact.ts';
import type { RunReference } from './run-reference.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * States that the five steps are over and the record is ready for review. The postmortem itself is a fold of facts
 * and rows, made anew whenever somebody reads it, so that it can never differ from them.
 */
export async function writePostmortem(
  deps: ActivityDependencies,
  reference: RunReference,
): Promise<void> {
  const incident = await begin(deps, reference);
  await deps.store.facts.append(incident.id, [
    newFact({
      key: `postmortem/g${incident.generation.toString()}`,
      kind: 'postmortem.written',
      summary: 'The postmortem is ready for review.',
    }),
  ]);
}
