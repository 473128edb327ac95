import { execFile, type ExecFileException } from 'node:child_process';
import { isAbsolute, resolve, sep } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';

/** How long a credential command may take before it is ended. */
const COMMAND_WITHIN_MS = 15_000;
/** Bytes that a command may print. */
const OUTPUT_MAX = 1024 * 1024;
/** A credential is not used in its last moments, in which it may expire on the way. */
const MARGIN_MS = 5_000;

/** The `exec` section of a kubeconfig's user. */
export const commandSection = z.looseObject({
  apiVersion: z.string().nullish(),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.looseObject({ name: z.string(), value: z.string() })).nullish(),
});
type CommandSection = z.infer<typeof commandSection>;

const execCredential = z.looseObject({
  kind: z.literal('ExecCredential'),
  status: z.looseObject({
    token: z.string().min(1).nullish(),
    clientCertificateData: z.string().min(1).nullish(),
    clientKeyData: z.string().min(1).nullish(),
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
  }),
});

/** What a command said: a token, a client certificate, or both. */
export type CommandCredential = z.infer<typeof execCredential>['status'];

/** The error of a command that gave nothing; what it prints may hold a credential and is not kept. */
function failed(section: CommandSection, why: string): AppError {
  const message = `The credential command ${section.command} ${why}.`;
  return new AppError('unauthorized', message, { permission: 'a valid credential' });
}

/** A command with a folder in it is relative to the kubeconfig; a bare name is looked up, as kubectl does. */
function commandOf(section: CommandSection, folder: string): string {
  const { command } = section;
  const hasFolder = command.includes('/') || command.includes(sep);
  return hasFolder && !isAbsolute(command) ? resolve(folder, command) : command;
}

function environmentOf(section: CommandSection): NodeJS.ProcessEnv {
  const request = {
    kind: 'ExecCredential',
    apiVersion: section.apiVersion ?? 'client.authentication.k8s.io/v1',
    spec: { interactive: false },
  };
  const own = (section.env ?? []).map(({ name, value }): [string, string] => [name, value]);
  return {
    // eslint-disable-next-line no-restricted-properties -- a command is run as kubectl runs it: with ours and its own.
    ...process.env,
    KUBERNETES_EXEC_INFO: JSON.stringify(request),
    ...Object.fromEntries(own),
  };
}

/** Why a run gave nothing. One that printed too much is ended as well, so its code is asked first. */
function reasonOf(error: ExecFileException): string {
  const code = String(error.code ?? 'unknown');
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed too much';
  return error.killed === true ? 'did not end in time' : `cannot be run or failed (${code})`;
}

function run(section: CommandSection, folder: string): Promise<string> {
  return new Promise((fulfil, reject) => {
    const child = execFile(
      commandOf(section, folder),
      [...(section.args ?? [])],
      {
        env: environmentOf(section),
        timeout: COMMAND_WITHIN_MS,
        killSignal: 'SIGKILL',
        maxBuffer: OUTPUT_MAX,
      },
      (error, output) => {
        if (error === null) fulfil(output);
        else reject(failed(section, reasonOf(error)));
      },
    );
    // Nobody is there to answer a question.
    child.stdin?.end();
  });
}

async function ask(section: CommandSection, folder: string): Promise<CommandCredential> {
  const output = await run(section, folder);
  try {
    return execCredential.parse(JSON.parse(output)).status;
  } catch {
    throw failed(section, 'answered something else than an ExecCredential');
  }
}

function isFresh(credential: CommandCredential): boolean {
  const { expirationTimestamp } = credential;
  if (expirationTimestamp === undefined || expirationTimestamp === null) return false;
  return Date.parse(expirationTimestamp) - MARGIN_MS > Date.now();
}

/**
 * Asks a credential command (client-go's `exec`), and again when its credential is about to expire; one that names no
 * expiry is asked before each request. Requests at the same time share an answer. Raises `unauthorized`.
 */
export function createCredentialCommand(
  section: CommandSection,
  folder: string,
): () => Promise<CommandCredential> {
  let kept: CommandCredential | undefined;
  let asking: Promise<CommandCredential> | undefined;
  const renew = async (): Promise<CommandCredential> => {
    try {
      kept = await ask(section, folder);
      return kept;
    } finally {
      asking = undefined;
    }
  };
  return () => {
    if (kept !== undefined && isFresh(kept)) return Promise.resolve(kept);
    asking ??= renew();
    return asking;
  };
}
