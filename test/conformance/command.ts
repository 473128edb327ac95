import { spawn } from 'node:child_process';
import { AppError } from '../../domain/error.ts';

const TAIL_CHARACTERS = 2_000;

/** A program that is run to its end. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to our own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/**
 * Runs a program to its end; answers what it printed. Raises `unavailable` with the end of what it said when it is
 * missing, fails or takes too long.
 */
export async function runCommand(command: Command): Promise<string> {
  const { program, args, cwd, environment = {}, timeoutMs } = command;
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  let printed = '';
  let said = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  child.stderr.on('data', (chunk) => (said = (said + String(chunk)).slice(-TAIL_CHARACTERS)));
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve((code ?? signal ?? 'no code').toString());
    });
  });
  if (end === '0') return printed;
  throw new AppError('unavailable', `${program} ${args[0] ?? ''} ended with ${end}: ${said}`);
}
