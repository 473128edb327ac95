import type { Approval } from '../domain/approval.ts';
import type { Incident } from '../domain/incident.ts';
import { context, header, section, SLACK_LIMITS, type SlackBlock } from './slack.ts';
import { visibleCut } from './visible.ts';

/** A part of a list: what of it is read, and whether there is more than was read. */
interface Listed<T> {
  readonly items: readonly T[];
  readonly isAll: boolean;
}

/** An approval that waits for the person, and the number of its incident. */
export interface WaitingApproval {
  readonly approval: Pick<Approval, 'id' | 'title' | 'approvalClass' | 'quorum' | 'expiresAt'>;
  readonly incidentNumber: number;
}

/** What somebody sees in the home of the app. */
export interface SlackHome {
  readonly approvals: Listed<WaitingApproval>;
  readonly incidents: Listed<Incident>;
  /** When it was read (RFC 3339): a home stands as it was until somebody opens it. */
  readonly at: string;
}

/** A view of the home of the app. */
export interface HomeView {
  readonly type: 'home';
  readonly blocks: readonly SlackBlock[];
}

/** Slack takes so many blocks in a home; both lists with their headings and the rest stay below it. */
export const HOME_BLOCKS_MAX = 100;
const SHOWN_MAX = 45;
const TITLE_MAX = 300;

function listOf<T>(
  { items, isAll }: Listed<T>,
  words: { readonly title: string; readonly none: string; readonly all: string },
  lineOf: (item: T) => string,
): readonly SlackBlock[] {
  const left = items.length - SHOWN_MAX;
  const count = `${isAll ? '' : 'at least '}${left.toString()}`;
  return [
    header(words.title),
    ...(items.length === 0 ? [section(words.none)] : []),
    ...items.slice(0, SHOWN_MAX).map((item) => section(lineOf(item))),
    ...(left > 0 ? [context(`… and ${count} more: ${words.all}`)] : []),
  ];
}

function approvalLines({ approval, incidentNumber }: WaitingApproval): string {
  const { id, title, approvalClass, quorum, expiresAt } = approval;
  return [
    `${approvalClass} ${visibleCut(title, TITLE_MAX)}`,
    `#${incidentNumber.toString()}, ${quorum.people.toString()} of ${quorum.roles.join(' and ')}, until ${expiresAt}`,
    `Its card is in the incident's thread; the whole: firebreak approval show ${id}`,
  ].join('\n');
}

function incidentLines({ number, severity, state, step, title, owner, model }: Incident): string {
  const where = step === null ? state : `${state}, ${step}`;
  return [
    `#${number.toString()} ${severity} ${where}: ${visibleCut(title, TITLE_MAX)}`,
    `Model ${visibleCut(model ?? 'not known', TITLE_MAX)}, lead ${owner ?? 'nobody yet'}: /firebreak status ${number.toString()}`,
  ].join('\n');
}

/** The home of the app for one person: what waits for them first, then what is open. Never more blocks than Slack takes. */
export function slackHome({ approvals, incidents, at }: SlackHome): HomeView {
  const waiting = {
    title: 'Waiting for you',
    none: 'No approval waits for you.',
    all: 'firebreak approval list',
  };
  const open = {
    title: 'Open incidents',
    none: 'No incident is open.',
    all: 'firebreak incident list',
  };
  return {
    type: 'home',
    blocks: [
      ...listOf(approvals, waiting, approvalLines),
      ...listOf(incidents, open, incidentLines),
      context(`As of ${at}. Open this page again to see it as it is now.`),
    ],
  };
}

/** A home that only says something, as to whom we do not know. */
export function sayingHome(text: string): HomeView {
  return { type: 'home', blocks: [section(visibleCut(text, SLACK_LIMITS.section))] };
}
