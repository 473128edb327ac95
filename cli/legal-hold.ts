import type { Command } from 'commander';
import { AppError } from '../domain/error.ts';
import {
  heldWords,
  HOLD_SCOPES,
  RELEASE_QUORUM,
  releaseCommandOf,
  type HoldRelease,
  type HoldSubject,
  type LegalHold,
} from '../domain/legal-hold.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, option, requiredOption } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const REASON_CHARACTERS_MAX = 500;
const LISTED_MAX = 200;

/** The one thing that was named. Raises `invalid` for none and for several. */
function subjectOf(args: Arguments): HoldSubject {
  const named = HOLD_SCOPES.flatMap((scope) => {
    const subject = option(args, scope);
    return subject === undefined ? [] : [{ scope, subject }];
  });
  const [only, ...more] = named;
  if (only && more.length === 0) return only;
  const choices = HOLD_SCOPES.map((scope) => `--${scope}`).join(', ');
  throw new AppError('invalid', `Give exactly one of ${choices}.`, { field: 'scope' });
}

function line(hold: LegalHold): string {
  const { id, placedBy, placedAt, reason, releasedAt } = hold;
  const ended = releasedAt === null ? '' : ` (ended ${releasedAt})`;
  const what = visibleCut(heldWords(hold), REASON_CHARACTERS_MAX);
  return `${id}: ${what}, by ${placedBy} at ${placedAt}: ${visibleCut(reason, REASON_CHARACTERS_MAX)}${ended}`;
}

function wordLine({ person, roles, at, reason }: HoldRelease): string {
  const why = visibleCut(reason, REASON_CHARACTERS_MAX);
  return `  ${person} (${roles.join(', ')}) says at ${at} that it shall end: ${why}`;
}

async function place(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const body = { ...subjectOf(args), reason: requiredOption(args, 'reason') };
  const reply = await (await session.client()).call(api.legalHolds.place, { body });
  session.result(reply, () =>
    [
      line(reply.hold),
      'From now on nothing that this is on is destroyed; containment that destroys nothing goes on.',
      `${RELEASE_QUORUM.roles.join(' and ')} end it, each with: ${releaseCommandOf(reply.hold)}`,
    ].join('\n'),
  );
  return EXIT.ok;
}

async function release(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const reply = await (
    await session.client()
  ).call(api.legalHolds.release, {
    params: { id: argument(args, 0, 'id') },
    body: { reason: requiredOption(args, 'reason') },
  });
  const { hold, words } = reply;
  const rest =
    hold.releasedAt === null
      ? `It stays in force until ${RELEASE_QUORUM.roles.join(' and ')}, two people, have said so within a day.`
      : 'What it refused goes on when people retry it.';
  session.result(reply, () => [line(hold), ...words.map(wordLine), rest].join('\n'));
  return EXIT.ok;
}

async function list(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  const reply = await client.call(api.legalHolds.list, { querystring: { limit: LISTED_MAX } });
  const shown = reply.items.filter(
    ({ releasedAt }) => args.options['all'] === true || releasedAt === null,
  );
  session.result(
    { ...reply, items: shown },
    () => shown.map(line).join('\n') || 'Nothing is under a legal hold.',
  );
  return EXIT.ok;
}

async function show(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  const params = { id: argument(args, 0, 'id') };
  const reply = await client.call(api.legalHolds.show, { params });
  session.result(reply, () => [line(reply.hold), ...reply.words.map(wordLine)].join('\n'));
  return EXIT.ok;
}

function placing(group: Command): Command {
  return group
    .command('place')
    .description('hold (legal and administrators): nothing that it is on is destroyed')
    .option('--model <name>', 'one model')
    .option('--namespace <name>', 'one namespace, in any cluster')
    .option('--dataset <name>', 'one dataset: namespace/name')
    .option('--artefact <name>', 'one artefact: MODEL@VERSION, or its SHA-256')
    .option('--incident <id>', 'one incident: its own effects')
    .option('--reason <why>', 'why, for everybody who looks');
}

/** `firebreak legal-hold place|list|show|release`. */
export function registerLegalHold({ program, run }: Registrar): void {
  const group = program
    .command('legal-hold')
    .description('keep what an inquiry may need: refuse what would destroy it');
  run(placing(group), place);
  run(
    group
      .command('list')
      .description('what is under a legal hold')
      .option('--all', 'also those that ended'),
    list,
  );
  run(
    group
      .command('show')
      .description('one hold, with what was said about its end')
      .argument('<id>'),
    show,
  );
  run(
    group
      .command('release')
      .description('say that a hold shall end: legal and a commander, two people, within a day')
      .argument('<id>')
      .option('--reason <why>', 'why, for everybody who looks'),
    release,
  );
}
