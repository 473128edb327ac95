import type { BrokenGlass } from './break-glass.ts';
import type { DeclaredWords } from './clock-record.ts';
import type { ClosingVerdict, Severity } from './incident.ts';
import type { Role } from './approval.ts';
import type { ServingObject } from './inventory.ts';

/** What a person may decide. Each is one row, signed, delivered to the workflow by the relay. */
export type DecisionCommand =
  | { readonly kind: 'approve'; readonly approvalId: string; readonly planDigest: string }
  | {
      readonly kind: 'reject';
      readonly approvalId: string;
      readonly planDigest: string;
      readonly reason: string;
    }
  /** From now on each effect of R1 waits for one responder. */
  | { readonly kind: 'veto'; readonly reason: string }
  | { readonly kind: 'pause'; readonly reason: string }
  | { readonly kind: 'resume'; readonly reason?: string }
  | { readonly kind: 'retry'; readonly reason?: string }
  | { readonly kind: 'skip'; readonly operation: string; readonly reason: string }
  | { readonly kind: 'mark-done'; readonly operation: string; readonly reason: string }
  | { readonly kind: 'cancel'; readonly reason: string }
  | { readonly kind: 'stand-down'; readonly reason: string }
  | { readonly kind: 'hand-over'; readonly to: string; readonly reason?: string }
  | { readonly kind: 'severity'; readonly severity: Severity; readonly reason: string }
  | { readonly kind: 'targets'; readonly model: string; readonly reason: string }
  /** Goes on with another playbook, from its first step. */
  | { readonly kind: 'reroute'; readonly playbook: string; readonly reason: string }
  /** One more object of the inventory becomes a target, or one is a target no more; the playbook begins again. */
  | ({ readonly kind: 'target-add'; readonly role: ServingObject['role'] | null } & TargetCommand)
  | ({ readonly kind: 'target-remove' } & TargetCommand)
  | { readonly kind: 'acknowledge' }
  /** What a person says about the clocks of regulators, for the record. */
  | ({ readonly kind: 'declare' } & DeclaredWords)
  | { readonly kind: 'note'; readonly text: string; readonly occurredAt: string | null }
  | {
      readonly kind: 'close';
      readonly verdict: ClosingVerdict;
      readonly reason: string;
      /** Containments deliberately left in place, each with owner and expiry. */
      readonly leave: readonly LeftInPlace[];
    };

/** Which serving object a command is about. */
export interface TargetCommand {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly reason: string;
}

/** The kind of a decision. */
export type DecisionKind = DecisionCommand['kind'];

/** A containment that stays after close, with its owner and its end. */
export interface LeftInPlace {
  readonly operation: string;
  readonly target: string;
  readonly owner: string;
  readonly expiresAt: string;
}

/** Who decided, through which door. */
export interface Actor {
  readonly person: string;
  readonly name: string;
  readonly roles: readonly Role[];
  /** `api`, `cli`, `slack`, `page`. */
  readonly channel: string;
  /** RFC 3339; when the person signed in on our page. Only of decisions that came by it. */
  readonly signedInAt?: string;
  /** Only of a yes that counts alone because its person broke the glass. */
  readonly brokenGlass?: BrokenGlass;
}

/** `pending` until the workflow has taken it or refused it. */
export type DecisionOutcome = 'pending' | 'accepted' | 'refused';

/** One person's answer, as stored. */
export interface Decision {
  readonly id: string;
  readonly incidentId: string;
  readonly command: DecisionCommand;
  readonly actor: Actor;
  readonly decidedAt: string;
  /** Ed25519 over the canonical JSON of (id, incident, command, actor, decidedAt), base64. */
  readonly signature: string;
  readonly outcome: DecisionOutcome;
  /** Why it was refused; null otherwise. */
  readonly reason: string | null;
}

/** What of a decision is signed: everything that gives it force. Canonicalise (RFC 8785) before signing. */
export function signedPart(
  decision: Pick<Decision, 'id' | 'incidentId' | 'command' | 'actor' | 'decidedAt'>,
): object {
  const { id, incidentId, command, actor, decidedAt } = decision;
  return { id, incidentId, command, actor, decidedAt };
}
