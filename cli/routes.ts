import type { RouteReport } from '../domain/route-report.ts';
import { visibleCut } from '../render/visible.ts';
import { option } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

const LINE_CHARACTERS_MAX = 500;

function counted(counts: Readonly<Record<string, number | undefined>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${(count ?? 0).toString()} ${name}`);
  return parts.length === 0 ? '–' : parts.join(', ');
}

/** One route as a block of lines: its head, then one line for each kind of count. */
function linesOf(report: RouteReport): readonly string[] {
  const { route, incidents, precision, verdicts, wouldHave, applied, confirmations } = report;
  const told = precision === null ? 'unknown' : `${(precision * 100).toFixed(0)} %`;
  return [
    `${route ?? '(no route)'}: ${incidents.toString()} incidents, precision ${told}`,
    `  verdicts    ${counted(verdicts)}`,
    `  would have  ${counted(wouldHave)}`,
    `  did         ${counted(applied)}`,
    `  confirmed   ${confirmations.confirmed.toString()} yes, ${confirmations.unconfirmed.toString()} no`,
    `  overruled   ${counted(report.overrides)}`,
  ].map((line) => visibleCut(line, LINE_CHARACTERS_MAX));
}

/** `firebreak routes report`: what each route did or would have done, and how often people thought otherwise. */
export function registerRoutes({ program, run }: Registrar): void {
  run(
    program
      .command('routes')
      .description('what routes did')
      .command('report')
      .description('print what each route did or would have done, its precision, and overrides')
      .option('--days <days>', 'incidents opened within so many days', '90'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const reply = await client.call(api.routes.report, {
        querystring: { days: option(args, 'days') ?? '90' },
      });
      session.result(reply, () => reply.items.flatMap(linesOf).join('\n'));
      return EXIT.ok;
    },
  );
}
