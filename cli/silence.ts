import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { matcherText, SILENCE_STATES, type SilenceMatcher } from '../domain/silence.ts';
import { renderTable } from '../render/terminal.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, choice, option, requiredOption } from './arguments.ts';
import { durationMs, instantOf } from './duration.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';

const TEXT_MAX = 300;
const LIST_MAX = 200;

interface Shown {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly state: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly owner: string;
  readonly reason: string;
  readonly suppressedCount: number;
}

function matchersOf({ matchers }: Shown): string {
  return matchers.map(matcherText).join(' ');
}

function line(silence: Shown): string {
  const { id, state, startsAt, endsAt, owner, reason, suppressedCount } = silence;
  const text = `${id} (${state}): ${matchersOf(silence)}, ${startsAt} to ${endsAt}, owner ${owner}: ${reason}`;
  return `${visibleCut(text, TEXT_MAX)}\n${suppressedCount.toString()} alerts suppressed so far.`;
}

function endOf(args: Arguments, startsAt: string | undefined): string {
  const ends = option(args, 'ends');
  if (ends !== undefined) return instantOf(ends, 'ends');
  const start = startsAt === undefined ? Date.now() : Date.parse(startsAt);
  return new Date(start + durationMs(requiredOption(args, 'for'), 'for')).toISOString();
}

function addAdd(silence: Command, { run }: Registrar): void {
  run(
    silence
      .command('add')
      .description(
        'keep matching alerts from opening incidents for a while; all matchers must match',
      )
      .argument('<matchers...>', 'name=value or name!=value; * in a value stands for any text')
      .requiredOption('--owner <owner>', 'who answers for it')
      .requiredOption('--reason <why>', 'why')
      .option('--for <time>', 'how long, like 90m, 2h or 3d')
      .option('--starts <time>', 'when it begins (now); later makes a maintenance window')
      .option('--ends <time>', 'when it ends, in place of --for')
      .addHelpText(
        'after',
        '\nExamples:\n  firebreak silence add alertname=KubePodNotReady namespace=ml --for 2h --owner mona --reason "node drain"\n' +
          '  firebreak silence add model=fraud-scorer --starts 2027-01-10T22:00Z --for 4h --owner mona --reason "planned retraining"',
      ),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const starts = option(args, 'starts');
      const startsAt = starts === undefined ? undefined : instantOf(starts, 'starts');
      const reply = await (
        await session.client()
      ).call(api.silences.add, {
        body: {
          id: randomUUID(),
          matchers: [...args.positional],
          ...(startsAt === undefined ? {} : { startsAt }),
          endsAt: endOf(args, startsAt),
          owner: requiredOption(args, 'owner'),
          reason: requiredOption(args, 'reason'),
        },
      });
      session.result(reply, () => line(reply.silence));
      return EXIT.ok;
    },
  );
}

function addList(silence: Command, { run }: Registrar): void {
  run(
    silence
      .command('list')
      .description('list silences, newest first')
      .option('--state <state>', SILENCE_STATES.join(', '))
      .option('--cursor <cursor>', 'go on from an earlier list'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const state = option(args, 'state');
      const page = await (
        await session.client()
      ).call(api.silences.list, {
        querystring: {
          state: state === undefined ? undefined : choice(state, SILENCE_STATES, 'state'),
          cursor: option(args, 'cursor'),
          limit: LIST_MAX,
        },
      });
      session.result(page, () => {
        if (page.items.length === 0) return 'No silences.';
        const rows = page.items.map((one) => [
          ...[one.id, one.state, matchersOf(one), one.endsAt, one.owner],
          one.suppressedCount.toString(),
        ]);
        const columns = ['id', 'state', 'matchers', 'ends', 'owner', 'suppressed'];
        const table = renderTable(columns, rows, session.terminal);
        return page.next === null ? table : `${table}\nMore: --cursor ${page.next}`;
      });
      return EXIT.ok;
    },
  );
}

function addShow(silence: Command, { run }: Registrar): void {
  run(
    silence
      .command('show')
      .description('show a silence and what it suppressed')
      .argument('<id>')
      .option('--cursor <cursor>', 'go on from an earlier page of alerts'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const params = { id: argument(args, 0, 'id') };
      const { silence: found } = await client.call(api.silences.show, { params });
      const alerts = await client.call(api.silences.alerts, {
        params,
        querystring: { cursor: option(args, 'cursor'), limit: LIST_MAX },
      });
      session.result({ silence: found, alerts }, () => {
        const rows = alerts.items.map((one) => [
          ...[one.receivedAt, one.status, one.title, one.incidentId ?? 'suppressed'],
        ]);
        if (rows.length === 0) return line(found);
        const table = renderTable(
          ['received', 'status', 'alert', 'incident'],
          rows,
          session.terminal,
        );
        const more = alerts.next === null ? '' : `\nMore: --cursor ${alerts.next}`;
        return `${line(found)}\n\n${table}${more}`;
      });
      return EXIT.ok;
    },
  );
}

/** `firebreak silence add|list|show|expire`. */
export function registerSilence(registrar: Registrar): void {
  const silence = registrar.program
    .command('silence')
    .description('keep alerts from opening incidents for a while; nothing of them is lost');
  addAdd(silence, registrar);
  addList(silence, registrar);
  addShow(silence, registrar);
  registrar.run(
    silence
      .command('expire')
      .description('end a silence before its time; what still fires is taken in within a minute')
      .argument('<id>')
      .requiredOption('--reason <why>', 'why'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const reply = await (
        await session.client()
      ).call(api.silences.expire, {
        params: { id: argument(args, 0, 'id') },
        body: { reason: requiredOption(args, 'reason') },
      });
      session.result(reply, () => line(reply.silence));
      return EXIT.ok;
    },
  );
}

/** Adds `firebreak incident snooze`. */
export function addSnooze(incident: Command, { run }: Registrar): void {
  run(
    incident
      .command('snooze')
      .description('hold reminders back for a while; approvals, new holds and lapses still come')
      .argument('<id>')
      .requiredOption('--reason <why>', 'why, for the timeline')
      .option('--for <time>', 'how long, like 90m, 2h or 3d')
      .option('--end', 'end the quiet now'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const until =
        args.options['end'] === true
          ? null
          : new Date(Date.now() + durationMs(requiredOption(args, 'for'), 'for')).toISOString();
      const reply = await (
        await session.client()
      ).call(api.silences.snooze, {
        params: { id: argument(args, 0, 'id') },
        body: { id: randomUUID(), until, reason: requiredOption(args, 'reason') },
      });
      session.result(reply, () => (until === null ? 'Awake.' : `Quiet until ${until}.`));
      return EXIT.ok;
    },
  );
}
