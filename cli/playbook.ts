import type { Command } from 'commander';
import { AppError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { renderTable } from '../render/terminal.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, collect, option, optionList } from './arguments.ts';
import { EXIT } from './failure.ts';
import { planText } from './plan-text.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

/** `name=value` pairs; a value that is JSON keeps its type. Raises `invalid`. */
function parametersOf(args: Arguments): JsonObject {
  const pairs = optionList(args, 'parameter').map((text) => {
    const at = text.indexOf('=');
    if (at <= 0) {
      throw new AppError('invalid', '--parameter takes NAME=VALUE.', { field: 'parameter' });
    }
    return [text.slice(0, at), valueOf(text.slice(at + 1))] as const;
  });
  return Object.fromEntries(pairs);
}

function valueOf(text: string): Json {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** What a plan is made for; null when neither is named. Raises `invalid` for both. */
function subjectOf(
  args: Arguments,
): { readonly incidentId?: string; readonly text?: string } | null {
  const incidentId = option(args, 'incident');
  const text = option(args, 'text');
  if (incidentId !== undefined && text !== undefined) {
    throw new AppError('invalid', 'Give --incident or --text, not both.', { field: 'text' });
  }
  if (incidentId !== undefined) return { incidentId };
  return text === undefined ? null : { text };
}

async function planOf(
  session: Session,
  name: string,
  subject: NonNullable<ReturnType<typeof subjectOf>> & { readonly parameters: JsonObject },
): Promise<JsonObject> {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  session.progress('Asking every system, changing nothing …');
  return client.call(api.playbooks.plan, { params: { name }, body: subject });
}

function addPlan(playbook: Command, { run }: Registrar): void {
  run(
    playbook
      .command('plan')
      .description('every effect, target, difference, approval and undo, with zero writes')
      .argument('<name>')
      .option('--incident <id>', 'plan for this incident')
      .option('--text <words>', 'plan for what these words name, e.g. "model=fraud-scorer"')
      .option('--parameter <name=value>', 'value of a parameter; repeatable', collect),
    async (session, args) => {
      const subject = subjectOf(args);
      if (subject === null) {
        const message = 'Say what to plan for: --incident ID, or --text "model=NAME".';
        throw new AppError('invalid', message, { field: 'incident' });
      }
      const parameters = parametersOf(args);
      const plan = await planOf(session, argument(args, 0, 'name'), { ...subject, parameters });
      session.result(plan, () => planText(plan));
      return EXIT.ok;
    },
  );
}

async function checkFile(path: string) {
  const { checkPlaybookFile } = await import('../app/playbook-files.ts');
  return checkPlaybookFile(path);
}

function addFiles(playbook: Command, { run }: Registrar): void {
  run(
    playbook
      .command('validate')
      .description('check playbook files: shape, meaning, types of every expression')
      .argument('<files...>'),
    async (session, args) => {
      const checked = await Promise.all(
        args.positional.map(async (file) => {
          const { playbook: found, digest } = await checkFile(file);
          return { file, name: found.name, digest };
        }),
      );
      session.result({ playbooks: checked }, () =>
        checked.map(({ file, name }) => visibleCut(`${file}: ok (${name})`, 500)).join('\n'),
      );
      return EXIT.ok;
    },
  );
  run(
    playbook
      .command('test')
      .description(
        'check a file and compare it with what the server runs; with --incident or --text plan it, without writes',
      )
      .argument('<file>')
      .option('--incident <id>', 'plan for this incident')
      .option('--text <words>', 'plan for what these words name')
      .option('--parameter <name=value>', 'value of a parameter; repeatable', collect),
    async (session, args) => {
      const { api } = await import('../api/client.ts');
      const pinned = await checkFile(argument(args, 0, 'file'));
      const { name } = pinned.playbook;
      const client = await session.client();
      const served = await client.call(api.playbooks.show, { params: { name } });
      const same = served.digest === pinned.digest;
      const subject = subjectOf(args);
      const parameters = parametersOf(args);
      const plan =
        same && subject !== null ? await planOf(session, name, { ...subject, parameters }) : null;
      session.result({ name, digest: pinned.digest, served: served.digest, same, plan }, () =>
        [
          same
            ? `${name} is right and is what the server runs.`
            : `${name} is right, but the server runs another version of it.`,
          ...(plan === null ? [] : [planText(plan)]),
        ].join('\n'),
      );
      return same ? EXIT.ok : EXIT.failed;
    },
  );
}

/** `firebreak playbook list|validate|plan|test`. */
export function registerPlaybook(registrar: Registrar): void {
  const playbook = registrar.program.command('playbook').description('playbooks');
  registrar.run(
    playbook.command('list').description('list the playbooks that the server runs'),
    async (session) => {
      const { api } = await import('../api/client.ts');
      const reply = await (await session.client()).call(api.playbooks.list, {});
      session.result(reply, () => {
        const rows = reply.items.map((one) => [one.name, one.class, one.title, one.digest]);
        return renderTable(['name', 'class', 'title', 'digest'], rows, session.terminal);
      });
      return EXIT.ok;
    },
  );
  addFiles(playbook, registrar);
  addPlan(playbook, registrar);
}
