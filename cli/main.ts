#!/usr/bin/env node
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline/promises';
import { runProgram } from './program.ts';

/** The version in the nearest package.json: beside cli/ in a checkout, one further up in what is built. */
function versionOf(): string {
  const require = createRequire(import.meta.url);
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const parsed: unknown = require(path);
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) {
        return String(parsed.version);
      }
    } catch {
      // Not here: the other place has it.
    }
  }
  return 'unknown';
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first one ends the command in order, the second one at once.
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort();
  });
}
// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', () => {
  process.exit(0);
});

process.exitCode = await runProgram(process.argv.slice(2), versionOf(), {
  write: (text) => process.stdout.write(text),
  tell: (text) => process.stderr.write(text),
  environment: process.env,
  interactive: process.stdin.isTTY && process.stderr.isTTY && (process.env['CI'] ?? '') === '',
  colors: process.stdout.isTTY,
  columns: process.stdout.isTTY ? process.stdout.columns : 0,
  ask,
  interrupted: interruption.signal,
});
