import type { Approval } from '../domain/approval.ts';
import { classWords } from '../domain/approval-class.ts';
import { standingText, type ShownPlan } from './approval-plan.ts';
import { html, type Html } from './html.ts';
import { sitePage, tokenField, type PageReader } from './page.ts';
import { isWhole, planCards, shown, SHOWN_MAX } from './plan-page.ts';

const PEOPLE_MAX = 50;
const REFUSALS_MAX = 50;

/** One answer that was admitted. */
export interface PageAnswer {
  readonly name: string;
  readonly person: string;
  readonly roles: readonly string[];
  readonly channel: string;
  readonly verdict: 'approve' | 'reject';
  readonly reason: string | null;
  readonly decidedAt: string;
  /** Why it counts alone, of somebody who broke the glass; null otherwise. */
  readonly breakGlass: string | null;
}

/** One answer that was refused. */
export interface PageRefusal {
  /** Null where only the door says who it was, in `claimed`. */
  readonly person: string | null;
  readonly claimed: string | null;
  readonly name: string;
  readonly channel: string;
  readonly verdict: 'approve' | 'reject' | null;
  readonly reason: string;
  readonly refusedAt: string;
  /** So many more refusals have no line of their own. */
  readonly further: number;
}

/** What the page of an approval shows. */
export interface ApprovalPage {
  readonly reader: PageReader;
  readonly approval: Approval;
  readonly incident: {
    readonly number: number;
    readonly title: string;
    readonly severity: string;
    readonly state: string;
  };
  readonly plans: readonly ShownPlan[];
  readonly answers: readonly PageAnswer[];
  /** Oldest first. */
  readonly refused: readonly PageRefusal[];
  /** Active people who hold one of the roles that it asks for. */
  readonly mayDecide: readonly {
    readonly name: string;
    readonly person: string;
    readonly roles: readonly string[];
  }[];
  readonly needsFreshSignIn: boolean;
  /** True when the reader has just signed in. */
  readonly fresh: boolean;
  /** Carries the reader's answer, so that a form sent twice is one answer. */
  readonly decisionId: string;
  /** Why the reader could not approve or reject now; null when they can. */
  readonly obstacles: { readonly approve: string | null; readonly reject: string | null };
}

function answerItem({
  name,
  person,
  roles,
  channel,
  verdict,
  reason,
  decidedAt,
  breakGlass,
}: PageAnswer): Html {
  return html`<li>
    <b>${verdict === 'approve' ? 'Approved' : 'Rejected'}</b> by ${shown(name)}
    <span class="quiet">(${person}; ${roles.join(', ')}) by ${channel}, ${decidedAt}</span>
    ${breakGlass === null ? null : html`<br /><b class="odd">Alone, by break-glass:</b> ${shown(breakGlass)}`}
    ${reason === null ? null : html`<br />${shown(reason)}`}
  </li>`;
}

function refusalItem(refusal: PageRefusal): Html {
  const { person, claimed, name, channel, verdict, reason, refusedAt, further } = refusal;
  const who =
    person === null
      ? html`somebody unknown <span class="quiet">(${shown(claimed ?? '')})</span>`
      : html`${shown(name)} <span class="quiet">(${person})</span>`;
  return html`<li>
    ${who} was refused to ${verdict ?? 'answer'}
    <span class="quiet">by ${channel}, ${refusedAt}</span>
    <br />${shown(reason)}${further > 0 ? html` <span class="quiet">and ${further} more times</span>` : null}
  </li>`;
}

/** Whose answers were refused; nothing where nobody's was. The newest are shown, the others counted. */
function refusals({ refused }: ApprovalPage): Html | null {
  if (refused.length === 0) return null;
  const newest = refused.slice(-REFUSALS_MAX);
  const left = refused.length - newest.length;
  return html`<h2>Refused answers</h2>
    ${left > 0 ? html`<p class="quiet">${left} earlier ones: <code>firebreak approval show</code></p>` : null}
    <ul>
      ${newest.map(refusalItem)}
    </ul>`;
}

function quorumText({ quorum, approvalClass }: Approval, needsFresh: boolean): string {
  const people =
    quorum.people === 1 ? 'one person' : `${quorum.people.toString()} different people`;
  const roles = quorum.roles.length === 0 ? '' : `: ${quorum.roles.join(' and ')}`;
  const fresh = needsFresh ? `; for ${approvalClass} one of them has just signed in here` : '';
  return `${people}${roles}${fresh}`;
}

function headOf(page: ApprovalPage): Html {
  const { approval, incident, mayDecide, needsFreshSignIn } = page;
  const people = mayDecide.slice(0, PEOPLE_MAX);
  const more = mayDecide.length - people.length;
  return html`<h1>${shown(approval.title)}</h1>
    <dl>
      <dt>Class</dt>
      <dd>${classWords(approval.approvalClass)}</dd>
      <dt>State</dt>
      <dd>${shown(standingText(approval))}</dd>
      <dt>Asks for</dt>
      <dd>${quorumText(approval, needsFreshSignIn)}</dd>
      <dt>Incident</dt>
      <dd>
        #${incident.number} ${shown(incident.title)}
        <span class="quiet">(${incident.severity}, ${incident.state})</span>
      </dd>
      <dt>Asked by</dt>
      <dd>
        ${approval.requestedBy === null ? 'an alert' : html`${shown(approval.requestedBy)}, who is never the only one to approve`}
      </dd>
      <dt>May decide</dt>
      <dd>
        ${people.length === 0 ? 'nobody at present' : null}
        ${people.map(({ name, person, roles }, index) => html`${index === 0 ? '' : ', '}${shown(name)} <span class="quiet">(${person}: ${roles.join(', ')})</span>`)}
        ${more > 0 ? html` and ${more} more` : null}
      </dd>
    </dl>`;
}

/** What stands where the buttons would: why the reader cannot do this. */
function obstacleNote(verb: string, text: string | null): Html | null {
  return text === null
    ? null
    : html`<p class="note"><b>You cannot ${verb} this now.</b> ${text}</p>`;
}

function formOf(page: ApprovalPage): Html {
  const { approval, reader, obstacles, decisionId, fresh, needsFreshSignIn } = page;
  const path = `/approvals/${approval.id}`;
  const canApprove = obstacles.approve === null;
  const canReject = obstacles.reject === null;
  const same = obstacles.approve === obstacles.reject;
  const again =
    needsFreshSignIn && !fresh
      ? html`<p class="note">
          You signed in more than five minutes ago.
          <a href="/login?next=${encodeURIComponent(path)}">Sign in anew</a> for a yes that counts
          as such.
        </p>`
      : null;
  const buttons = [
    ...(canApprove
      ? [html`<button class="yes" name="verdict" value="approve">Approve exactly this</button>`]
      : []),
    ...(canReject ? [html`<button class="no" name="verdict" value="reject">Reject</button>`] : []),
  ];
  return html`${again}
  ${
    same
      ? obstacleNote('answer', obstacles.approve)
      : [
          obstacleNote('approve', obstacles.approve) ?? html``,
          obstacleNote('reject', obstacles.reject) ?? html``,
        ]
  }
  ${
    buttons.length === 0
      ? null
      : html`<form method="post" action="${path}" class="card">
          ${tokenField(reader.formToken)}
          <input type="hidden" name="decisionId" value="${decisionId}" />
          <input type="hidden" name="planDigest" value="${approval.planDigest}" />
          <label for="reason">Reason <span class="quiet">(a rejection needs one)</span></label>
          <textarea id="reason" name="reason" rows="3" maxlength="2000"></textarea>
          <div class="choice">${buttons}</div>
        </form>`
  }`;
}

function decide(page: ApprovalPage): Html | null {
  if (page.approval.status !== 'open') return null;
  if (isWhole(page.plans)) return formOf(page);
  return html`<p class="note">
    This page cannot show all of it. Read it whole and decide there:
    <code>firebreak approval show ${page.approval.id}</code>
  </p>`;
}

/** What the plans are by now. */
function headingOf({ status }: Pick<Approval, 'status'>): string {
  if (status === 'open') return 'What would be done';
  return status === 'approved' ? 'What was approved' : 'What was asked';
}

/** The page of an approval: everything that its approvers judge, and the form of the reader's answer. */
export function approvalPage(page: ApprovalPage): string {
  const { approval, reader, plans, answers } = page;
  const body = html`${headOf(page)}
    <h2>${headingOf(approval)}</h2>
    ${planCards(plans)}
    <h2>Decided so far</h2>
    ${
      answers.length === 0
        ? html`<p>Nobody has decided yet.</p>`
        : html`<ul>
            ${answers.map(answerItem)}
          </ul>`
    }
    ${refusals(page)} ${approval.status === 'open' ? html`<h2>Your decision</h2>` : null}
    ${decide(page)}
    <p class="quiet">
      Plan digest <code>${approval.planDigest}</code>: a yes is for exactly these plans. When
      anything of them changes, people are asked again.
    </p>`;
  return sitePage(approval.title.slice(0, SHOWN_MAX.text), reader, body);
}

/** The page that lists what waits for people. */
export function approvalsPage(reader: PageReader, approvals: readonly Approval[]): string {
  const items = approvals.map(
    ({ id, title, approvalClass, expiresAt }) =>
      html`<li class="card">
        <a href="/approvals/${encodeURIComponent(id)}">${shown(title)}</a>
        <span class="quiet">${approvalClass}, open until ${expiresAt}</span>
      </li>`,
  );
  return sitePage(
    'What waits for people',
    reader,
    html`<h1>What waits for people</h1>
      ${
        items.length === 0
          ? html`<p>Nothing.</p>`
          : html`<ul class="plain">
              ${items}
            </ul>`
      }`,
  );
}
