import type { Command } from 'commander';
import { AppError } from '../domain/error.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, option } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const LINE_CHARACTERS_MAX = 500;
const VALUE_CHARACTERS_MAX = 160;

async function changeOf(session: Session, id: string) {
  const { api } = await import('../api/client.ts');
  return (await session.client()).call(api.rules.show, { params: { id } });
}
type Change = Awaited<ReturnType<typeof changeOf>>;

function line(text: string): string {
  return visibleCut(text, LINE_CHARACTERS_MAX);
}

function valueText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}

function statusText({ status, statusReason }: Change): string {
  return statusReason === null ? status : `${status}: ${statusReason}`;
}

/** A change with every difference, exact, and what people can do. */
function changeText(change: Change): string {
  const { id, proposedBy, proposedAt, approvedBy, notBefore, differences } = change;
  const left = change.differencesLeftOut;
  return [
    line(`${id} (${statusText(change)})`),
    line(`asked by ${proposedBy ?? 'the configuration file'} at ${proposedAt}`),
    line(`approved by: ${approvedBy.length === 0 ? 'nobody yet' : approvedBy.join(', ')}`),
    line(`not before: ${notBefore}`),
    ...differences.map(({ path, before, after }) =>
      line(`  ${path.join('.')}: ${valueText(before)} → ${valueText(after)}`),
    ),
    ...(left > 0 ? [`  and ${left.toString()} more differences`] : []),
    line(`digest: ${change.digest}`),
  ].join('\n');
}

/** The rules in force, then what waits for people; every change with `--all`. */
async function list(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  const querystring = args.options['all'] === true ? {} : { status: 'open' as const };
  const reply = await client.call(api.rules.list, { querystring });
  session.result(reply, () => {
    const { number, since, by, ground, armed } = reply.revision;
    const who = by ?? 'the configuration file';
    const needs = armed
      ? 'A change needs a model owner and somebody of security.'
      : 'Nothing acts yet, or nobody could approve: a change is in force at once.';
    const head = `Revision ${number.toString()} of the rules, since ${since}, by ${who} (${ground}). ${needs}`;
    const shown = reply.items.map((change) => `\n${changeText(change)}`);
    return [line(head), ...(shown.length === 0 ? ['No change waits.'] : shown)].join('\n');
  });
  return EXIT.ok;
}

/** The digest that the person answers: given, or of the change shown on this terminal and confirmed. */
async function confirmedDigest(session: Session, args: Arguments, verb: string): Promise<string> {
  const given = option(args, 'digest');
  if (given !== undefined) return given;
  const { interactive, ask, tell } = session.surroundings;
  const id = argument(args, 0, 'id');
  if (!interactive || session.options.json) {
    const message = 'Name the rules that you saw: --digest (see `firebreak config changes`).';
    throw new AppError('invalid', message, { field: 'digest' });
  }
  const change = await changeOf(session, id);
  tell(`${changeText(change)}\n`);
  const answer = await ask(`Type ${verb} to ${verb} exactly this change: `);
  if (answer.trim() === verb) return change.digest;
  throw new AppError('refused', 'Nothing was decided.');
}

async function answer(
  session: Session,
  args: Arguments,
  verdict: 'approve' | 'reject',
): Promise<number> {
  const digest = await confirmedDigest(session, args, verdict);
  const { api } = await import('../api/client.ts');
  const change = await (
    await session.client()
  ).call(api.rules.answer, {
    params: { id: argument(args, 0, 'id') },
    body: { digest, verdict, reason: option(args, 'reason') ?? null },
  });
  session.result(change, () => changeText(change));
  return EXIT.ok;
}

/** `firebreak config changes|approve|reject`: what people are asked about the rules, and their answers. */
export function addChanges(config: Command, { run }: Registrar): void {
  const digest = ['--digest <digest>', 'the rules that you saw'] as const;
  run(
    config
      .command('changes')
      .description('show the revision of the rules in force and the changes that wait for people')
      .option('--all', 'also those that are settled'),
    list,
  );
  run(
    config
      .command('approve')
      .description('approve exactly the change of the rules that you saw')
      .argument('<id>')
      .option(...digest)
      .option('--reason <why>', 'why'),
    (session, args) => answer(session, args, 'approve'),
  );
  run(
    config
      .command('reject')
      .description('stop a change of the rules, as long as it is not in force')
      .argument('<id>')
      .option(...digest)
      .requiredOption('--reason <why>', 'why'),
    (session, args) => answer(session, args, 'reject'),
  );
}
