import type { types } from '@slack/bolt';
import type { Approval } from '../../domain/approval.ts';
import type { Decision } from '../../domain/decision.ts';
import { AppError } from '../../domain/error.ts';
import { plainText } from '../../render/slack.ts';
import { admitDecision, awaitOutcome } from '../admission.ts';
import { answerCommand } from '../approval-detail.ts';
import { APPROVERS, requireRole, type Caller } from '../auth.ts';
import { keepRefusal, type RefusedBy } from '../refused-answers.ts';
import { answerBody } from '../schema/decision.ts';
import type { SlackDesk, SlackUser } from './door.ts';
import { SLACK, slackActor, slackCaller, slackIdentityOf } from './identity.ts';
import { parsedWords } from './parsed-words.ts';
import type { Filled } from './payload-schema.ts';
import { slackId } from './words.ts';

/** By what Slack tells us which view was submitted. */
export const REJECT_VIEW = 'firebreak-reject';
/** The one field of that view. */
export const REASON = 'reason';

const TITLE_MAX = 24;
const LABEL_MAX = 75;
const REASON_MAX = 2_000;
/** The outcome is told by an answer of its own, so that nobody waits for long. */
const OUTCOME_MS = 2_000;

/** What a button is about: one approval of one exact list of plans. */
export interface Asked {
  readonly approvalId: string;
  readonly planDigest: string;
}

/** What a button carries, or the form that it opened. Raises `invalid` for what no card of ours has. */
export function askedOf(value: string): Asked {
  const match = /^([A-Za-z0-9][A-Za-z0-9_-]{0,63}) ([0-9a-f]{64})$/.exec(value);
  const [, approvalId, planDigest] = match ?? [];
  if (approvalId === undefined || planDigest === undefined) {
    throw new AppError('invalid', 'This button is none of Firebreak’s.');
  }
  return { approvalId, planDigest };
}

interface Answer extends Asked {
  readonly who: SlackUser;
  /** The same for each delivery of one answer. */
  readonly decisionId: string;
}

/** A person's answer, admitted by what admits those of the API. */
async function admitted(
  desk: SlackDesk,
  answer: Answer,
  said: { readonly verdict: 'approve' } | { readonly verdict: 'reject'; readonly reason: string },
): Promise<Decision> {
  const { approvalId, planDigest, decisionId } = answer;
  const caller = await answerer(desk, { ...answer, verdict: said.verdict });
  const body = parsedWords(answerBody, { decisionId, planDigest, ...said });
  return admitDecision(desk, {
    decisionId,
    command: answerCommand(approvalId, body),
    incidentId: null,
    actor: slackActor(caller),
    caller,
  });
}

/** Who clicked, when they may answer approvals at all; who may not is kept. Raises `unauthorized`. */
async function answerer(
  desk: SlackDesk,
  { who, ...asked }: Answer & { readonly verdict: 'approve' | 'reject' },
): Promise<Caller> {
  try {
    const caller = await slackCaller(desk.store.people, who);
    requireRole(caller, APPROVERS, 'object');
    return caller;
  } catch (error) {
    await keepRefusal(desk, await refusedBy(desk, asked, who), error);
    throw error;
  }
}

/** Who was turned away: the person behind a member of a workspace, deactivated ones too, or the member whom nobody knows. */
async function refusedBy(
  { store }: SlackDesk,
  asked: Omit<Answer, 'who'> & { readonly verdict: 'approve' | 'reject' },
  who: SlackUser,
): Promise<RefusedBy> {
  const { approvalId, planDigest, verdict, decisionId: requestId } = asked;
  const answer = { approvalId, planDigest, verdict, requestId, channel: SLACK };
  const identity = slackIdentityOf(who);
  const person = await store.people.bySlackUser(identity);
  if (person === null) return { ...answer, person, claimed: identity, name: '', roles: [] };
  return { ...answer, person: person.id, claimed: null, name: person.name, roles: person.roles };
}

/**
 * Approves for the person who clicked: one signed row, committed when it resolves. A second click of the same person on the same
 * plans is the same decision. Raises what admission raises.
 */
export function approveFromSlack(desk: SlackDesk, asked: Asked, who: SlackUser): Promise<Decision> {
  const decisionId = slackId('approve', who.team, who.user, asked.approvalId, asked.planDigest);
  return admitted(desk, { ...asked, who, decisionId }, { verdict: 'approve' });
}

/** Rejects with the reason of the form: one signed row for one form. Raises what admission raises, naming the field. */
export function rejectFromSlack(
  desk: SlackDesk,
  filled: Filled,
  who: SlackUser,
): Promise<Decision> {
  const decisionId = slackId('view', filled.viewId);
  const reason = filled.values[REASON] ?? '';
  return admitted(
    desk,
    { ...askedOf(filled.kept), who, decisionId },
    { verdict: 'reject', reason },
  );
}

/** What the person is told once the run has answered, or has not in time. */
export async function toldOf(desk: SlackDesk, decision: Decision): Promise<string> {
  const waitMs = Math.min(desk.limits?.decisionWaitMs ?? OUTCOME_MS, OUTCOME_MS);
  const latest = await awaitOutcome(desk.store, decision, waitMs);
  const { command, outcome, reason, id } = latest;
  const word = command.kind === 'approve' ? 'approval' : 'rejection';
  if (outcome === 'refused') return `Your ${word} was refused: ${reason ?? 'no reason given'}`;
  const approval = await approvalOf(desk, latest);
  const standing = approval === null ? '' : ` ${standingOf(approval)}`;
  return outcome === 'accepted'
    ? `Your ${word} counts.${standing}`
    : `Your ${word} is recorded as ${id}.${standing}`;
}

/** What the form says: the answer has to be out before Slack gives up, and does not wait for the run. */
export function toldAtOnce({ id }: Decision): string {
  return `Your rejection is recorded as ${id}; the card shows how the approval stands.`;
}

async function approvalOf({ store }: SlackDesk, { command }: Decision): Promise<Approval | null> {
  return 'approvalId' in command ? store.approvals.get(command.approvalId) : null;
}

function standingOf({ status, quorum }: Approval): string {
  return status === 'open'
    ? `It needs ${quorum.people.toString()} people (${quorum.roles.join(', ')}) and is still open.`
    : `It is ${status}.`;
}

/** The form that asks why, about exactly what the card showed. Raises `unauthorized` for who may not answer. */
export async function rejectView(
  desk: SlackDesk,
  asked: Asked,
  who: SlackUser,
): Promise<types.ModalView> {
  const decisionId = slackId('reject', who.team, who.user, asked.approvalId, asked.planDigest);
  await answerer(desk, { ...asked, who, decisionId, verdict: 'reject' });
  return {
    type: 'modal',
    callback_id: REJECT_VIEW,
    private_metadata: `${asked.approvalId} ${asked.planDigest}`,
    title: plainText('Reject these plans', TITLE_MAX),
    submit: plainText('Reject', TITLE_MAX),
    close: plainText('Cancel', TITLE_MAX),
    blocks: [
      {
        type: 'input',
        block_id: REASON,
        label: plainText('Why? It goes onto the timeline.', LABEL_MAX),
        element: {
          type: 'plain_text_input',
          action_id: REASON,
          multiline: true,
          max_length: REASON_MAX,
        },
      },
    ],
  };
}
