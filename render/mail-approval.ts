import type { Approval } from '../domain/approval.ts';
import { CLASS_RULES, classWords } from '../domain/approval-class.ts';
import { counted } from '../domain/counted.ts';
import type { Json } from '../domain/json.ts';
import { approverText, standingText, type ShownApprover, type ShownPlan } from './approval-plan.ts';
import type { MailBlock, MailChange, MailContent } from './mail.ts';
import { cut, isMisleading } from './visible.ts';

/** A person whose answer counts. */
export interface Decider {
  readonly name: string;
  readonly roles: readonly string[];
}

/** What the mail of an approval says. */
export interface ApprovalMail {
  /** Subject of the incident's thread. */
  readonly subject: string;
  readonly approval: Approval;
  readonly plans: readonly ShownPlan[];
  readonly approvedBy: readonly ShownApprover[];
  readonly deciders: readonly Decider[];
  /** Where people decide; see `decideAt`. */
  readonly decide: MailBlock;
}

const PLANS_MAX = 50;
const CHANGES_MAX = 60;
const VALUE_MAX = 2_000;
const DECIDERS_MAX = 20;

/** Where an approval is decided: our page, or a command when there is no public address. Neither decides by itself. */
export function decideAt(approvalId: string, publicUrl: string | null): MailBlock {
  if (publicUrl === null) {
    const label = 'Read it whole and decide with your own token:';
    return { kind: 'command', label, command: `firebreak approval show ${approvalId}` };
  }
  return {
    kind: 'link',
    label: 'Log in, read it whole and decide (opening this link decides nothing):',
    url: `${publicUrl}/approvals/${encodeURIComponent(approvalId)}`,
  };
}

function shown(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return cut(typeof value === 'string' ? value : JSON.stringify(value), VALUE_MAX);
}

function changesOf(plan: ShownPlan): readonly MailBlock[] {
  if (plan.changes.length === 0) return [];
  const changes = plan.changes.slice(0, CHANGES_MAX).map(({ path, before, after }): MailChange => ({
    path,
    before: shown(before),
    after: shown(after),
  }));
  const left = plan.changes.length - changes.length;
  return [
    { kind: 'changes', changes },
    ...(left > 0
      ? [
          {
            kind: 'warning',
            text: `${left.toString()} more changes are not in this mail.`,
          } as const,
        ]
      : []),
  ];
}

function planBlocks(plan: ShownPlan, index: number): readonly MailBlock[] {
  return [
    { kind: 'heading', text: `${(index + 1).toString()}. ${plan.summary}` },
    {
      kind: 'fields',
      pairs: [
        ['Target', plan.target],
        ['Action', `${plan.action} (${plan.operation})`],
        ['Undo', plan.undo],
      ],
    },
    ...changesOf(plan),
  ];
}

function whoMay({ quorum, requestedBy }: Approval, deciders: readonly Decider[]): string {
  const people = counted(quorum.people, 'person', 'people');
  const named = deciders
    .slice(0, DECIDERS_MAX)
    .map(({ name, roles }) => `${name} (${roles.join(', ')})`);
  const left = deciders.length - named.length;
  return [
    `${people}: ${quorum.roles.join(' and ')}`,
    ...(named.length === 0 ? ['nobody has these roles yet'] : [named.join('; ')]),
    ...(left > 0 ? [`and ${left.toString()} more`] : []),
    ...(requestedBy === null ? [] : [`${requestedBy} asked for it and may not be the only one`]),
  ].join('\n');
}

/** Names that a reader could take for others are said so before anything else: who is deceived approves another plan. */
function nameWarning({ approval, plans }: ApprovalMail): readonly MailBlock[] {
  const texts = plans.flatMap(({ target, summary, undo, operation, changes }) => [
    ...[target, summary, undo, operation],
    ...changes.flatMap(({ path, before, after }) => [path, shown(before), shown(after)]),
  ]);
  if (![approval.title, ...texts].some(isMisleading)) return [];
  const text =
    'Some names below hold characters that pass for others or cannot be seen. Each is shown with its code point, as in (U+0430) or \\u{202e}: compare them before you decide.';
  return [{ kind: 'warning', text }];
}

/**
 * What approvers are mailed: class, who may decide, until when, every exact plan with its target, changes and undo, the digest
 * that is approved, and where. One that is no longer open says how it ended.
 */
export function approvalMail(mail: ApprovalMail): MailContent {
  const { approval, plans, approvedBy, subject } = mail;
  const { approvalClass, planDigest, title } = approval;
  const isOpen = approval.status === 'open';
  const left = plans.length - PLANS_MAX;
  const approvers = approvedBy.map(approverText).join(', ');
  return {
    subject,
    headline: isOpen
      ? `Approval needed (${approvalClass}): ${title}`
      : `No longer asked (${standingText(approval)}): ${title}`,
    blocks: [
      ...nameWarning(mail),
      {
        kind: 'fields',
        pairs: [
          ['Class', classWords(approvalClass)],
          ['State', standingText(approval)],
          ['Who may decide', whoMay(approval, mail.deciders)],
          ['Approved by', approvers === '' ? 'nobody yet' : approvers],
        ],
      },
      ...(isOpen ? [mail.decide] : []),
      ...plans.slice(0, PLANS_MAX).flatMap(planBlocks),
      ...(left > 0
        ? [
            {
              kind: 'warning',
              text: `${left.toString()} more plans are not in this mail: read them all before you decide.`,
            } as const,
          ]
        : []),
      {
        kind: 'fields',
        pairs: [['Plan digest', planDigest]],
      },
      {
        kind: 'text',
        text:
          CLASS_RULES[approvalClass].unasked === 'never'
            ? 'Nothing is approved by waiting: when it expires, containment stays and people are asked again. Any change of plan or world asks anew.'
            : 'Nothing is approved by waiting.',
      },
    ],
  };
}
