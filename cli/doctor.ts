import { toAppError } from '../domain/error.ts';
import { visibleCut } from '../render/visible.ts';
import { CREDENTIALS } from '../domain/credential.ts';
import { choice, collect, option, optionList } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';
import type { Session } from './session.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix: string | null;
}

/** Whether a running server is there; that none runs is no fault. */
async function serverFinding(session: Session): Promise<Finding> {
  const { api } = await import('../api/client.ts');
  try {
    const client = await session.clientWith(null);
    const { ready, checks } = await client.call(api.status.ready, {});
    const missing = checks.filter((check) => !check.ready).map(({ name }) => name);
    return ready
      ? { name: 'server', ok: true, detail: 'a server runs and is ready', fix: null }
      : {
          name: 'server',
          ok: false,
          detail: `a server runs without: ${missing.join(', ')}`,
          fix: 'Look into its log; these parts do not answer it.',
        };
  } catch (error) {
    const { code, message } = toAppError(error);
    if (code === 'unavailable') return { name: 'server', ok: true, detail: 'none runs', fix: null };
    return { name: 'server', ok: false, detail: message, fix: 'Check --url and FIREBREAK_URL.' };
  }
}

/** Whether changes of the rules wait for people; nothing without a token, which only people of the installation have. */
async function rulesFinding(session: Session): Promise<readonly Finding[]> {
  const { api } = await import('../api/client.ts');
  try {
    const client = await session.client();
    const query = { querystring: { status: 'open' as const } };
    const { revision, items } = await client.call(api.rules.list, query);
    const inForce = `revision ${revision.number.toString()} since ${revision.since}`;
    if (items.length > 0) {
      const waiting = items.map(({ id }) => id).join(', ');
      const fix = 'See `firebreak config changes`, then approve or reject them.';
      const detail = `${inForce}; changes wait for people: ${waiting}`;
      return [{ name: 'rules', ok: false, detail, fix }];
    }
    const kept = revision.armed
      ? 'a change needs two people'
      : 'one administrator may change them: no route acts, or nobody could approve';
    return [{ name: 'rules', ok: true, detail: `${inForce}; ${kept}`, fix: null }];
  } catch {
    // No server, or no token of ours: the finding about the server says so.
    return [];
  }
}

/** `firebreak doctor`: everything that is needed, and the fix for each missing thing. */
export function registerDoctor({ program, run }: Registrar): void {
  run(
    program
      .command('doctor')
      .description('look at everything that Firebreak needs, and say how to fix what is missing')
      .option('--data-dir <folder>', 'data folder to look at')
      .option('--config <file>', 'configuration file to look at')
      .option(
        '--credential <name>',
        `look as a process that has it: ${CREDENTIALS.join(', ')}; repeatable (all of them)`,
        collect,
      ),
    async (session, args) => {
      const { examine } = await import('../app/doctor.ts');
      const flags = {
        FIREBREAK_DATA_DIR: option(args, 'dataDir'),
        FIREBREAK_CONFIG: option(args, 'config'),
      };
      const credentials = optionList(args, 'credential').map((one) =>
        choice(one, CREDENTIALS, 'credential'),
      );
      const checks: readonly Finding[] = [
        ...(await examine(flags, credentials.length === 0 ? CREDENTIALS : credentials)),
        await serverFinding(session),
        ...(await rulesFinding(session)),
      ];
      const ok = checks.every((check) => check.ok);
      session.result({ ok, checks }, () =>
        checks
          .flatMap(({ name, ok: good, detail, fix }) => [
            visibleCut(`${good ? 'ok ' : 'BAD'} ${name}: ${detail}`, 1_000),
            ...(fix === null ? [] : [`    fix: ${fix}`]),
          ])
          .join('\n'),
      );
      return ok ? EXIT.ok : EXIT.failed;
    },
  );
}
