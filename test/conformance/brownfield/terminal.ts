import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, invariant } from '../../../domain/error.ts';
import { tell } from '../cached.ts';

/** What programs need to run; nothing that names a system. */
const KEPT = [
  ...['PATH', 'HOME', 'XDG_CACHE_HOME', 'TEMPORAL_CLI_PATH', 'NODE_EXTRA_CA_CERTS'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];
const LINE_WITHIN_MS = 600_000;
const READY_WITHIN_MS = 120_000;
const LOOK_MS = 100;

/** One thing that was done at the keyboard. */
export interface Typed {
  /** What was typed. */
  readonly line: string;
  /** Seconds since the session began at which its output was there. */
  readonly atSeconds: number;
  readonly output: string;
}

/** A newcomer at a terminal, in a folder: types lines, reads what they say, edits a file. */
export interface Terminal {
  readonly typed: readonly Typed[];
  /** Variables that were exported. */
  readonly exported: Map<string, string>;
  /** Where lines run from now on. */
  enter(folder: string): void;
  /** Something done that is no program of ours, with what it led to. */
  note(line: string, output: string): void;
  /** Runs a line to its end; answers all that it printed. Raises `unavailable` unless it ends as expected. */
  run(line: string, expected?: number): Promise<string>;
  /** Runs a line that goes on, until it printed something; answers what. Raises `unavailable`. */
  start(line: string, ready: RegExp): Promise<string>;
  /** Replaces parts of a file, each of which must be there, and notes the lines that changed. */
  edit(file: string, pairs: readonly (readonly [string | RegExp, string])[]): Promise<void>;
  /** Ends what `start` began, as Ctrl-C does. */
  stop(): Promise<void>;
}

interface Running {
  readonly child: ChildProcess;
  readonly printed: () => string;
}

/** The lines of one change, each with its mark: what is left when beginning and end are the same. */
function changedLines(before: string, after: string): readonly string[] {
  const [old, young] = [before.split('\n'), after.split('\n')];
  while (old.length > 0 && old[0] === young[0]) {
    old.shift();
    young.shift();
  }
  while (old.length > 0 && old.at(-1) === young.at(-1)) {
    old.pop();
    young.pop();
  }
  return [...old.map((line) => `- ${line.trim()}`), ...young.map((line) => `+ ${line.trim()}`)];
}

/** True while the process has not ended. */
function goesOn({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function untilPrinted({ child, printed }: Running, ready: RegExp): Promise<string> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    if (ready.test(printed())) return printed();
    if (!goesOn(child)) break;
    await sleep(LOOK_MS);
  }
  throw new AppError('unavailable', `The program did not become ready: ${printed()}`);
}

function keptEnvironment(): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(KEPT.map((name) => [name, process.env[name]]));
}

/** Opens a session in a folder. */
export function openTerminal(folder: string): Terminal {
  const began = performance.now();
  const typed: Typed[] = [];
  const exported = new Map<string, string>();
  let place = folder;
  let running: Running | undefined;
  const launch = (line: string, timeout?: number): Running => {
    const child = spawn('sh', ['-c', line], {
      cwd: place,
      env: { ...keptEnvironment(), ...Object.fromEntries(exported) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(timeout === undefined ? {} : { timeout }),
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    child.stderr.on('data', (chunk) => (text += String(chunk)));
    return { child, printed: () => text };
  };
  const note = (line: string, output: string): void => {
    const atSeconds = Math.round((performance.now() - began) / 1000);
    typed.push({ line, atSeconds, output: output.trimEnd() });
    tell(`[${atSeconds.toString()} s] ${line}`);
  };
  return {
    typed,
    exported,
    enter: (next) => {
      place = next;
    },
    note,
    run: async (line, expected = 0) => {
      const { child, printed } = launch(line, LINE_WITHIN_MS);
      const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
      note(line, printed());
      if (code === expected) return printed();
      throw new AppError('unavailable', `${line}: ended with ${String(code)}\n${printed()}`);
    },
    start: async (line, ready) => {
      invariant(running === undefined, 'one program goes on at a time');
      running = launch(line);
      const printed = await untilPrinted(running, ready);
      note(line, printed);
      return printed;
    },
    edit: async (file, pairs) => {
      const path = join(place, file);
      const lines: string[] = [];
      let text = await readFile(path, 'utf8');
      for (const [from, to] of pairs) {
        const changed = text.replace(from, to);
        if (changed === text) {
          throw new AppError('unavailable', `${file} has no ${String(from)}:\n${text}`);
        }
        lines.push(...changedLines(text, changed));
        text = changed;
      }
      await writeFile(path, text);
      note(`$EDITOR ${file}`, lines.join('\n'));
    },
    stop: async () => {
      const child = running?.child;
      running = undefined;
      if (child?.pid === undefined || !goesOn(child)) return;
      const gone = once(child, 'close');
      process.kill(-child.pid, 'SIGINT');
      await gone;
    },
  };
}
