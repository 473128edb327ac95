import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in a form only this machine and boot understand. */
  readonly startedAt: string;
}

const PS_TIMEOUT_MS = 2_000;
const PS_ENVIRONMENT = { PATH: '/usr/bin:/bin', LC_ALL: 'C' };
const POLL_MS = 25;

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** The fields of `/proc/<pid>/stat` after the command name, which may itself hold spaces and brackets. */
function statFields(pid: number): readonly string[] | null {
  const stat = readText(`/proc/${pid.toString()}/stat`);
  if (stat === null) return null;
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function startedAtFromProc(pid: number, bootId: string): string | null {
  const fields = statFields(pid);
  if (fields === null) return null;
  const [state] = fields;
  const ticks = fields[19];
  // A zombie holds its number but runs nothing.
  if (state === 'Z' || state === 'X' || ticks === undefined) return null;
  return `${bootId}/${ticks}`;
}

function startedAtFromPs(pid: number): string | null {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', pid.toString()], {
      encoding: 'utf8',
      timeout: PS_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: PS_ENVIRONMENT,
    }).trim();
    return text === '' || text.startsWith('Z') ? null : text.split(/\s+/).slice(1).join(' ');
  } catch {
    return null;
  }
}

/**
 * The identity of a running process, or null when no such process runs (a zombie counts as not running).
 */
export function processIdentity(pid: number): ProcessIdentity | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  const bootId = readText('/proc/sys/kernel/random/boot_id');
  const startedAt = bootId === null ? startedAtFromPs(pid) : startedAtFromProc(pid, bootId.trim());
  return startedAt === null ? null : { pid, startedAt };
}

/** True while exactly this process runs: same number, same start. */
export function isRunning(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startedAt === identity.startedAt;
}

/**
 * Sends a signal to exactly this process. False when it is gone or belongs to somebody else.
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** Waits until the process is gone. False when it still runs after `timeoutMs`. */
export async function waitUntilGone(
  identity: ProcessIdentity,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(identity)) {
    if (Date.now() >= deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * Ends a process: asks with `signal`, waits `graceMs`, then kills. True once it is gone.
 */
export async function endProcess(
  identity: ProcessIdentity,
  options: { readonly signal: NodeJS.Signals; readonly graceMs: number },
): Promise<boolean> {
  if (!signalProcess(identity, options.signal)) return !isRunning(identity);
  if (await waitUntilGone(identity, options.graceMs)) return true;
  signalProcess(identity, 'SIGKILL');
  return waitUntilGone(identity, options.graceMs);
}

/** One running process and its command line, arguments apart by spaces. */
export interface ProcessCommand {
  readonly pid: number;
  readonly command: string;
}

function commandsFromProc(names: readonly string[]): readonly ProcessCommand[] {
  return names
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      command: (readText(`/proc/${name}/cmdline`) ?? '').replaceAll('\0', ' ').trim(),
    }));
}

function commandsFromPs(): readonly ProcessCommand[] {
  const text = execFileSync('ps', ['-axwwo', 'pid=,args='], {
    encoding: 'utf8',
    timeout: PS_TIMEOUT_MS,
    env: PS_ENVIRONMENT,
  });
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ pid: Number(match[1]), command: match[2] ?? '' }];
  });
}

/**
 * The running processes that `matches` accepts. The command line is readable for everybody, unlike
 * the working folder, which in a container not even root may read.
 */
export function findProcesses(matches: (command: string) => boolean): readonly ProcessIdentity[] {
  const commands =
    process.platform === 'linux' ? commandsFromProc(readdirSync('/proc')) : commandsFromPs();
  return commands
    .filter(({ command }) => matches(command))
    .map(({ pid }) => processIdentity(pid))
    .filter((identity) => identity !== null);
}
