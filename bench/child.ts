import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { z } from 'zod';

/** A program of the benchmark in a process of its own; it ends when its standard input closes. */
export interface Child {
  readonly pid: number;
  /** The next line that it says, parsed. Raises when it ended instead. */
  said<T>(schema: z.ZodType<T>): Promise<T>;
  ask(question: unknown): void;
  stop(): Promise<void>;
}

/** Where a program runs. */
export interface ChildPlace {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Open file that takes its standard error; ours by default. */
  readonly log?: number;
}

/** Starts a program. */
export function startChild(argv: readonly string[], options: ChildPlace): Child {
  const [program = process.execPath, ...rest] = argv;
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', options.log ?? 'inherit'],
  });
  const gone = once(child, 'exit');
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('A child without pipes.');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  stdin.on('error', () => undefined);
  return {
    pid: child.pid ?? 0,
    said: async (schema) => {
      const line = await lines.next();
      if (line.done === true) throw new Error(`${rest.join(' ')} ended before it answered.`);
      return schema.parse(JSON.parse(line.value));
    },
    ask: (question) => {
      stdin.write(`${JSON.stringify(question)}\n`);
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) stdin.end();
      await gone;
    },
  };
}

/** The command line of a TypeScript program of this checkout, from whatever folder. */
export function sourceProgram(file: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, '--import', import.meta.resolve('tsx'), file, ...args];
}
