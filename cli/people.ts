import type { Command } from 'commander';
import type { api, ApiClient, CallReply } from '../api/client.ts';
import { ROLES } from '../domain/approval.ts';
import { GRANT_KINDS, type Grant } from '../domain/grant.ts';
import { AppError } from '../domain/error.ts';
import type { Identity } from '../domain/identity.ts';
import { renderTable } from '../render/terminal.ts';
import {
  argument,
  choice,
  collect,
  flag,
  option,
  optionList,
  requiredOption,
} from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';

type Rights = Pick<Listed, 'roles' | 'grants'>;
type Listed = CallReply<(typeof api)['people']['put']>['person'];

/** What became of putting a person: done, or a change that two people have to approve. */
function outcomeOf({ person, change }: CallReply<(typeof api)['people']['put']>): string {
  if (change !== null)
    return `Two people must approve this (${change}): see firebreak config changes.`;
  return `${person.id}: ${person.active ? rightsText(person) : 'deactivated'}.`;
}

/** `responder@team=fraud`. Raises `invalid`. */
function grantOf(text: string): Grant {
  const [, role = '', on = '', name = ''] = /^([a-z-]+)@([a-z]+)=(.+)$/u.exec(text) ?? [];
  return {
    role: choice(role, ROLES, 'the role of --grant'),
    on: choice(on, GRANT_KINDS, 'what --grant is on'),
    name,
  };
}

/** The rights that the command names, all of them together; null when it names none. Raises `invalid`. */
function rightsOf(args: Arguments): Rights | null {
  const roles = optionList(args, 'role').map((role) => choice(role, ROLES, 'role'));
  const grants = optionList(args, 'grant').map(grantOf);
  if (roles.length === 0 && grants.length === 0) return null;
  return grants.length === 0 ? { roles } : { roles, grants };
}

/** Who somebody is at an issuer, as the command says; null: not said. Raises `invalid` for one part without the other. */
function identityOf(args: Arguments): Identity | null {
  if (option(args, 'issuer') === undefined && option(args, 'subject') === undefined) return null;
  return { issuer: requiredOption(args, 'issuer'), subject: requiredOption(args, 'subject') };
}

/** A text as the command says it, null when it says `--no-…`, else what was there before. */
function keptText(args: Arguments, name: string, before: string | null): string | null {
  return option(args, name) ?? (args.options[name] === false ? null : before);
}

/**
 * Where somebody is reached and who they are elsewhere: as the command says, and what it does not speak of as it was. Losing it by being
 * left out would take their way in, or their mail.
 */
function placesOf(args: Arguments, before: Listed | undefined, said: Identity | null) {
  const kept = args.options['issuer'] === false ? undefined : before?.identity;
  const identity = said ?? kept;
  return {
    slackUser: keptText(args, 'slack', before?.slackUser ?? null),
    mail: keptText(args, 'mail', before?.mail ?? null),
    ...(identity === undefined ? {} : { identity }),
  };
}

function rightsBefore({ roles, grants }: Rights): Rights {
  return grants === undefined ? { roles } : { roles, grants };
}

/** Raises `invalid`: somebody new needs this. */
function missing(id: string, field: 'name' | 'role'): never {
  const message = `Nobody has the id ${id} yet: somebody new needs --name, and --role or --grant.`;
  throw new AppError('invalid', message, { field });
}

/** The person of an id; undefined when there is none yet. */
async function personOf(client: ApiClient, id: string): Promise<Listed | undefined> {
  const { api } = await import('../api/client.ts');
  const { items } = await client.call(api.people.list, {});
  return items.find((person) => person.id === id);
}

/** A person's rights on one line. */
function rightsText({ roles, grants = [] }: Pick<Listed, 'roles' | 'grants'>): string {
  return [...roles, ...grants.map(({ role, on, name }) => `${role}@${on}=${name}`)].join(', ');
}

function addUser({ run }: Registrar, user: Command): void {
  run(
    user
      .command('add')
      .description(
        'add a person, or change what is named here of one; roles and grants are named together',
      )
      .argument('<id>')
      .option('--name <name>', 'name that people see; needed for somebody new')
      .option(
        '--role <role>',
        `everywhere: one of ${ROLES.join(', ')}; repeatable; needed for somebody new`,
        collect,
      )
      .option(
        '--grant <grant>',
        'a role on one model, namespace or team: responder@team=fraud; repeatable',
        collect,
      )
      .option('--slack <team/user>', 'ids of workspace and member in Slack: T0123ABCD/U0456EFGH')
      .option(
        '--issuer <address>',
        'who they are where people sign in (OpenID Connect): the issuer',
      )
      .option('--subject <subject>', 'and the subject by which it knows them')
      .option('--mail <address>', 'mail address')
      .option('--no-slack', 'they are nobody in Slack any more')
      .option('--no-issuer', 'they do not sign in at an issuer any more')
      .option('--no-mail', 'they have no mail address any more')
      .option('--inactive', 'take away every right at once')
      .option('--active', 'give their rights back to somebody who was deactivated'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      // A wrong command asks nothing.
      const said = { rights: rightsOf(args), identity: identityOf(args) };
      const client = await session.client();
      const id = argument(args, 0, 'id');
      const before = await personOf(client, id);
      const reply = await client.call(api.people.put, {
        params: { id },
        body: {
          name: option(args, 'name') ?? before?.name ?? missing(id, 'name'),
          ...(said.rights ?? (before === undefined ? missing(id, 'role') : rightsBefore(before))),
          ...placesOf(args, before, said.identity),
          active: flag(args, 'active') || (!flag(args, 'inactive') && (before?.active ?? true)),
        },
      });
      session.result(reply, () => outcomeOf(reply));
      return EXIT.ok;
    },
  );
}

function addDeactivate({ run }: Registrar, user: Command): void {
  run(
    user
      .command('deactivate')
      .description('take away every right of a person at once')
      .argument('<id>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const found = await personOf(client, argument(args, 0, 'id'));
      if (found === undefined) throw new AppError('not_found', 'There is no such person.');
      const { id, ...person } = found;
      const body = { ...person, active: false };
      const reply = await client.call(api.people.put, { params: { id }, body });
      session.result(reply, () => outcomeOf(reply));
      return EXIT.ok;
    },
  );
}

function addPassword({ run }: Registrar, user: Command): void {
  run(
    user
      .command('password')
      .description('make a password that is good once, for a day: your own, or as an administrator')
      .argument('<id>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const client = await session.client();
      const params = { id: argument(args, 0, 'id') };
      const reply = await client.call(api.people.password, { params, body: {} });
      session.progress(
        `Shown only now, and good until ${reply.endsAt}. Sign in at /login to choose another:`,
      );
      if (reply.pending) {
        session.progress(
          `Who signs in with it approves once they have chosen their own, and somebody else has asked them and confirmed it: firebreak user confirm ${reply.personId}`,
        );
      } else if (!reply.canApprove) {
        session.progress(
          'Who signs in with it approves nothing: only the person makes one that does, with a token of their own.',
        );
      }
      session.result(reply, () => reply.password);
      return EXIT.ok;
    },
  );
}

function addConfirm({ run }: Registrar, user: Command): void {
  run(
    user
      .command('confirm')
      .description(
        'let somebody approve on the page whose first password an administrator made (another one, or an approver); ask them before',
      )
      .argument('<id>'),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const params = { id: argument(args, 0, 'id') };
      const client = await session.client();
      const reply = await client.call(api.people.confirmPassword, { params, body: {} });
      session.result(reply, () => `${reply.personId} approves from their next sign-in on.`);
      return EXIT.ok;
    },
  );
}

function addList({ run }: Registrar, user: Command): void {
  run(user.command('list').description('list people'), async (session) => {
    const { api } = await import('../api/client.ts');
    const reply = await (await session.client()).call(api.people.list, {});
    session.result(reply, () => {
      const rows = reply.items.map((person) => [
        ...[person.id, person.name, rightsText(person)],
        person.active ? 'active' : 'inactive',
      ]);
      return renderTable(['id', 'name', 'roles', 'state'], rows, session.terminal);
    });
    return EXIT.ok;
  });
}

/** `firebreak user add|list|deactivate|password|confirm`. */
export function registerPeople(registrar: Registrar): void {
  const user = registrar.program.command('user').description('people and their roles');
  for (const add of [addUser, addList, addDeactivate, addPassword, addConfirm]) {
    add(registrar, user);
  }
}
