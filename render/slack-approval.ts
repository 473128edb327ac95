import type { Approval } from '../domain/approval.ts';
import { classWords } from '../domain/approval-class.ts';
import type { Json } from '../domain/json.ts';
import { approverText, standingText, type ShownApprover, type ShownPlan } from './approval-plan.ts';
import {
  actions,
  context,
  fields,
  header,
  message,
  openButton,
  plainText,
  section,
  SLACK_LIMITS,
  type SlackButton,
  type SlackMessage,
} from './slack.ts';
import { cut, visibleCut } from './visible.ts';

/** What the card of an approval says. */
export interface ApprovalCard {
  readonly approval: Approval;
  readonly plans: readonly ShownPlan[];
  /** Who has approved so far. */
  readonly approvedBy: readonly ShownApprover[];
  readonly url: string | null;
  /** Whether clicks come back to us. */
  readonly decide: boolean;
}

/** Action ids of the two buttons. */
export const ANSWER_BUTTONS = { approve: 'approve', reject: 'reject' } as const;

const LINE_MAX = 400;
const VALUE_MAX = 120;
const CHANGES_MAX = 6;

/** A value on a part of a line, and whether that is all of it. */
function shown(value: Json | undefined): Shown {
  if (value === undefined) return { text: 'nothing', isWhole: true };
  const text = JSON.stringify(value);
  return { text: visibleCut(text, VALUE_MAX), isWhole: text.length <= VALUE_MAX };
}

interface Shown {
  readonly text: string;
  readonly isWhole: boolean;
}

function changeLine({ path, before, after }: ShownPlan['changes'][number]): Shown {
  const [from, to] = [shown(before), shown(after)];
  return { text: `${path}: ${from.text} → ${to.text}`, isWhole: from.isWhole && to.isWhole };
}

/** A plan in lines, and whether something of it had to be left out. */
function planText(plan: ShownPlan): Shown {
  const changes = plan.changes.slice(0, CHANGES_MAX).map(changeLine);
  const left = plan.changes.length - changes.length;
  const lines = [
    `${plan.operation}: ${plan.summary}`,
    `Target: ${plan.target} (${plan.action})`,
    ...changes.map(({ text }) => text),
    ...(left > 0 ? [`… ${left.toString()} more changes`] : []),
    `Undo: ${plan.undo}`,
  ];
  return {
    text: lines.map((line) => visibleCut(line, LINE_MAX)).join('\n'),
    isWhole:
      plan.known &&
      left === 0 &&
      lines.every((line) => line.length <= LINE_MAX) &&
      changes.every(({ isWhole }) => isWhole),
  };
}

function answerButton(
  { id, planDigest, plans }: Approval,
  name: keyof typeof ANSWER_BUTTONS,
): SlackButton {
  const { button, buttonValue, confirmTitle, confirmText, confirmButton } = SLACK_LIMITS;
  const isYes = name === 'approve';
  return {
    type: 'button',
    text: plainText(isYes ? 'Approve' : 'Reject…', button),
    action_id: ANSWER_BUTTONS[name],
    value: cut(`${id} ${planDigest}`, buttonValue),
    style: isYes ? 'primary' : 'danger',
    ...(isYes
      ? {
          confirm: {
            title: plainText('Approve exactly these plans?', confirmTitle),
            text: plainText(
              `${plans.length.toString()} plans, digest ${planDigest}. Any change of them asks again.`,
              confirmText,
            ),
            confirm: plainText('Approve', confirmButton),
            deny: plainText('Not yet', confirmButton),
          },
        }
      : {}),
  };
}

function headOf({ approval, approvedBy }: ApprovalCard) {
  const { quorum, approvalClass } = approval;
  return [
    header(`Approval: ${approval.title}`),
    fields([
      ['Class', classWords(approvalClass)],
      ['State', standingText(approval)],
      ['Who may decide', `${quorum.people.toString()} people: ${quorum.roles.join(' and ')}`],
      [
        'Approved by',
        approvedBy.length === 0 ? 'nobody yet' : approvedBy.map(approverText).join(', '),
      ],
    ]),
  ];
}

/**
 * What is asked of approvers: every exact plan with what it changes and its undo, then the digest that they approve. The buttons
 * carry approval and digest, so that a click can answer this plan only; they are there while it is open, and only when the card
 * shows everything: who sees a part is sent to the whole.
 */
export function approvalCard(card: ApprovalCard): SlackMessage {
  const { approval, url } = card;
  const isOpen = approval.status === 'open';
  const head = headOf(card);
  const plansMax = SLACK_LIMITS.blocks - head.length - FOOT_BLOCKS;
  const left = card.plans.length - plansMax;
  const texts = card.plans.slice(0, plansMax).map(planText);
  const isWhole = left <= 0 && texts.every((plan) => plan.isWhole);
  const answers =
    card.decide && isOpen && isWhole
      ? [answerButton(approval, 'approve'), answerButton(approval, 'reject')]
      : [];
  const show = `firebreak approval show ${approval.id}`;
  return message(`Approval: ${approval.title} – ${standingText(approval)}`, [
    ...head,
    ...texts.map(({ text }) => section(text)),
    ...(left > 0
      ? [context(`… ${left.toString()} more plans: read them all before you approve.`)]
      : []),
    context(`Plan digest ${approval.planDigest}`),
    ...(isOpen && answers.length === 0 ? [section(`Read it whole and decide: ${show}`)] : []),
    ...actions([...answers, ...(url === null ? [] : [openButton(url)])]),
  ]);
}

/** Blocks that follow the plans at most. */
const FOOT_BLOCKS = 4;
