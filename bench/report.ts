import type { JudgedRow } from './rows.ts';

/** What stands above the table. */
export interface Setting {
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  readonly command: string;
  readonly rounds: number;
  /** Load of the last minute, before and after each round. */
  readonly loads: readonly string[];
}

const ABOUT = `Every figure is of the whole thing, built as it is shipped and started as \`firebreak start\` does: durable embedded Postgres and Temporal
(write-ahead logs synced at each commit), evidence sealed before the first effect, targets claimed, each effect planned, applied
under the guard and verified by another look, every fact chained, the containment watch and the reconciler on. Messages to people
are off but where it says so. Twins, senders of alerts and clock are one other process on the same machine; the peer and the floor run beside it, in
turns, and everything idle stays up.

- **Alert → verified contained** is the shipped playbook P2 up to the fact \`containment.verified\`: three seals, six effects, three
  probes of independent systems. One of them is a request rate, which needs two scrapes after the last change: the monitor here
  scrapes every 50 ms, where a real one takes seconds. The log is read afterwards, and the storm of the round comes later. "As shipped" is the same with the default hold time of a connector
  instance, during which effects must stay as they are before they are looked at again. Two stories before those that count make
  the code warm, as the other rows do it; "the first of the process" is the first of them.
- **The overhead rows** are \`bench/five-steps.yaml\`: one effect in each of five steps, a seal before the first, a probe after it, no
  approvals, on the registry twin. One incident at a time, 150 ms apart; then 16 at once.
- **The floor** is an empty workflow of five empty activities, on the same Temporal server, from a process of its own.
- **DBOS** makes the same five calls as five durable steps, on an embedded Postgres of the same settings: no seals, plans,
  claims, verification or log.
- **The rows of people** are of another Firebreak with a Slack twin, after all others: \`bench/asked.yaml\` asks a model owner before its
  one effect, and 10,000 questions stand open beside it. A command in Slack (\`/firebreak note\`, 5 a second, each an update of a run as
  well) is acknowledged when its row is committed and the run had a tenth of a second to answer; the storm beside it comes in groups of
  ten alerts. One that was not acknowledged within 3 s counts as 3 s.`;

function cell(value: number, { digits }: JudgedRow): string {
  return value.toFixed(digits);
}

function lineOf(row: JudgedRow): string {
  const { spread, target, reached, unit, title } = row;
  const range =
    spread.min === spread.max ? '' : `${cell(spread.min, row)} – ${cell(spread.max, row)}`;
  const wanted = target ? `${target.side === 'atMost' ? '≤' : '≥'} ${target.limit.toString()}` : '';
  const verdict = reached === null ? '' : reached ? 'yes' : '**no**';
  return `| ${title} | ${cell(spread.median, row)} ${unit} | ${range} | ${wanted} | ${verdict} |`;
}

/** The table in Markdown. */
export function tableOf(rows: readonly JudgedRow[]): string {
  return [
    '| what | median of rounds | range | wanted | reached |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map(lineOf),
  ].join('\n');
}

/** The whole page that is kept. */
export function pageOf(setting: Setting, rows: readonly JudgedRow[]): string {
  const { date, machine, versions, command, rounds, loads } = setting;
  return `# Results of the benchmark

Written by \`${command}\` on ${date}. Machine: ${machine}. ${versions}.
${rounds.toString()} rounds, each part in turns; load of the last minute before and after each (processor time that the machine's host gave to others meanwhile): ${loads.join(', ')}.

${tableOf(rows)}

## What was measured

${ABOUT}
`;
}
