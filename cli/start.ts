import { once } from 'node:events';
import { CREDENTIALS } from '../domain/credential.ts';
import { choice, collect, numberOption, option, optionList } from './arguments.ts';
import { EXIT } from './failure.ts';
import { reloadOnHangup } from './reload.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const ROLES = ['all', 'api', 'worker'] as const;
const PORT_MAX = 65_535;

/** What is printed when everything is up. */
interface Ready {
  readonly url: string;
  readonly adminToken: string | null;
  readonly sources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly token: string;
  }[];
}

function readyText({ url, adminToken, sources }: Ready): string {
  return [
    `Firebreak is ready at ${url} (docs: ${url}/docs).`,
    ...(adminToken === null
      ? []
      : [
          'These tokens are shown only now:',
          `  admin (cannot approve): ${adminToken}`,
          ...sources.map(({ name, kind, token }) => `  source ${name} (${kind}): ${token}`),
        ]),
    'Ctrl-C stops it.',
  ].join('\n');
}

/** Runs until Ctrl-C or until something fails that cannot be healed. */
async function start(session: Session, args: Arguments): Promise<number> {
  const { start: startFirebreak } = await import('../app/start.ts');
  const { interrupted } = session.surroundings;
  const failed = new AbortController();
  const port = numberOption(args, 'port', { min: 0, max: PORT_MAX });
  const host = option(args, 'host');
  const dataDir = option(args, 'dataDir');
  const config = option(args, 'config');
  const credentials = optionList(args, 'credential').map((one) =>
    choice(one, CREDENTIALS, 'credential'),
  );
  session.progress('Starting …');
  const running = await startFirebreak({
    role: choice(option(args, 'role') ?? 'all', ROLES, 'role'),
    ...(credentials.length === 0 ? {} : { credentials }),
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(config === undefined ? {} : { config }),
    onFailure: (error) => {
      failed.abort(error);
    },
  });
  try {
    const { url, adminToken, sources } = running;
    const ready: Ready = { url, adminToken, sources };
    session.result({ ready: true, ...ready }, () => readyText(ready));
    const ended = AbortSignal.any([interrupted, failed.signal]);
    const stopListening = reloadOnHangup(process, running, (line) => {
      session.progress(line);
    });
    try {
      if (!ended.aborted) await once(ended, 'abort');
    } finally {
      stopListening();
    }
  } finally {
    session.progress('Stopping …');
    await running.stop();
  }
  failed.signal.throwIfAborted();
  return EXIT.ok;
}

/** `firebreak start`: on embedded defaults, or on what the environment names. */
export function registerStart({ program, run }: Registrar): void {
  run(
    program
      .command('start')
      .description('run Firebreak on embedded defaults, or on what the environment names')
      .option('--role <role>', ROLES.join(', '))
      .option(
        '--credential <name>',
        `a credential that this worker has: ${CREDENTIALS.join(', ')}; repeatable (all of them)`,
        collect,
      )
      .option('--port <port>', 'port of the API (PORT)')
      .option('--host <address>', 'address to listen on (HOST, 127.0.0.1)')
      .option('--data-dir <folder>', 'where everything is kept (FIREBREAK_DATA_DIR)')
      .option('--config <file>', 'configuration file (FIREBREAK_CONFIG)'),
    start,
  );
}
