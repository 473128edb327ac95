import type { Approval } from './approval.ts';
import type { CustodyEntry, Evidence } from './evidence.ts';
import type { Metrics } from './metrics.ts';
import type { OperationRow } from './operation.ts';
import { durationText, namesOf } from './postmortem-story.ts';
import { retell, state, textOf, unknown, type FactBook, type Statement } from './statement.ts';

/** What a verifier said about the log; of the shape that the chain verifier answers. */
export interface ChainStatement {
  readonly facts: number;
  readonly headHash: string;
  readonly verified: boolean;
  readonly firstBad: number | null;
  readonly problem: string | null;
}

/** Section 8: each effect with its plan, approval, result and undo. */
export function actionsTaken(
  operations: readonly OperationRow[],
  book: FactBook,
): readonly Statement[] {
  const told = operations.map((row) => {
    const facts = book.facts.filter(
      ({ operation, target }) => operation === row.operation && target === row.target,
    );
    const result = row.reason === null ? row.state : `${row.state} (${row.reason})`;
    const round = row.round === 1 ? '' : `, round ${row.round.toString()}`;
    const text = [
      `${row.plan.summary} Result: ${result}.`,
      `Target ${row.target}, ${row.use}, class ${row.approvalClass}${round}.`,
      `Approval ${row.approvalId ?? 'none'}, plan ${row.planDigest}.`,
      `Undo: ${row.plan.undo}`,
    ].join(' ');
    return state(`${row.step}: ${row.operation}`, text, facts);
  });
  const planned = book.all('operation.would-have').map(retell);
  const all = [...told, ...planned];
  return all.length === 0 ? [unknown('Actions')] : all;
}

/** Section 9: every piece of evidence with its digest and custody, and every gap. */
export function evidenceRegister(options: {
  readonly evidence: readonly Evidence[];
  readonly custody: readonly CustodyEntry[];
  readonly book: FactBook;
}): readonly Statement[] {
  const { evidence, custody, book } = options;
  const told = evidence.map((one): Statement => {
    const sealed = book.all('evidence.sealed').filter(({ data }) => textOf(data, 'id') === one.id);
    const moves = custody
      .filter(({ evidenceId }) => evidenceId === one.id)
      .map(({ action, by, at }) => `${action} by ${by} at ${at}`);
    const text = [
      `${one.title}: SHA-256 ${one.sha256}, ${one.bytes.toString()} bytes`,
      one.truncated ? ', cut by a limit' : '',
      `. From ${one.source}, collected at ${one.collectedAt}, ${one.moment.replace('-', ' ')}.`,
      ` Custody: ${moves.length === 0 ? 'unknown' : moves.join('; ')}.`,
    ].join('');
    const facts = sealed.map(({ sequence }) => sequence);
    return { label: one.id, text, facts, evidence: [one.id], known: true };
  });
  const gaps = book.all('evidence.gap').map((fact) => state('Gap', fact.summary, [fact]));
  const all = [...told, ...gaps];
  return all.length === 0 ? [unknown('Evidence')] : all;
}

/** Section 10: what people found; what did not hold is on record, causes are for people to write. */
export function analysis(book: FactBook): readonly Statement[] {
  const failures = book.all(
    'operation.failed',
    'operation.unverified',
    'operation.unknown',
    'operation.conflict',
    'operation.refused',
    'operation.revert-failed',
    'containment.lapsed',
    'containment.contested',
    'containment.unwatched',
    'incident.held',
    'incident.stuck',
    'incident.run-refused',
    'incident.signal-ignored',
  );
  const worked = book.all('operation.confirmed', 'containment.verified', 'containment.restored');
  return [
    ...worked.map((fact) => state('Worked', fact.summary, [fact])),
    ...failures.map((fact) => state('Did not work', fact.summary, [fact])),
    ...book.all('incident.note').map((fact) => state('Note', fact.summary, [fact])),
    unknown('Contributing factors'),
    unknown('Near misses'),
    unknown('Known or new technique, similar incidents'),
  ];
}

/** Section 11: the metrics, each citing both of its ends. */
export function scores(
  metrics: Metrics,
  approvals: readonly Approval[],
  book: FactBook,
): readonly Statement[] {
  const { anchors } = metrics;
  const measured = (
    label: string,
    milliseconds: number | null,
    ends: readonly (keyof Metrics['anchors'])[],
  ): Statement =>
    state(
      label,
      durationText(milliseconds),
      ends.map((name) => book.at(anchors[name].fact)),
    );
  const share = metrics.automationShare;
  const waits = book.all('approval.requested');
  return [
    measured('Detect (alert − onset)', metrics.detectMs, ['onset', 'alert']),
    measured('Acknowledge (acknowledged − alert)', metrics.acknowledgeMs, [
      'alert',
      'acknowledged',
    ]),
    measured('Declare (declared − alert)', metrics.declareMs, ['alert', 'declared']),
    measured('Contain (contained − alert)', metrics.containMs, ['alert', 'contained']),
    measured('Exposure (contained − onset)', metrics.exposureMs, ['onset', 'contained']),
    measured('Scope (scope known − alert)', metrics.scopeMs, ['alert', 'scoped']),
    measured('Restore (known good − alert)', metrics.restoreMs, ['alert', 'restored']),
    measured('Restore (known good − onset)', metrics.restoreFromOnsetMs, ['onset', 'restored']),
    measured('Redeploy (redeployed − known good)', metrics.redeployMs, ['restored', 'redeployed']),
    state('Waited for people, in all', durationText(metrics.humanWaitMs), waits),
    state('Waited for people, at most', durationText(metrics.longestHumanWaitMs), waits),
    state(
      'Steps without a person',
      share === null ? null : `${Math.round(share * 100).toString()} %`,
      book.all('step.ended'),
    ),
    ...approvals.map((approval) =>
      state(
        `Approval ${approval.id}`,
        `${approval.title}: ${approval.status}, asked at ${approval.createdAt}, settled ${approval.settledAt ?? 'not'}.`,
        book.facts.filter(({ data }) => textOf(data, 'approvalId') === approval.id),
      ),
    ),
  ];
}

/** What became of the review of each broken glass: the finding, or who owes it until when. */
function reviews(book: FactBook): readonly Statement[] {
  const done = book.all('break-glass.reviewed');
  return book.all('break-glass.broken').map((broken) => {
    const id = textOf(broken.data, 'breakId');
    const review = done.find(({ data }) => textOf(data, 'breakId') === id);
    const owner = textOf(broken.data, 'reviewBy') ?? 'unknown';
    const due = textOf(broken.data, 'reviewDueAt') ?? 'unknown';
    const text = review?.summary ?? `Not reviewed: owed by ${owner} until ${due}.`;
    return state('Break-glass review', text, review ? [broken, review] : [broken]);
  });
}

/** Section 12: what was left for later, the reviews of broken glass; what will change is for people to write. */
export function followUps(book: FactBook): readonly Statement[] {
  const left = book
    .all('containment.left')
    .map((fact) => state('Left in place', fact.summary, [fact]));
  return [...left, ...reviews(book), unknown('Actions with owner and due date')];
}

/** Section 13: what was told to whom. */
export function communications(book: FactBook): readonly Statement[] {
  const told = book
    .all('message.sent', 'message.failed', 'message.refused', 'message.unknown')
    .map(retell);
  return [
    ...(told.length === 0 ? [unknown('Messages')] : told),
    unknown('Regulators and the public'),
  ];
}

/** Section 14: whether the log that all this rests on is whole. */
export function integrity(chain: ChainStatement, book: FactBook): readonly Statement[] {
  const last = book.facts.at(-1);
  const bad = chain.problem ?? 'the chain is broken';
  const verdict = chain.verified
    ? `verified: ${chain.facts.toString()} facts follow from each other`
    : `NOT verified: ${bad} (first bad fact ${chain.firstBad?.toString() ?? 'unknown'})`;
  const gaps = book.all('evidence.gap');
  return [
    state('Chain', verdict, [last]),
    state('Head', chain.headHash, [last]),
    state(
      'Gaps in evidence',
      gaps.length === 0 ? 'none recorded' : namesOf(gaps.map(({ summary }) => summary)),
      gaps.length === 0 ? [last] : gaps,
    ),
    unknown('Anchors outside the database'),
  ];
}
