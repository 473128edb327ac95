import { signedPart } from '../domain/decision.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { DecisionQuestion, DecisionStanding } from './activity.ts';
import type { Store } from '../store/tables.ts';
import type { ActivityDependencies } from './dependencies.ts';

/**
 * Whether what was delivered to a run is a decision that the API admitted: the same words as its row, signed, and not
 * yet answered. Whoever reaches Temporal can send an update; it then says what nobody decided.
 */
export async function decisionStands(
  deps: {
    readonly store: { readonly decisions: Pick<Store['decisions'], 'get'> };
    readonly verifySignature: ActivityDependencies['verifySignature'];
  },
  { decision }: DecisionQuestion,
): Promise<DecisionStanding> {
  const row = await deps.store.decisions.get(decision.id);
  if (row?.outcome !== 'pending') return { stands: false };
  const signed = signedPart(row);
  const isSame = canonicalJson(signed) === canonicalJson(signedPart(decision));
  return { stands: isSame && deps.verifySignature(signed, row.signature) };
}
