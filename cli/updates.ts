import type { Command } from 'commander';
import { counted } from '../domain/counted.ts';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, option, requiredOption } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const LISTED_MAX = 200;
const SUBJECT_CHARACTERS_MAX = 150;

function audienceOf({ audience, to, slackChannel }: StakeholderUpdate): string {
  const where = slackChannel ?? counted(to.length, 'address', 'addresses');
  return `${audience} (${where})`;
}

function line(update: StakeholderUpdate): string {
  const { id, ordinal, notice, state, draftedAt, settledBy, settledAt, reason } = update;
  const settled =
    settledAt === null ? 'waits' : `${state} by ${settledBy ?? 'nobody'} at ${settledAt}`;
  const why = reason === null ? '' : `: ${visibleCut(reason, SUBJECT_CHARACTERS_MAX)}`;
  return `${id}: ${ordinal.toString()} ${notice} for ${audienceOf(update)}, drafted ${draftedAt}, ${settled}${why}`;
}

async function list(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const incident = option(args, 'incident');
  const reply = await (
    await session.client()
  ).call(api.updates.list, {
    querystring: {
      limit: LISTED_MAX,
      ...(incident === undefined ? {} : { incident }),
      ...(args.options['waiting'] === true ? { state: 'drafted' as const } : {}),
    },
  });
  session.result(reply, () => reply.items.map(line).join('\n') || 'There is no update.');
  return EXIT.ok;
}

async function preview(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const params = { id: argument(args, 0, 'id') };
  const reply = await (await session.client()).call(api.updates.show, { params });
  const { update } = reply;
  const now =
    update.state === 'drafted'
      ? [
          `Send exactly this: firebreak updates send ${update.id} --digest ${update.textSha256}`,
          `Leave it out:      firebreak updates skip ${update.id} --reason WHY`,
        ]
      : [];
  const { to, slackChannel } = update;
  const recipients = slackChannel === null ? to.join(', ') : `Slack channel ${slackChannel}`;
  session.result(reply, () =>
    [line(update), `To: ${recipients}`, '----', reply.preview.trimEnd(), '----', ...now].join('\n'),
  );
  return EXIT.ok;
}

async function send(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const params = { id: argument(args, 0, 'id') };
  const body = { textSha256: requiredOption(args, 'digest') };
  const reply = await (await session.client()).call(api.updates.send, { params, body });
  session.result(reply, () => line(reply.update));
  return EXIT.ok;
}

async function skip(session: Session, args: Arguments): Promise<number> {
  const { api } = await import('../api/client.ts');
  const params = { id: argument(args, 0, 'id') };
  const body = { reason: requiredOption(args, 'reason') };
  const reply = await (await session.client()).call(api.updates.skip, { params, body });
  session.result(reply, () => line(reply.update));
  return EXIT.ok;
}

function answering(group: Command, name: 'send' | 'skip', description: string): Command {
  return group.command(name).description(description).argument('<id>');
}

/** `firebreak updates list|preview|send|skip`. */
export function registerUpdates({ program, run }: Registrar): void {
  const group = program
    .command('updates')
    .description('what stakeholders are told: read it, send it, leave it out');
  run(
    group
      .command('list')
      .description('updates, newest first')
      .option('--incident <id>', 'of one incident')
      .option('--waiting', 'only those that nobody sent or left out'),
    list,
  );
  run(
    group
      .command('preview')
      .description('one update, exactly as its audience will read it')
      .argument('<id>'),
    preview,
  );
  run(
    answering(group, 'send', 'send exactly the text that you read').option(
      '--digest <sha256>',
      'of the text, as `preview` shows it',
    ),
    send,
  );
  run(
    answering(group, 'skip', 'leave an update out').option(
      '--reason <why>',
      'why, for the timeline',
    ),
    skip,
  );
}
