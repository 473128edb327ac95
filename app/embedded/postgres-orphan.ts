import { createHash } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endProcess, findProcesses, isRunning, type ProcessIdentity } from './process-identity.ts';

/** What `postmaster.pid` says. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** A live server of an earlier process of ours. */
export interface Orphan {
  readonly identity: ProcessIdentity;
  readonly port: number;
}

/** A server that starts or stops just now answers, or is gone, within this time. */
const SETTLE_MS = 20_000;
const SETTLE_POLL_MS = 100;
const END_GRACE_MS = 10_000;

/** Reads `postmaster.pid` of a data folder; null when there is none, or it is half written. */
export function readPostmaster(folder: string): Postmaster | null {
  let lines: readonly string[];
  try {
    lines = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  const port = Number(lines[3] ?? '0');
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return { pid, port, ready: (lines[7] ?? '').trim() === 'ready' };
}

/**
 * The mark that every process of the cluster in `folder` carries in its command line or title, by
 * way of `cluster_name`.
 */
export function clusterMark(folder: string): string {
  return `firebreak-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
}

function processesOf(folder: string): readonly ProcessIdentity[] {
  const mark = clusterMark(folder);
  return findProcesses((command) => /^(\S*\/)?postgres:? /.test(command) && command.includes(mark));
}

/** True when the system has a process of that number, be it dead and unreaped or a stranger. */
function numberIsTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function moveStaleFile(folder: string, log: (line: string) => void): void {
  try {
    renameSync(join(folder, 'postmaster.pid'), join(folder, 'postmaster.pid.stale'));
    log('Postgres: a stale postmaster.pid was moved aside');
  } catch {
    // Already gone.
  }
}

async function settle(
  identity: ProcessIdentity,
  input: { readonly folder: string; readonly serves: (port: number) => Promise<boolean> },
): Promise<Orphan | null> {
  const deadline = Date.now() + SETTLE_MS;
  while (isRunning(identity) && Date.now() < deadline) {
    const port = readPostmaster(input.folder)?.port ?? 0;
    if (port > 0 && (await input.serves(port)) && isRunning(identity)) return { identity, port };
    await sleep(SETTLE_POLL_MS);
  }
  return null;
}

/**
 * Makes the folder startable: returns the live server that already serves it, or ends what is in the
 * way. Covered are a server that starts or stops right now, one that answers nobody, a stale
 * `postmaster.pid` whose number now belongs to a stranger or to a dead, unreaped process, and
 * backends that outlived their postmaster.
 */
export async function clearTheWay(input: {
  readonly folder: string;
  readonly log: (line: string) => void;
  readonly serves: (port: number) => Promise<boolean>;
}): Promise<Orphan | null> {
  const recorded = readPostmaster(input.folder);
  const postmaster = processesOf(input.folder).find(({ pid }) => pid === recorded?.pid);
  if (postmaster !== undefined) {
    const orphan = await settle(postmaster, input);
    if (orphan !== null) return orphan;
    if (isRunning(postmaster)) {
      input.log(`Postgres: process ${postmaster.pid.toString()} answers nobody and is ended`);
      await endProcess(postmaster, { signal: 'SIGQUIT', graceMs: END_GRACE_MS });
    }
  }
  for (const survivor of processesOf(input.folder)) {
    input.log(`Postgres: backend ${survivor.pid.toString()} outlived its server and is ended`);
    await endProcess(survivor, { signal: 'SIGQUIT', graceMs: END_GRACE_MS });
  }
  const left = readPostmaster(input.folder);
  // Postgres forgives a file that names nobody; it refuses one whose number is taken.
  if (left !== null && numberIsTaken(left.pid)) moveStaleFile(input.folder, input.log);
  return null;
}
