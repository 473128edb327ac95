import type { Command } from 'commander';
import type { ApiClient } from '../api/client.ts';
import type { TerminalOptions } from '../render/terminal.ts';

/** What the program is run in: handed in, so that tests run it without a process. */
export interface Surroundings {
  /** Writes to standard output, which holds results only. */
  readonly write: (text: string) => void;
  /** Writes to standard error: progress, questions, errors. */
  readonly tell: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** True when a person sits at the keyboard and sees what we print. */
  readonly interactive: boolean;
  /** True when standard output shows colours. */
  readonly colors: boolean;
  readonly columns: number;
  /** Asks a question on the terminal. */
  readonly ask: (question: string) => Promise<string>;
  /** Ends with Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly color: boolean;
  readonly debug: boolean;
  readonly quiet: boolean;
  readonly url: string | undefined;
  readonly token: string | undefined;
}

/** One run of one command. */
export interface Session {
  readonly options: GlobalOptions;
  readonly surroundings: Surroundings;
  readonly terminal: TerminalOptions;
  /** A client with the caller's token; loaded on first use. */
  client(): Promise<ApiClient>;
  /** A client with another token, for a source. */
  clientWith(token: string | null): Promise<ApiClient>;
  /** Prints the result: the document with `--json`, else the text. */
  result(document: unknown, text: () => string): void;
  /** One line of progress, unless `--quiet`. */
  progress(line: string): void;
}

const COLUMNS = 100;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The global options of a command, wherever on the line they stood. */
export function globalOptions(command: Command): GlobalOptions {
  const all: Readonly<Record<string, unknown>> = command.optsWithGlobals();
  return {
    json: all['json'] === true,
    color: all['color'] !== false,
    debug: all['debug'] === true,
    quiet: all['quiet'] === true,
    url: textOf(all['url']),
    token: textOf(all['token']),
  };
}

/** Creates the session of one command. */
export function createSession(options: GlobalOptions, surroundings: Surroundings): Session {
  const noColor = (surroundings.environment['NO_COLOR'] ?? '') !== '';
  const color = options.color && !noColor && !options.json && surroundings.colors;
  const create = async (token: string | null | undefined): Promise<ApiClient> => {
    const [{ createClient }, { readClientConfig }] = await Promise.all([
      import('../api/client.ts'),
      import('../app/config.ts'),
    ]);
    const config = readClientConfig({
      flags: { FIREBREAK_URL: options.url, FIREBREAK_TOKEN: token ?? options.token },
      environment: surroundings.environment,
    });
    return createClient({
      url: config.url,
      token: token === null ? null : config.token,
      channel: 'cli',
      signal: surroundings.interrupted,
    });
  };
  return {
    options,
    surroundings,
    terminal: { color, width: surroundings.columns === 0 ? COLUMNS : surroundings.columns },
    client: () => create(undefined),
    clientWith: create,
    result: (document, text) => {
      surroundings.write(`${options.json ? JSON.stringify(document) : text()}\n`);
    },
    progress: (line) => {
      if (!options.quiet) surroundings.tell(`${line}\n`);
    },
  };
}
