import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  createReadStream,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';

const run = promisify(execFile);

/** The version that the set-up fetches. */
export const TEMPORAL_CLI_VERSION = '1.9.1';
/** The version of the time-skipping server that the set-up fetches. */
export const TEMPORAL_TEST_SERVER_VERSION = '1.40.0';
/** Older ones lack server features that the engine uses. */
const CLI_VERSION_MIN = [1, 5, 1] as const;
const VERSION_TIMEOUT_MS = 10_000;
/** The vendor's documented address. */
const CLI_ARCHIVE = `https://temporal.download/cli/archive/v${TEMPORAL_CLI_VERSION}?platform=${process.platform}&arch=${process.arch === 'x64' ? 'amd64' : process.arch}`;

const recordSchema = z.object({
  sha256: z.string().length(64),
  size: z.number(),
  mtimeMs: z.number(),
  ctimeMs: z.number(),
  ino: z.number(),
});

/** A usable Temporal CLI and where it came from. */
export interface TemporalCli {
  readonly path: string;
  readonly version: string;
  readonly source: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache';
}

/** Where to look. */
export interface TemporalCliPlaces {
  /** Value of TEMPORAL_CLI_PATH, null when unset. */
  readonly cliPath: string | null;
  /** Value of PATH. */
  readonly searchPath: string;
  readonly cacheDir: string;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The version a CLI reports, as `1.9.1`. Raises `unsupported` when it is too old or tells none. */
export async function temporalCliVersion(path: string): Promise<string> {
  let text: string;
  try {
    const { stdout } = await run(path, ['--version'], { timeout: VERSION_TIMEOUT_MS, env: {} });
    text = stdout;
  } catch (error) {
    throw new AppError('unsupported', `${path} does not run.`, { cause: error });
  }
  const match = /^temporal version (\d+)\.(\d+)\.(\d+)/.exec(text);
  if (match === null) throw new AppError('unsupported', `${path} is not a Temporal CLI.`);
  const found = match.slice(1, 4).map(Number);
  const version = found.join('.');
  for (const [index, wanted] of CLI_VERSION_MIN.entries()) {
    const part = found[index] ?? 0;
    if (part > wanted) break;
    if (part < wanted) {
      const least = CLI_VERSION_MIN.join('.');
      throw new AppError(
        'unsupported',
        `${path} is version ${version}; ${least} or newer is needed.`,
      );
    }
  }
  return version;
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * The program of our cache, verified: its digest is the one recorded when it was unpacked. The file
 * is read again whenever its size, inode or times differ from the record. Null when it is not there;
 * raises `refused` when it was changed.
 */
export async function cachedProgram(options: {
  readonly cacheDir: string;
  readonly folder: string;
  readonly name: string;
}): Promise<string | null> {
  const path = join(options.cacheDir, options.folder, options.name);
  const recordPath = join(dirname(path), 'record.json');
  if (!isExecutable(path)) return null;
  let record: z.infer<typeof recordSchema>;
  try {
    record = recordSchema.parse(JSON.parse(readFileSync(recordPath, 'utf8')));
  } catch {
    return null;
  }
  const { size, mtimeMs, ctimeMs, ino } = statSync(path);
  const seen = { size, mtimeMs, ctimeMs, ino };
  if (
    Object.entries(seen).every(([key, value]) => new Map(Object.entries(record)).get(key) === value)
  )
    return path;
  if ((await sha256OfFile(path)) !== record.sha256) {
    throw new AppError(
      'refused',
      `${path} is not what was unpacked. Remove ${dirname(path)} and set up again.`,
    );
  }
  try {
    const draft = `${recordPath}.${process.pid.toString()}`;
    writeFileSync(draft, JSON.stringify({ sha256: record.sha256, ...seen }));
    renameSync(draft, recordPath);
  } catch {
    // A cache that may not be written to only costs the digest each time.
  }
  return path;
}

function onSearchPath(searchPath: string, name: string): string | null {
  for (const folder of searchPath.split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && isAbsolute(folder) && isExecutable(path)) return path;
  }
  return null;
}

/**
 * The Temporal CLI to use: TEMPORAL_CLI_PATH, then PATH, then the cache that the set-up fills.
 * Raises `unavailable` with every place looked at and the fix when none works.
 */
export async function findTemporalCli(places: TemporalCliPlaces): Promise<TemporalCli> {
  const attempts: string[] = [];
  const candidates: readonly (readonly [TemporalCli['source'], () => Promise<string | null>])[] = [
    ['TEMPORAL_CLI_PATH', () => Promise.resolve(places.cliPath)],
    ['PATH', () => Promise.resolve(onSearchPath(places.searchPath, 'temporal'))],
    [
      'cache',
      () =>
        cachedProgram({
          cacheDir: places.cacheDir,
          folder: `temporal-cli-${TEMPORAL_CLI_VERSION}`,
          name: 'temporal',
        }),
    ],
  ];
  for (const [source, locate] of candidates) {
    try {
      const path = await locate();
      if (path === null) {
        attempts.push(`  ${source}: ${source === 'TEMPORAL_CLI_PATH' ? 'not set' : 'not found'}`);
        continue;
      }
      // Ours is pinned by digest; asking it for its version would cost a tenth of a second.
      const version = source === 'cache' ? TEMPORAL_CLI_VERSION : await temporalCliVersion(path);
      return { path, version, source };
    } catch (error) {
      attempts.push(`  ${source}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new AppError(
    'unavailable',
    [
      'No Temporal CLI was found.',
      ...attempts,
      `Fix: unpack ${CLI_ARCHIVE} so that \`temporal\` is on PATH, or set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a running server. In a checkout \`node scripts/setup.mjs --temporal\` fetches it.`,
    ].join('\n'),
    { details: { attempts } },
  );
}

/**
 * The time-skipping test server: TEMPORAL_TEST_SERVER_PATH, then PATH, then the cache; null when
 * there is none. Raises `refused` when the cached one was changed.
 */
export async function findTemporalTestServer(places: {
  readonly serverPath: string | null;
  readonly searchPath: string;
  readonly cacheDir: string;
}): Promise<string | null> {
  if (places.serverPath !== null && isExecutable(places.serverPath)) return places.serverPath;
  const name = 'temporal-test-server';
  const folder = `${name}-${TEMPORAL_TEST_SERVER_VERSION}`;
  return (
    onSearchPath(places.searchPath, name) ??
    cachedProgram({ cacheDir: places.cacheDir, folder, name })
  );
}
