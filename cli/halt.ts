import type { Command } from 'commander';
import { AppError } from '../domain/error.ts';
import {
  haltedWords,
  haltOptions,
  resumeCommandOf,
  type Halt,
  type HaltSubject,
} from '../domain/halt.ts';
import { visibleCut } from '../render/visible.ts';
import { option, requiredOption } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const REASON_CHARACTERS_MAX = 500;
const LISTED_MAX = 200;
const NAMED = ['playbook', 'model', 'namespace', 'connector'] as const;

/** The one scope that was given. Raises `invalid` for none and for several. */
function subjectOf(args: Arguments): HaltSubject {
  const named: HaltSubject[] = NAMED.flatMap((scope) => {
    const subject = option(args, scope);
    return subject === undefined ? [] : [{ scope, subject }];
  });
  const all: HaltSubject[] = args.options['all'] === true ? [{ scope: 'all', subject: null }] : [];
  const [only, ...more] = [...all, ...named];
  if (only && more.length === 0) return only;
  const choices = ['--all', ...NAMED.map((scope) => `--${scope} NAME`)].join(', ');
  throw new AppError('invalid', `Give exactly one of ${choices}.`, { field: 'scope' });
}

function line(halt: Halt): string {
  const reason = visibleCut(halt.reason, REASON_CHARACTERS_MAX);
  return `${haltedWords(halt)}: halted by ${halt.haltedBy} at ${halt.haltedAt}: ${reason}`;
}

async function halt(session: Session, args: Arguments): Promise<number> {
  const wanted = { ...subjectOf(args), reason: requiredOption(args, 'reason') };
  const direct = args.options['direct'] === true;
  const reply = direct ? await haltDirectly(wanted) : await haltByApi(session, wanted);
  session.result(reply, () =>
    [
      ...(reply.created ? [] : ['It was halted already.']),
      line(reply.halt),
      ...(reply.known
        ? []
        : [
            `Nothing that is configured is called so: this stops nothing yet. ${haltOptions({ scope: 'all', subject: null })} stops everything.`,
          ]),
      `To go on: ${resumeCommandOf(reply.halt)}`,
    ].join('\n'),
  );
  return EXIT.ok;
}

interface Halted {
  readonly halt: Halt;
  readonly created: boolean;
  readonly known: boolean;
}

async function haltByApi(
  session: Session,
  body: HaltSubject & { readonly reason: string },
): Promise<Halted> {
  const { api } = await import('../api/client.ts');
  return (await session.client()).call(api.halts.begin, { body });
}

/** Nobody can say here which names are configured; the guard reads the row all the same. */
async function haltDirectly(body: HaltSubject & { readonly reason: string }): Promise<Halted> {
  const { haltDirectly: write } = await import('../app/direct-halt.ts');
  return { ...(await write(body)), known: true };
}

async function resume(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const body = { ...subjectOf(args), reason: requiredOption(args, 'reason') };
  const reply = await (await session.client()).call(api.halts.end, { body });
  session.result(reply, () =>
    [
      `Lifted: ${haltedWords(reply.halt)}.`,
      ...(reply.held.length === 0 ? [] : ['What it stopped goes on when you say so:']),
      ...reply.held.map(({ cli, title }) => `  ${cli}   # ${visibleCut(title, 80)}`),
    ].join('\n'),
  );
  return EXIT.ok;
}

async function list(session: Session): Promise<number> {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  const reply = await client.call(api.halts.list, { querystring: { limit: LISTED_MAX } });
  session.result(reply, () => {
    const inForce = reply.items.filter(({ resumedAt }) => resumedAt === null);
    const file = reply.file === null ? [] : [`The HALT file is there: ${reply.file}`];
    const lines = inForce.flatMap((one) => [line(one), `  ${resumeCommandOf(one)}`]);
    return [...file, ...lines].join('\n') || 'Nothing is halted.';
  });
  return EXIT.ok;
}

function withScopes(command: Command): Command {
  return command
    .option('--all', 'everything')
    .option('--playbook <name>', 'one playbook')
    .option('--model <name>', 'one model')
    .option('--namespace <name>', 'one namespace')
    .option('--connector <name>', 'one connector, or one instance of it')
    .option('--reason <why>', 'why, for everybody who looks');
}

/** `firebreak halt`, `firebreak halt list`, `firebreak resume`. */
export function registerHalt({ program, run }: Registrar): void {
  const halting = withScopes(
    program.command('halt').description('stop every effect of the engine, or a part of them'),
  ).option('--direct', 'write straight into the database: API and Temporal may be down');
  run(halting, halt);
  run(halting.command('list').description('what is halted, and how to let it go on'), list);
  run(
    withScopes(
      program
        .command('resume')
        .description(
          'lift a halt (commanders and administrators); what it stopped is then retried',
        ),
    ),
    resume,
  );
}
