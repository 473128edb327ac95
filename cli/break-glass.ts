import type { Command } from 'commander';
import type { BreakGlassKey, ReviewedBreak } from '../domain/break-glass.ts';
import { AppError } from '../domain/error.ts';
import { renderTable } from '../render/terminal.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, flag, option, requiredOption } from './arguments.ts';
import { decide } from './decide.ts';
import { endOf } from './duration.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const TEXT_CHARACTERS_MAX = 500;
const LISTED_MAX = 200;

/** The client and its endpoints, loaded when a command runs. */
async function opened(session: Session) {
  const { api } = await import('../api/client.ts');
  return { endpoints: api.breakGlass, client: await session.client() };
}

function stateOf(key: BreakGlassKey): string {
  if (key.usedAt !== null) return `used ${key.usedAt}`;
  if (key.revokedAt !== null) return `revoked ${key.revokedAt}`;
  if (key.takenAt !== null) return 'ready';
  return key.confirmedBy === null ? 'waits for a second administrator' : 'waits to be taken';
}

function keyLine(key: BreakGlassKey): string {
  return `${key.id}: for ${key.person} until ${key.expiresAt}, ${stateOf(key)}`;
}

async function askKey(session: Session, args: Arguments): Promise<number> {
  const body = {
    person: argument(args, 0, 'person'),
    expiresAt: endOf(requiredOption(args, 'expires'), 'expires', new Date()),
  };
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.ask, { body });
  session.result(reply, () =>
    [
      keyLine(reply.key),
      `Another administrator confirms it: firebreak break-glass key confirm ${reply.key.id}`,
    ].join('\n'),
  );
  return EXIT.ok;
}

async function confirmKey(session: Session, args: Arguments): Promise<number> {
  const params = { id: argument(args, 0, 'id') };
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.confirm, { params, body: {} });
  session.result(reply, () =>
    [
      keyLine(reply.key),
      `${reply.key.person} takes it: firebreak break-glass key take ${reply.key.id}`,
    ].join('\n'),
  );
  return EXIT.ok;
}

async function takeKey(session: Session, args: Arguments): Promise<number> {
  const params = { id: argument(args, 0, 'id') };
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.take, { params, body: {} });
  session.progress(
    `This key is shown only now, is good once, and ends ${reply.key.expiresAt}. Keep it apart from your token, sealed:`,
  );
  session.result(reply, () => reply.secret);
  return EXIT.ok;
}

async function revokeKey(session: Session, args: Arguments): Promise<number> {
  const params = { id: argument(args, 0, 'id') };
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.revoke, { params, body: {} });
  session.result(reply, () => keyLine(reply.key));
  return EXIT.ok;
}

async function listKeys(session: Session): Promise<number> {
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.keys, {});
  session.result(reply, () => {
    const rows = reply.items.map((key) => [
      ...[key.id, key.person, key.askedBy, key.confirmedBy ?? '–', key.expiresAt, stateOf(key)],
    ]);
    const head = ['key', 'person', 'asked by', 'confirmed by', 'ends', 'state'];
    return renderTable(head, rows, session.terminal);
  });
  return EXIT.ok;
}

/** The secret from a file or the keyboard, never from the command line, which others can read. Raises `invalid`. */
async function secretOf(session: Session, args: Arguments): Promise<string> {
  const path = option(args, 'keyFile');
  if (path !== undefined) {
    const { readSecretFile } = await import('../app/environment.ts');
    return readSecretFile(path, '--key-file') ?? '';
  }
  const { interactive, ask } = session.surroundings;
  if (interactive) return (await ask('Break-glass key: ')).trim();
  const message = 'Name the file that holds your break-glass key: --key-file.';
  throw new AppError('invalid', message, { field: 'key-file' });
}

function breakLines({ glassBreak, review }: ReviewedBreak): readonly string[] {
  const { id, incidentId, person, reason, brokenAt, endsAt } = glassBreak;
  const { ownerRole, dueAt, closedAt, closedBy, finding } = review;
  const cut = (text: string): string => visibleCut(text, TEXT_CHARACTERS_MAX);
  return [
    `${id}: ${person} broke the glass for ${incidentId} at ${brokenAt}, until ${endsAt}: ${cut(reason)}`,
    closedAt === null
      ? `  review owed by ${ownerRole} until ${dueAt}: firebreak break-glass close ${id} --finding TEXT`
      : `  reviewed by ${closedBy ?? 'nobody'} at ${closedAt}: ${cut(finding ?? '')}`,
  ];
}

async function breakIt(session: Session, args: Arguments): Promise<number> {
  const reason = requiredOption(args, 'reason');
  const body = { key: await secretOf(session, args), reason };
  const params = { id: argument(args, 0, 'incident') };
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.break, { params, body });
  session.result(reply, () =>
    [
      ...breakLines(reply),
      'Everybody whom it concerns is told. Until then your yes alone is enough for what isolate and revert change:',
      '  firebreak break-glass approve APPROVAL --plan-digest DIGEST --reason WHY',
    ].join('\n'),
  );
  return EXIT.ok;
}

async function approve(session: Session, args: Arguments): Promise<number> {
  const breakGlass = requiredOption(args, 'reason');
  const planDigest = requiredOption(args, 'planDigest');
  return decide(session, async (client, decisionId) => {
    const { api } = await import('../api/client.ts');
    return client.call(api.approvals.answer, {
      params: { id: argument(args, 0, 'approval') },
      body: { decisionId, planDigest, verdict: 'approve', breakGlass },
    });
  });
}

async function reviews(session: Session, args: Arguments): Promise<number> {
  const querystring = { limit: LISTED_MAX, state: flag(args, 'all') ? 'all' : 'open' } as const;
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.reviews, { querystring });
  session.result(
    reply,
    () => reply.items.flatMap(breakLines).join('\n') || 'No broken glass waits for a review.',
  );
  return EXIT.ok;
}

async function close(session: Session, args: Arguments): Promise<number> {
  const params = { id: argument(args, 0, 'id') };
  const body = { finding: requiredOption(args, 'finding') };
  const { client, endpoints } = await opened(session);
  const reply = await client.call(endpoints.close, { params, body });
  session.result(reply, () => breakLines(reply).join('\n'));
  return EXIT.ok;
}

function addKeys(group: Command, { run }: Registrar): void {
  const key = group.command('key').description('keys that break the glass, each good once');
  run(
    key
      .command('ask')
      .description('ask for one for somebody (administrators); another one confirms it')
      .argument('<person>')
      .requiredOption('--expires <time>', 'when it ends: 30d, or a date; at most 90 days ahead'),
    askKey,
  );
  run(
    key
      .command('confirm')
      .description('confirm one that another administrator asked for')
      .argument('<id>'),
    confirmKey,
  );
  run(
    key.command('take').description('take your own, once; nobody else sees it').argument('<id>'),
    takeKey,
  );
  run(key.command('revoke').description('end one at once').argument('<id>'), revokeKey);
  run(key.command('list').description('keys, newest first (administrators)'), listKeys);
}

/** `firebreak break-glass key …|break|approve|reviews|close`. */
export function registerBreakGlass(registrar: Registrar): void {
  const { program, run } = registrar;
  const group = program
    .command('break-glass')
    .description('answer alone what two people are asked: bounded, loud, and reviewed');
  addKeys(group, registrar);
  run(
    group
      .command('break')
      .description('break the glass for an incident with your key')
      .argument('<incident>')
      .option('--key-file <file>', 'file that holds your key; without it you are asked')
      .requiredOption('--reason <why>', 'why, for everybody'),
    breakIt,
  );
  run(
    group
      .command('approve')
      .description('approve alone exactly the plans that you saw, with the glass broken')
      .argument('<approval>')
      .requiredOption('--plan-digest <digest>', 'the plans that you saw')
      .requiredOption('--reason <why>', 'why alone, for the timeline'),
    approve,
  );
  run(
    group
      .command('reviews')
      .description('broken glass that waits for a review')
      .option('--all', 'also what was reviewed'),
    reviews,
  );
  run(
    group
      .command('close')
      .description('close the review of broken glass: somebody else than who broke it')
      .argument('<id>')
      .requiredOption('--finding <text>', 'what you found, for everybody'),
    close,
  );
}
