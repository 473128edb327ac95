import type { OnCallView } from '../domain/on-call.ts';
import { renderTable } from '../render/terminal.ts';
import { visibleCut } from '../render/visible.ts';
import { option } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

type Schedule = OnCallView['schedules'][number];

const REMARK_CHARACTERS_MAX = 1_000;

const KINDS: Readonly<Record<Schedule['source']['kind'], string>> = {
  rotation: 'rotation',
  ical: 'iCalendar',
  pagerduty: 'PagerDuty',
};

function namesOf(people: Schedule['people']): string {
  return people
    .map(({ id, name, active }) => `${name} (${id}${active ? '' : ', deactivated'})`)
    .join(', ');
}

function whoOf({ people, reason }: Schedule): string {
  return people.length === 0 ? `nobody: ${reason ?? 'no reason given'}` : namesOf(people);
}

/** Without thousandths of a second, which are none here. */
function timeOf(at: string | null): string {
  return at === null ? '–' : at.replace('.000', '');
}

function nextOf({ next, until }: Schedule): string {
  if (next === null) return '–';
  return `${namesOf(next.people)}${next.from === until ? '' : ` from ${timeOf(next.from)}`}`;
}

/** How old a calendar outside is, why it is not read, and what in it names nobody. */
function remarksOf({ schedule, source, findings }: Schedule): readonly string[] {
  const { kind, readAt, problem } = source;
  if (kind === 'rotation') return [];
  const age =
    readAt === null ? 'its calendar was never read' : `its calendar was read at ${readAt}`;
  const state = problem === null ? age : `${age}; the latest try brought nothing: ${problem}`;
  return [state, ...findings].map((remark) =>
    visibleCut(`${schedule}: ${remark}`, REMARK_CHARACTERS_MAX),
  );
}

/** True when somebody who can be told is on call by every schedule. */
function isCovered({ schedules }: OnCallView): boolean {
  return schedules.every(({ people }) => people.some(({ active }) => active));
}

/** `firebreak on-call`: exit code 1 when a schedule has nobody who can be told. */
export function registerOnCall({ program, run }: Registrar): void {
  run(
    program
      .command('on-call')
      .description('who is on call by each schedule, now or at another time, and who is next')
      .option('--at <time>', 'RFC 3339, such as 2026-12-24T09:00:00Z'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const at = option(args, 'at');
      const querystring = at === undefined ? {} : { at };
      const view = await (await session.client()).call(api.onCall.show, { querystring });
      session.result(view, () => {
        if (view.schedules.length === 0) return 'No schedule is configured (onCall).';
        const rows = view.schedules.map((one) => [
          ...[one.schedule, whoOf(one), timeOf(one.until), nextOf(one)],
          KINDS[one.source.kind],
        ]);
        const columns = ['schedule', 'on call', 'until', 'next', 'source'];
        const table = renderTable(columns, rows, session.terminal);
        return [table, ...view.schedules.flatMap(remarksOf)].join('\n');
      });
      return isCovered(view) ? EXIT.ok : EXIT.failed;
    },
  );
}
