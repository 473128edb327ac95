import { types } from 'node:util';
import { Command, CommanderError } from 'commander';
import { registerAlert } from './alert.ts';
import { registerApproval } from './approval.ts';
import { registerBreakGlass } from './break-glass.ts';
import { registerConfig } from './config.ts';
import { registerDeploy } from './deploy.ts';
import { registerDoctor } from './doctor.ts';
import { registerEvidence } from './evidence.ts';
import { registerExplain } from './explain.ts';
import { describeFailure, EXIT, failureText } from './failure.ts';
import { registerHalt } from './halt.ts';
import { registerIncident } from './incident.ts';
import { registerInit } from './init.ts';
import { registerLegalHold } from './legal-hold.ts';
import { registerLineage } from './lineage.ts';
import { registerMigrate } from './migrate.ts';
import { registerPeople } from './people.ts';
import { registerTokens } from './tokens.ts';
import { registerPlaybook } from './playbook.ts';
import { registerSync } from './sync.ts';
import { registerPostmortem } from './postmortem.ts';
import { registerDemo } from './run-demo.ts';
import type { Registrar } from './registrar.ts';
import { registerOnCall } from './on-call.ts';
import { registerSelfWatch } from './self-watch.ts';
import { registerSilence } from './silence.ts';
import { registerRoutes } from './routes.ts';
import { createSession, globalOptions, type Surroundings } from './session.ts';
import { registerStart } from './start.ts';
import { registerUpdates } from './updates.ts';

/** One group a line. */
const GROUPS: readonly ((registrar: Registrar) => void)[] = [
  registerDemo,
  registerInit,
  registerStart,
  registerDoctor,
  registerMigrate,
  registerDeploy,
  registerHalt,
  registerLegalHold,
  registerUpdates,
  registerIncident,
  registerApproval,
  registerBreakGlass,
  registerPlaybook,
  registerExplain,
  registerRoutes,
  registerAlert,
  registerLineage,
  registerSync,
  registerEvidence,
  registerPostmortem,
  registerSilence,
  registerSelfWatch,
  registerOnCall,
  registerPeople,
  registerTokens,
  registerConfig,
];

function createProgram(version: string, surroundings: Surroundings): Command {
  return new Command('firebreak')
    .description('Durable incident response for AI systems.')
    .version(version)
    .option('--json', 'print one JSON document on standard output')
    .option('--no-color', 'print without colours (also NO_COLOR)')
    .option('--quiet', 'print no progress')
    .option('--debug', 'print where an error came from')
    .option('--url <url>', 'server to talk to (FIREBREAK_URL)')
    .option('--token <token>', 'your token (FIREBREAK_TOKEN, FIREBREAK_TOKEN_FILE)')
    .showHelpAfterError('Run it with --help to see how it is used.')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 usage or configuration, 3 refused, 4 unreachable, 130 interrupted.',
    )
    .configureOutput({
      writeOut: surroundings.write,
      writeErr: () => undefined,
    })
    .exitOverride();
}

/** Runs the program with its arguments (without node and script) and answers the exit code. Never raises. */
export async function runProgram(
  args: readonly string[],
  version: string,
  surroundings: Surroundings,
): Promise<number> {
  const program = createProgram(version, surroundings);
  let exitCode: number = EXIT.ok;
  const run: Registrar['run'] = (command, action) => {
    command.action(async () => {
      const session = createSession(globalOptions(command), surroundings);
      exitCode =
        (await action(session, { positional: command.args, options: command.opts() })) ?? EXIT.ok;
    });
  };
  for (const register of GROUPS) register({ program, run });
  const { default: tab } = await import('@bomb.sh/tab/commander');
  tab(program, { completionCommandName: 'completion' });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    return fail(error, args, surroundings);
  }
}

function fail(error: unknown, args: readonly string[], surroundings: Surroundings): number {
  const failure = describeFailure(error, surroundings.interrupted.aborted);
  if (failure === null) return EXIT.ok;
  if (args.includes('--json')) surroundings.write(`${JSON.stringify(failure.document)}\n`);
  const hint = error instanceof CommanderError ? '\n  fix: add --help to see how it is used.' : '';
  surroundings.tell(`${failureText(failure)}${hint}\n`);
  if (args.includes('--debug') && types.isNativeError(error))
    surroundings.tell(`${stackOf(error)}\n`);
  return failure.exitCode;
}

/** The stack of an error and of what caused it, at most five deep. */
function stackOf(error: Error, depth = 0): string {
  const own = error.stack ?? error.message;
  return types.isNativeError(error.cause) && depth < 5
    ? `${own}\ncaused by: ${stackOf(error.cause, depth + 1)}`
    : own;
}
