import { randomUUID } from 'node:crypto';
import type { ApiClient } from '../api/client.ts';
import { visibleCut } from '../render/visible.ts';
import { EXIT } from './failure.ts';
import type { Session } from './session.ts';

/** What the server says about a decision. */
export interface DecisionReply {
  readonly decision: {
    readonly id: string;
    readonly kind: string;
    readonly outcome: 'pending' | 'accepted' | 'refused';
    readonly reason: string | null;
  };
}

const REASON_CHARACTERS_MAX = 500;

function sentence({ decision }: DecisionReply): string {
  const reason = visibleCut(decision.reason ?? 'no reason given', REASON_CHARACTERS_MAX);
  switch (decision.outcome) {
    case 'accepted':
      return `${decision.kind}: accepted.`;
    case 'refused':
      return `${decision.kind}: refused: ${reason}`;
    case 'pending':
      return `${decision.kind}: recorded as ${decision.id}; the engine has not answered yet.`;
  }
}

/**
 * Sends a decision under a fresh id, which makes it safe to send again when nobody answers, and prints its outcome.
 * Answers the exit code: 3 when it was refused.
 */
export async function decide(
  session: Session,
  send: (client: ApiClient, decisionId: string) => Promise<DecisionReply>,
): Promise<number> {
  const reply = await send(await session.client(), randomUUID());
  session.result(reply, () => sentence(reply));
  return reply.decision.outcome === 'refused' ? EXIT.refused : EXIT.ok;
}
