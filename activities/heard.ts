import type { Decision } from '../domain/decision.ts';
import { signedPart } from '../domain/decision.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { Tables } from '../store/tables.ts';
import type { RunReference } from './run-reference.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { distrusted } from './distrust.ts';

/**
 * Raises `refused` when a run was told what no person decided: each decision that it heard since its last activity
 * must be stored with these words for this incident, and signed by the API.
 */
export async function checkHeard(
  { verifySignature }: Pick<ActivityDependencies, 'verifySignature'>,
  { decisions }: Pick<Tables, 'decisions'>,
  { incidentId, heard = [] }: Pick<RunReference, 'incidentId' | 'heard'>,
): Promise<void> {
  const stored = await Promise.all(heard.map(({ id }) => decisions.get(id)));
  const isTaken = (decision: Decision, index: number): boolean => {
    const row = stored[index];
    return (
      row?.incidentId === incidentId &&
      wordsOf(row) === wordsOf(decision) &&
      verifySignature(signedPart(row), row.signature)
    );
  };
  if (!heard.every(isTaken)) throw distrusted('decision');
}

function wordsOf(decision: Decision): string {
  return canonicalJson(signedPart(decision));
}
