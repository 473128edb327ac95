import type { Command } from 'commander';
import { LEAST_SCOPES, SCOPES, TOKEN_DAYS_MAX } from '../domain/scope.ts';
import { renderTable } from '../render/terminal.ts';
import { argument, choice, requiredOption } from './arguments.ts';
import { endOf } from './duration.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';

const EXPIRES = '--expires <time>';
const EXPIRES_SAYS = `when it ends: 90d, or a date; at most ${TOKEN_DAYS_MAX.toString()} days ahead`;
const LABEL = '--label <label>';
const LABEL_SAYS = 'what it is for';

/** What every new token is told. */
function newTokenOf(args: Arguments) {
  return {
    label: requiredOption(args, 'label'),
    expiresAt: endOf(requiredOption(args, 'expires'), 'expires', new Date()),
  };
}

function addCreate({ run }: Registrar, token: Command): void {
  run(
    token
      .command('create')
      .description('make a token: your own, or as an administrator; it is shown once')
      .argument('<person>')
      .requiredOption(LABEL, LABEL_SAYS)
      .requiredOption(EXPIRES, EXPIRES_SAYS)
      .option(
        '--scopes <scopes>',
        `what it is for, joined by commas: ${SCOPES.join(', ')}`,
        LEAST_SCOPES.join(','),
      ),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const scopes = requiredOption(args, 'scopes')
        .split(',')
        .map((scope) => choice(scope.trim(), SCOPES, 'scopes'));
      const reply = await client.call(api.people.token, {
        params: { id: argument(args, 0, 'person') },
        body: { ...newTokenOf(args), scopes },
      });
      session.progress(
        `This token is shown only now, is for ${reply.scopes.join(', ')}, and ends ${reply.expiresAt}:`,
      );
      if (reply.pending) {
        session.progress(
          `It approves once somebody else has asked them and confirmed it: firebreak token confirm ${reply.personId} ${reply.id}`,
        );
      } else if (scopes.includes('decide') && !reply.canApprove) {
        session.progress('It approves nothing: only who has an approving token makes another.');
      }
      session.result(reply, () => reply.token);
      return EXIT.ok;
    },
  );
}

function addList({ run }: Registrar, token: Command): void {
  run(
    token
      .command('list')
      .description('the tokens of a person that are still good: your own, or as an administrator')
      .argument('<person>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { id: argument(args, 0, 'person') };
      const reply = await (await session.client()).call(api.people.tokens, { params });
      session.result(reply, () => {
        const rows = reply.items.map((one) => [
          ...[
            one.id,
            one.label,
            one.expiresAt ?? 'never',
            one.scopes.join(', '),
            approvesText(one),
          ],
        ]);
        const head = ['token', 'label', 'ends', 'scopes', 'approves'];
        return renderTable(head, rows, session.terminal);
      });
      return EXIT.ok;
    },
  );
}

function approvesText({
  canApprove,
  pendingBy,
}: {
  readonly canApprove: boolean;
  readonly pendingBy: string | null;
}): string {
  if (canApprove) return 'yes';
  return pendingBy === null ? 'no' : 'once confirmed';
}

function addConfirm({ run }: Registrar, token: Command): void {
  run(
    token
      .command('confirm')
      .description(
        'let a first token approve that an administrator made (another one, or an approver); ask its person before',
      )
      .argument('<person>')
      .argument('<token>', 'as `token list` shows it'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { id: argument(args, 0, 'person'), token: argument(args, 1, 'token') };
      const reply = await (
        await session.client()
      ).call(api.people.confirmToken, { params, body: {} });
      session.result(reply, () => `${params.token} of ${reply.personId} approves from now on.`);
      return EXIT.ok;
    },
  );
}

function addRevoke({ run }: Registrar, token: Command): void {
  run(
    token
      .command('revoke')
      .description('end a token at once: your own, or as an administrator')
      .argument('<person>')
      .argument('<token>', 'as `token list` shows it'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { id: argument(args, 0, 'person'), token: argument(args, 1, 'token') };
      const reply = await (await session.client()).call(api.people.revoke, { params, body: {} });
      session.result(reply, () => `${params.token} of ${reply.personId} opens nothing any more.`);
      return EXIT.ok;
    },
  );
}

function addSourceCreate({ run }: Registrar, token: Command): void {
  run(
    token
      .command('create')
      .description('make a token with which a source posts its alerts, and nothing else')
      .argument('<source>')
      .requiredOption(LABEL, LABEL_SAYS)
      .requiredOption(EXPIRES, EXPIRES_SAYS),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { name: argument(args, 0, 'source') };
      const body = newTokenOf(args);
      const reply = await (await session.client()).call(api.sources.token, { params, body });
      session.progress(`This token is shown only now, and ends ${reply.expiresAt}:`);
      session.result(reply, () => reply.token);
      return EXIT.ok;
    },
  );
}

function addSourceLists({ run }: Registrar, token: Command): void {
  run(
    token
      .command('list')
      .description('the tokens of a source that are still good')
      .argument('<source>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { name: argument(args, 0, 'source') };
      const reply = await (await session.client()).call(api.sources.tokens, { params });
      session.result(reply, () => {
        const rows = reply.items.map(({ id, label, madeBy, expiresAt }) => [
          ...[id, label, madeBy, expiresAt],
        ]);
        return renderTable(['token', 'label', 'made by', 'ends'], rows, session.terminal);
      });
      return EXIT.ok;
    },
  );
  run(
    token
      .command('revoke')
      .description('end a token of a source at once')
      .argument('<source>')
      .argument('<token>', 'as `source token list` shows it'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { name: argument(args, 0, 'source'), token: argument(args, 1, 'token') };
      const reply = await (await session.client()).call(api.sources.revoke, { params, body: {} });
      session.result(reply, () => `${params.token} of ${reply.source} opens nothing any more.`);
      return EXIT.ok;
    },
  );
}

/** `firebreak token create|list|confirm|revoke`, `firebreak source token create|list|revoke`. */
export function registerTokens(registrar: Registrar): void {
  const token = registrar.program.command('token').description('API tokens of people');
  for (const add of [addCreate, addList, addConfirm, addRevoke]) add(registrar, token);
  const source = registrar.program.command('source').description('alert sources');
  const own = source.command('token').description('tokens of alert sources');
  for (const add of [addSourceCreate, addSourceLists]) add(registrar, own);
}
