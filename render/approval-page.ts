import type { Approval, ApprovalClass } from '../domain/approval.ts';
import type { Json } from '../domain/json.ts';
import type { Difference } from '../domain/plan.ts';
import { html, type Html } from './html.ts';
import { sitePage, tokenField, type PageReader } from './page.ts';
import { visible } from './visible.ts';

/** One exact plan as approvers judge it. */
export interface PagePlan {
  readonly operation: string;
  readonly target: string;
  readonly summary: string;
  readonly action: string;
  readonly approvalClass: ApprovalClass;
  readonly undo: string;
  /** False when the row of the plan is gone: then nobody can see what it changes. */
  readonly known: boolean;
  readonly changes: readonly (Pick<Difference, 'path'> &
    Partial<Pick<Difference, 'before' | 'after'>>)[];
}

/** One answer that was admitted. */
export interface PageAnswer {
  readonly name: string;
  readonly person: string;
  readonly roles: readonly string[];
  readonly channel: string;
  readonly verdict: 'approve' | 'reject';
  readonly reason: string | null;
  readonly decidedAt: string;
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
  readonly plans: readonly PagePlan[];
  readonly answers: readonly PageAnswer[];
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

/** How much of one plan a person can be asked to read; what is longer is decided elsewhere. */
const LIMITS = {
  text: 4_000,
  value: 20_000,
  changes: 500,
  plans: 100,
  page: 1_000_000,
  people: 50,
} as const;

/** Whether everything that is asked about can be shown here, to the last character. */
function isWhole(plans: readonly PagePlan[]): boolean {
  const texts = plans.flatMap(({ operation, target, summary, action, undo, changes }) => [
    ...[operation, target, summary, action, undo],
    ...changes.map(({ path }) => path),
  ]);
  const values = plans.flatMap(({ changes }) =>
    changes.flatMap(({ before, after }) => [valueText(before), valueText(after)]),
  );
  const total = [...texts, ...values].reduce((sum, text) => sum + text.length, 0);
  return (
    plans.length <= LIMITS.plans &&
    plans.every(({ known, changes }) => known && changes.length <= LIMITS.changes) &&
    texts.every((text) => text.length <= LIMITS.text) &&
    values.every((text) => text.length <= LIMITS.value) &&
    total <= LIMITS.page
  );
}

function valueText(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value, null, 2);
}

const ODD = html`<span class="odd">⚠ hidden or look-alike characters</span>`;

function cutMark(rest: number): Html {
  return html`<span class="odd">… ${rest} more characters</span>`;
}

/** Text from outside, with a mark where it holds what a reader would not see or take for something else. */
function shown(text: string, charactersMax: number = LIMITS.text): Html {
  const part = text.slice(0, charactersMax);
  const rest = text.length - part.length;
  const odd = part.split('\n').some((line) => visible(line) !== line);
  const marks = [...(rest > 0 ? [cutMark(rest)] : []), ...(odd ? [ODD] : [])];
  return html`${part}${marks.map((mark) => html` ${mark}`)}`;
}

function changeRow({ path, before, after }: PagePlan['changes'][number]): Html {
  const value = (one: Json | undefined): Html =>
    html`<pre>${shown(valueText(one), LIMITS.value)}</pre>`;
  return html`<tr>
    <td data-name="Field">${path === '' ? 'all of it' : shown(path)}</td>
    <td data-name="Before">${value(before)}</td>
    <td data-name="After">${value(after)}</td>
  </tr>`;
}

function planCard(plan: PagePlan, index: number): Html {
  const changes = plan.changes.slice(0, LIMITS.changes);
  return html`<section class="card">
    <h3>${index + 1}. ${shown(plan.summary)}</h3>
    <dl>
      <dt>Target</dt>
      <dd><code>${shown(plan.target)}</code></dd>
      <dt>By</dt>
      <dd>
        <code>${shown(plan.action)}</code>, ${plan.approvalClass}, as ${shown(plan.operation)}
      </dd>
      <dt>Undo</dt>
      <dd>${shown(plan.undo)}</dd>
    </dl>
    ${
      changes.length === 0
        ? html`<p class="quiet">
            ${plan.known ? 'Changes no field that we own.' : 'What it changes is not known any more.'}
          </p>`
        : html`<table>
            <thead>
              <tr>
                <th>Field</th>
                <th>Before</th>
                <th>After</th>
              </tr>
            </thead>
            <tbody>
              ${changes.map(changeRow)}
            </tbody>
          </table>`
    }
  </section>`;
}

function answerItem({
  name,
  person,
  roles,
  channel,
  verdict,
  reason,
  decidedAt,
}: PageAnswer): Html {
  return html`<li>
    <b>${verdict === 'approve' ? 'Approved' : 'Rejected'}</b> by ${shown(name)}
    <span class="quiet">(${person}; ${roles.join(', ')}) by ${channel}, ${decidedAt}</span>
    ${reason === null ? null : html`<br />${shown(reason)}`}
  </li>`;
}

function standing({ status, statusReason, expiresAt }: Approval): string {
  if (status === 'open') return `open until ${expiresAt}`;
  return statusReason === null ? status : `${status}: ${statusReason}`;
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
  const people = mayDecide.slice(0, LIMITS.people);
  const more = mayDecide.length - people.length;
  return html`<h1>${shown(approval.title)}</h1>
    <dl>
      <dt>Class</dt>
      <dd><b>${approval.approvalClass}</b></dd>
      <dt>State</dt>
      <dd>${shown(standing(approval))}</dd>
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

/** The page of an approval: everything that its approvers judge, and the form of the reader's answer. */
export function approvalPage(page: ApprovalPage): string {
  const { approval, reader, plans, answers } = page;
  const body = html`${headOf(page)}
    <h2>What would be done</h2>
    ${plans.slice(0, LIMITS.plans).map(planCard)}
    <h2>Decided so far</h2>
    ${
      answers.length === 0
        ? html`<p>Nobody has decided yet.</p>`
        : html`<ul>
            ${answers.map(answerItem)}
          </ul>`
    }
    ${approval.status === 'open' ? html`<h2>Your decision</h2>` : null} ${decide(page)}
    <p class="quiet">
      Plan digest <code>${approval.planDigest}</code>: a yes is for exactly these plans. When
      anything of them changes, people are asked again.
    </p>`;
  return sitePage(approval.title.slice(0, LIMITS.text), reader, body);
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
