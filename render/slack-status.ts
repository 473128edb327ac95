import type { Approval } from '../domain/approval.ts';
import type { ReviewedBreak } from '../domain/break-glass.ts';
import type { Incident } from '../domain/incident.ts';
import type { OperationRow } from '../domain/operation.ts';
import { actions, fields, header, message, openButton, section } from './slack.ts';
import type { SlackBlock, SlackMessage } from './slack.ts';
import { visibleCut } from './visible.ts';

/** One effect as the card reads it. */
export type CardEffect = Pick<OperationRow, 'containment' | 'state' | 'target'> & {
  readonly plan: Pick<OperationRow['plan'], 'summary'>;
};

/** What the live card of an incident shows. */
export interface StatusCard {
  readonly incident: Incident;
  readonly effects: readonly CardEffect[];
  /** Those that are open. */
  readonly approvals: readonly Approval[];
  /** Broken glass whose review is still owed. */
  readonly broken: readonly ReviewedBreak[];
  /** What ends next, and when (RFC 3339); null when nothing does. */
  readonly deadline: { readonly what: string; readonly at: string } | null;
  readonly url: string | null;
}

const LINE_MAX = 200;
const LINES_MAX = 10;

/** A heading with lines below; nothing for no lines. What does not fit is counted. */
function listOf(title: string, lines: readonly string[]): readonly SlackBlock[] {
  if (lines.length === 0) return [];
  const left = lines.length - LINES_MAX;
  const shown = lines.slice(0, LINES_MAX).map((line) => `• ${visibleCut(line, LINE_MAX)}`);
  const more = left > 0 ? [`… ${left.toString()} more`] : [];
  return [section([`${title}:`, ...shown, ...more].join('\n'))];
}

function stateOf({ state, stateReason, verdict }: Incident): string {
  if (state === 'closed') return verdict === null ? 'closed' : `closed: ${verdict}`;
  return stateReason === null ? state : `${state}: ${stateReason}`;
}

/** Who has the next move. */
function actorOf({ incident, approvals }: StatusCard): string {
  const { state, owner, paused } = incident;
  if (state === 'closed') return 'nobody: it is closed';
  const [asked] = approvals;
  if (asked !== undefined) {
    const { people, roles } = asked.quorum;
    return `approvers: ${people.toString()} of ${roles.join(' and ')}`;
  }
  const isWithPeople = paused || state === 'held' || state === 'stuck';
  return isWithPeople ? (owner ?? 'a person: nobody took it yet') : 'Firebreak';
}

function targetsOf({ targets, model, suspect }: Incident): readonly string[] {
  const entry = targets?.entry ?? null;
  const serving = (entry?.serving ?? []).map(
    ({ cluster, namespace, kind, name, role }) =>
      `${kind} ${namespace}/${name} at ${cluster} (${role})`,
  );
  const named = [
    ...(model === null ? [] : [`model ${model}`]),
    ...(suspect === null ? [] : [`suspect ${suspect}`]),
  ];
  return [...named, ...serving];
}

/** What is kept from doing harm, as probes saw it; what was not seen is never called contained. */
function containmentOf(effects: readonly CardEffect[]): readonly SlackBlock[] {
  const containments = effects.filter(({ containment }) => containment);
  const linesOf = (states: readonly CardEffect['state'][]): readonly string[] =>
    containments
      .filter(({ state }) => states.includes(state))
      .map(({ target, plan }) => `${target}: ${plan.summary}`);
  const seen = linesOf(['verified']);
  return [
    ...(seen.length === 0 ? [section('Contained: nothing yet')] : listOf('Contained', seen)),
    ...listOf('Not seen to be contained', linesOf(['applied', 'unverified', 'unknown'])),
  ];
}

/** Who could, or can, answer alone: shown until somebody else has looked at it. */
function brokenLine({ glassBreak, review }: ReviewedBreak): string {
  const { person, reason, endsAt } = glassBreak;
  return `${person} may answer alone until ${endsAt}, ${review.ownerRole} reviews it until ${review.dueAt}: ${reason}`;
}

/** The one live card of an incident: how it stands, who acts, what is asked, and until when. */
export function statusCard(card: StatusCard): SlackMessage {
  const { incident, effects, approvals, broken, deadline, url } = card;
  const { number, severity, title, phase, step, owner, playbookName, mode } = incident;
  const state = stateOf(incident);
  const name = `[${severity}] #${number.toString()} ${title}`;
  return message(`${name} – ${state}`, [
    header(name),
    fields([
      ['State', state],
      ['Phase', step === null ? phase : `${phase} (${step})`],
      ['Severity', severity],
      ['Acts next', actorOf(card)],
      ['Lead', owner ?? 'nobody yet'],
      ['Playbook', `${playbookName} (${mode})`],
      ['Next deadline', deadline === null ? 'none' : `${deadline.at}: ${deadline.what}`],
    ]),
    ...listOf('Glass is broken', broken.map(brokenLine)),
    ...listOf('Targets', targetsOf(incident)),
    ...containmentOf(effects),
    ...listOf(
      'Open approvals',
      approvals.map(
        ({ approvalClass, title: asked, expiresAt }) =>
          `${approvalClass} ${asked}, until ${expiresAt}`,
      ),
    ),
    section(`What you can do now: /firebreak status ${number.toString()}`),
    ...actions(url === null ? [] : [openButton(url)]),
  ]);
}
