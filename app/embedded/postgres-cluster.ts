import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { canReach, type ServerAccount } from './account.ts';

const run = promisify(execFile);

/** Name of the superuser of an embedded cluster. */
export const ADMIN_ROLE = 'firebreak_admin';
/** Where clusters live when root's own data folder is closed to the account Postgres runs under. */
const SHARED_ROOT = '/var/lib/firebreak';
const INITDB_TIMEOUT_MS = 120_000;
const RECORD = 'firebreak.json';

const recordSchema = z.object({ password: z.string().min(1), port: z.number().int().min(0) });

/** A cluster on disk: where it is and how its superuser gets in. */
export interface Cluster {
  readonly folder: string;
  readonly password: string;
  /** Port of the last run, 0 before the first. */
  readonly port: number;
}

function own(path: string, account: ServerAccount | null): void {
  if (account !== null) chownSync(path, account.uid, account.gid);
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** The folder in which `postgres` and its drafts stand; reachable by the account. */
function homeOf(dataDir: string, account: ServerAccount | null): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (account === null) return dataDir;
  if (canReach(account, dataDir)) {
    // Others may pass through, not list; the files inside are closed one by one.
    chmodSync(dataDir, 0o711);
    return dataDir;
  }
  const digest = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16);
  const home = join(SHARED_ROOT, digest);
  mkdirSync(home, { recursive: true, mode: 0o711 });
  return home;
}

function isComplete(folder: string): boolean {
  return ['PG_VERSION', 'global/pg_control', RECORD].every((name) =>
    existsSync(join(folder, name)),
  );
}

/** Moves what an interrupted set-up left out of the way; nothing is deleted. */
function setAside(path: string, log: (line: string) => void): void {
  if (!existsSync(path)) return;
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const target = `${path}.set-aside-${stamp}`;
  renameSync(path, target);
  log(`Postgres: an unfinished data folder was set aside as ${target}`);
}

async function initialise(input: {
  readonly draft: string;
  readonly bin: string;
  readonly account: ServerAccount | null;
  readonly template: string | null;
}): Promise<void> {
  const { draft, account } = input;
  mkdirSync(draft, { mode: 0o700 });
  own(draft, account);
  const password = randomBytes(24).toString('base64url');
  const passwordFile = `${draft}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  own(passwordFile, account);
  try {
    await run(
      join(input.bin, 'initdb'),
      [
        `--pgdata=${draft}`,
        `--username=${ADMIN_ROLE}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        ...(input.template === null ? [] : ['--no-sync']),
      ],
      {
        timeout: INITDB_TIMEOUT_MS,
        cwd: '/',
        env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
        ...(account ?? {}),
      },
    );
  } catch (error) {
    throw new AppError('unavailable', `initdb failed: ${lastLines(error)}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  const record = join(draft, RECORD);
  writeFileSync(record, JSON.stringify({ password, port: 0 }), { mode: 0o600 });
  own(record, account);
}

function lastLines(error: unknown): string {
  const parsed = z.object({ stderr: z.string() }).safeParse(error);
  const text = parsed.success ? parsed.data.stderr : String(error);
  return text.trim().split('\n').slice(-3).join(' ').slice(0, 500);
}

async function copyCluster(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to], { timeout: INITDB_TIMEOUT_MS });
}

/** Makes the cluster in `draft`. Copying takes a tenth of a second, `initdb` one or more. */
async function createCluster(input: {
  readonly draft: string;
  readonly bin: string;
  readonly account: ServerAccount | null;
  readonly template: string | null;
}): Promise<void> {
  const { draft, template } = input;
  if (template === null) {
    await initialise(input);
    return;
  }
  if (isComplete(template)) {
    await copyCluster(template, draft);
    return;
  }
  await initialise(input);
  const copy = `${template}.${randomUUID()}`;
  mkdirSync(dirname(template), { recursive: true });
  await copyCluster(draft, copy);
  try {
    renameSync(copy, template);
  } catch {
    // Another run was faster; one template is enough.
    rmSync(copy, { recursive: true, force: true });
  }
}

/**
 * Opens the cluster of a data folder, creating it with a random password on first use. An
 * unfinished one is set aside. Raises `unavailable` when initdb fails.
 */
export async function openCluster(options: {
  readonly dataDir: string;
  readonly bin: string;
  readonly account: ServerAccount | null;
  /** Throw-away clusters are copies of the one kept here, made on first use; null for real data. */
  readonly template: string | null;
  readonly log: (line: string) => void;
}): Promise<Cluster> {
  const { dataDir, account, log } = options;
  const named = join(dataDir, 'postgres');
  const folder = isLink(named) ? readTarget(named) : join(homeOf(dataDir, account), 'postgres');
  const draft = `${folder}.initdb`;
  setAside(draft, log);
  if (!isComplete(folder)) {
    setAside(folder, log);
    await createCluster({ draft, bin: options.bin, account, template: options.template });
    renameSync(draft, folder);
  }
  if (folder !== named && !existsSync(named)) {
    rmSync(named, { force: true });
    symlinkSync(folder, named);
  }
  const { password, port } = recordSchema.parse(
    JSON.parse(readFileSync(join(folder, RECORD), 'utf8')),
  );
  return { folder: realpathSync(folder), password, port };
}

function readTarget(link: string): string {
  try {
    return realpathSync(link);
  } catch (error) {
    throw new AppError(
      'not_found',
      `${link} points to a Postgres data folder that is gone. Restore it, or remove the link to begin an empty one.`,
      { cause: error },
    );
  }
}

/** Remembers the port, so that the next start takes the same one when it is free. */
export function recordPort(cluster: Cluster, port: number, account: ServerAccount | null): void {
  const path = join(cluster.folder, RECORD);
  const draft = `${path}.draft`;
  writeFileSync(draft, JSON.stringify({ password: cluster.password, port }), { mode: 0o600 });
  own(draft, account);
  renameSync(draft, path);
}
