import { ROLES } from '../domain/approval.ts';
import { renderTable } from '../render/terminal.ts';
import { argument, choice, collect, option, optionList, requiredOption } from './arguments.ts';
import { instantOf } from './duration.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';

function addUser({ program, run }: Registrar): void {
  const user = program.command('user').description('people and their roles (administrators)');
  run(
    user
      .command('add')
      .description('add a person, or change one')
      .argument('<id>')
      .requiredOption('--name <name>', 'name that people see')
      .requiredOption('--role <role>', `one of ${ROLES.join(', ')}; repeatable`, collect)
      .option('--slack <team/user>', 'ids of workspace and member in Slack: T0123ABCD/U0456EFGH')
      .option('--mail <address>', 'mail address')
      .option('--inactive', 'take away every right at once'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const reply = await client.call(api.people.put, {
        params: { id: argument(args, 0, 'id') },
        body: {
          name: requiredOption(args, 'name'),
          roles: optionList(args, 'role').map((role) => choice(role, ROLES, 'role')),
          slackUser: option(args, 'slack') ?? null,
          mail: option(args, 'mail') ?? null,
          active: args.options['inactive'] !== true,
        },
      });
      const { person, change } = reply;
      session.result(reply, () =>
        change === null
          ? `${person.id}: ${person.roles.join(', ')}.`
          : `Two people must approve this (${change}): see firebreak config changes.`,
      );
      return EXIT.ok;
    },
  );
  run(user.command('list').description('list people'), async (session) => {
    const { api } = await import('../api/client.ts');
    const reply = await (await session.client()).call(api.people.list, {});
    session.result(reply, () => {
      const rows = reply.items.map(({ id, name, roles, active }) => [
        id,
        name,
        roles.join(', '),
        active ? 'active' : 'inactive',
      ]);
      return renderTable(['id', 'name', 'roles', 'state'], rows, session.terminal);
    });
    return EXIT.ok;
  });
}

/** `firebreak user add|list`, `firebreak token add`. */
export function registerPeople(registrar: Registrar): void {
  addUser(registrar);
  registrar.run(
    registrar.program
      .command('token')
      .description('API tokens of people (administrators)')
      .command('add')
      .description('make a token for a person; it is shown once')
      .argument('<person>')
      .requiredOption('--label <label>', 'what it is for')
      .option('--expires <time>', 'when it ends; never when left out'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const expires = option(args, 'expires');
      const reply = await client.call(api.people.token, {
        params: { id: argument(args, 0, 'person') },
        body: {
          label: requiredOption(args, 'label'),
          expiresAt: expires === undefined ? null : instantOf(expires, 'expires'),
        },
      });
      session.progress('This token is shown only now:');
      if (!reply.canApprove) {
        session.progress('It approves nothing: only who has an approving token makes another.');
      }
      session.result(reply, () => reply.token);
      return EXIT.ok;
    },
  );
}
