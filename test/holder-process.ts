import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const saidSchema = z.object({
  pid: z.number().optional(),
  adopted: z.boolean().optional(),
  url: z.string().optional(),
  address: z.string().optional(),
  locked: z.boolean().optional(),
  error: z.string().optional(),
});

/** A process that holds embedded servers, for tests that kill it. */
export interface Holder {
  readonly process: ChildProcess;
  /** What it said when it was ready, or why it was not. */
  readonly said: z.infer<typeof saidSchema>;
  /** Lets it end in order, and waits for that. */
  end: () => Promise<void>;
  /** Kills it without any chance to clean up, and waits for that. */
  kill: () => Promise<void>;
}

/** Starts `test/holder.ts` and waits for its line. */
export async function startHolder(input: {
  readonly dataDir: string;
  readonly what: 'postgres' | 'temporal' | 'lock';
  readonly graceSeconds?: number;
}): Promise<Holder> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(import.meta.dirname, 'holder.ts'),
      input.dataDir,
      input.what,
      (input.graceSeconds ?? 30).toString(),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const gone = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  return {
    process: child,
    said: saidSchema.parse(JSON.parse(line)),
    end: async () => {
      child.stdin.end();
      await gone;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
