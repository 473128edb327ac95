import { randomUUID } from 'node:crypto';
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { isRunning, processIdentity } from './process-identity.ts';

const contentSchema = z.object({
  state: z.enum(['held', 'released']),
  pid: z.number().int(),
  startedAt: z.string(),
});
type Content = z.infer<typeof contentSchema>;

/** The right to run servers on a data folder. */
export interface DataFolderLock {
  /** Who holds it, as a word that a watchdog can compare. */
  readonly owner: string;
  /** File that names the present holder; the watchdog of a server reads it before it stops the server. */
  readonly ownerFile: string;
  release(): void;
}

const NAME = /^lock\.(\d+)$/;
const ATTEMPTS_MAX = 20;

function latest(folder: string): number {
  const numbers = readdirSync(folder).map((name) => Number(NAME.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

function read(path: string): Content | null {
  try {
    return contentSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}

function write(path: string, content: Content, how: 'create' | 'replace'): boolean {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  if (how === 'replace') {
    renameSync(draft, path);
    return true;
  }
  try {
    linkSync(draft, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

function removeOlder(folder: string, number: number): void {
  for (const name of readdirSync(folder)) {
    const found = NAME.exec(name)?.[1];
    if (found !== undefined && Number(found) < number) rmSync(join(folder, name), { force: true });
  }
}

function holderOf(folder: string, number: number): Content | null {
  if (number === 0) return null;
  const content = read(join(folder, `lock.${number.toString()}`));
  return content?.state === 'held' && isRunning(content) ? content : null;
}

/**
 * Takes the lock of a data folder, which covers Postgres and Temporal together. A lock whose process
 * is gone is taken over; numbers only grow, so of two processes taking over one wins.
 * Raises `refused`, naming the process, while another one holds it.
 */
export function lockDataFolder(dataDir: string): DataFolderLock {
  const folder = join(dataDir, 'lock');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const self = processIdentity(process.pid);
  if (self === null) throw new AppError('internal', 'This process cannot read its own start time.');
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const number = latest(folder);
    const holder = holderOf(folder, number);
    if (holder !== null) {
      throw new AppError(
        'refused',
        `The data folder ${dataDir} is in use by process ${holder.pid.toString()}. Stop it, or set FIREBREAK_DATA_DIR to another folder.`,
        { details: { pid: holder.pid } },
      );
    }
    const path = join(folder, `lock.${(number + 1).toString()}`);
    if (!write(path, { state: 'held', ...self }, 'create')) continue;
    if (latest(folder) !== number + 1) {
      // Our look was old: others took and gave back the lock since.
      rmSync(path, { force: true });
      continue;
    }
    removeOlder(folder, number + 1);
    return held({ folder, path, self });
  }
  throw new AppError('unavailable', `The lock of ${dataDir} could not be taken.`);
}

function held(input: {
  readonly folder: string;
  readonly path: string;
  readonly self: { readonly pid: number; readonly startedAt: string };
}): DataFolderLock {
  const owner = randomUUID();
  const ownerFile = join(input.folder, 'owner');
  const draft = `${ownerFile}.${owner}`;
  writeFileSync(draft, owner, { mode: 0o600 });
  renameSync(draft, ownerFile);
  return {
    owner,
    ownerFile,
    release: () => {
      if (read(input.path)?.state === 'held') {
        write(input.path, { state: 'released', ...input.self }, 'replace');
      }
    },
  };
}
