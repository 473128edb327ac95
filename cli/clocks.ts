import type { Command } from 'commander';
import { AppError } from '../domain/error.ts';
import { renderClocks } from '../render/regulatory-clock.ts';
import { visibleLines } from '../render/visible.ts';
import { argument, choice, collect, option, optionList } from './arguments.ts';
import { instantOf } from './duration.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';

/** `NAME=VALUE` of every time that an option was given. Raises `invalid` naming the option. */
function pairsOf(args: Arguments, name: string): readonly (readonly [string, string])[] {
  return optionList(args, name).map((text) => {
    const at = text.indexOf('=');
    if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)] as const;
    throw new AppError('invalid', `--${name} is NAME=VALUE.`, { field: name });
  });
}

function declaredOf(args: Arguments) {
  return {
    facts: pairsOf(args, 'fact').map(([name, value]) => ({
      name,
      holds: choice(value, ['yes', 'no'], '--fact NAME=') === 'yes',
    })),
    moments: pairsOf(args, 'moment').map(([name, at]) => ({ name, at: instantOf(at, 'moment') })),
    met: pairsOf(args, 'met').map(([clock, at]) => ({ clock, at: instantOf(at, 'met') })),
    waived: pairsOf(args, 'waived').map(([clock, reason]) => ({ clock, reason })),
    opened: [...optionList(args, 'open')],
    record: args.options['record'] === true,
  };
}

/** `firebreak incident clocks`: the clocks of regulators, or one draft of a first report. */
export function addClocks(incident: Command, { run }: Registrar): void {
  run(
    incident
      .command('clocks')
      .description(
        'show which clocks of regulators run, from the log and what you say; --record puts that on it',
      )
      .argument('<id>')
      .option('--fact <name=yes|no>', 'what you know; may be repeated', collect)
      .option('--moment <name=time>', 'when something was; may be repeated', collect)
      .option('--met <regime/clock=time>', 'when a report was sent; may be repeated', collect)
      .option('--waived <regime/clock=reason>', 'why one is not owed; may be repeated', collect)
      .option(
        '--open <regime/clock>',
        'take back that one is met or waived; may be repeated',
        collect,
      )
      .option('--record', 'put what you say on the record (legal, commanders, administrators)')
      .option('--draft <regime>', 'print the draft of its first report as Markdown')
      .addHelpText(
        'after',
        '\nExample:\n  firebreak incident clocks ID --fact gdpr=yes --fact personalDataBreach=yes --draft eu-gdpr-33',
      ),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const reply = await client.call(api.clocks.read, {
        params: { id: argument(args, 0, 'id') },
        body: declaredOf(args),
      });
      const wanted = option(args, 'draft');
      if (wanted === undefined) {
        session.result(reply, () => renderClocks(reply.clocks, reply.record));
        return EXIT.ok;
      }
      const draft = reply.drafts.find(({ regime }) => regime === wanted);
      if (draft === undefined) {
        const there = reply.drafts.map(({ regime }) => regime).join(', ');
        const message = `There is no draft for this regime; there are ${there === '' ? 'none' : there}.`;
        throw new AppError('not_found', message, { field: 'draft' });
      }
      session.result(draft, () => visibleLines(draft.markdown).trimEnd());
      return EXIT.ok;
    },
  );
}
