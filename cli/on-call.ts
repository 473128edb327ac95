import type { OnCallView } from '../domain/on-call.ts';
import { renderTable } from '../render/terminal.ts';
import { option } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

function whoOf({ people, reason }: OnCallView['schedules'][number]): string {
  if (people.length === 0) return `nobody: ${reason ?? 'no reason given'}`;
  return people
    .map(({ id, name, active }) => `${name} (${id}${active ? '' : ', deactivated'})`)
    .join(', ');
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
      .description('who is on call by each schedule, now or at another time')
      .option('--at <time>', 'RFC 3339, such as 2026-12-24T09:00:00Z'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const at = option(args, 'at');
      const querystring = at === undefined ? {} : { at };
      const view = await (await session.client()).call(api.onCall.show, { querystring });
      session.result(view, () => {
        if (view.schedules.length === 0) return 'No schedule is configured (onCall).';
        const rows = view.schedules.map((one) => [one.schedule, whoOf(one), one.until ?? '–']);
        return renderTable(['schedule', 'on call', 'until'], rows, session.terminal);
      });
      return isCovered(view) ? EXIT.ok : EXIT.failed;
    },
  );
}
