import type { Json } from '../domain/json.ts';
import type { ShownChange, ShownPlan } from './approval-plan.ts';
import { html, type Html } from './html.ts';
import { visible } from './visible.ts';

/** How much of one plan a person can be asked to read; what is longer is decided elsewhere. */
export const SHOWN_MAX = {
  text: 4_000,
  value: 20_000,
  changes: 500,
  plans: 100,
  page: 1_000_000,
} as const;

/** Whether everything that is asked about can be shown here, to the last character. */
export function isWhole(plans: readonly ShownPlan[]): boolean {
  const texts = plans.flatMap(({ operation, target, summary, action, undo, changes }) => [
    ...[operation, target, summary, action, undo],
    ...changes.map(({ path }) => path),
  ]);
  const values = plans.flatMap(({ changes }) =>
    changes.flatMap(({ before, after }) => [valueText(before), valueText(after)]),
  );
  const total = [...texts, ...values].reduce((sum, text) => sum + text.length, 0);
  return (
    plans.length <= SHOWN_MAX.plans &&
    plans.every(({ known, changes }) => known && changes.length <= SHOWN_MAX.changes) &&
    texts.every((text) => text.length <= SHOWN_MAX.text) &&
    values.every((text) => text.length <= SHOWN_MAX.value) &&
    total <= SHOWN_MAX.page
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
export function shown(text: string, charactersMax: number = SHOWN_MAX.text): Html {
  const part = text.slice(0, charactersMax);
  const rest = text.length - part.length;
  const odd = part.split('\n').some((line) => visible(line) !== line);
  const marks = [...(rest > 0 ? [cutMark(rest)] : []), ...(odd ? [ODD] : [])];
  return html`${part}${marks.map((mark) => html` ${mark}`)}`;
}

function changeRow({ path, before, after }: ShownChange): Html {
  const value = (one: Json | undefined): Html =>
    html`<pre>${shown(valueText(one), SHOWN_MAX.value)}</pre>`;
  return html`<tr>
    <td data-name="Field">${path === '' ? 'all of it' : shown(path)}</td>
    <td data-name="Before">${value(before)}</td>
    <td data-name="After">${value(after)}</td>
  </tr>`;
}

function planCard(plan: ShownPlan, index: number): Html {
  const changes = plan.changes.slice(0, SHOWN_MAX.changes);
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

/** Each plan with its changes, at most `SHOWN_MAX.plans` of them. */
export function planCards(plans: readonly ShownPlan[]): readonly Html[] {
  return plans.slice(0, SHOWN_MAX.plans).map(planCard);
}
