// Makes a checkout ready to run: `node scripts/setup.mjs [--temporal] [--test-server]`.
// Node built-ins only, because nothing is installed yet. Says nothing when nothing is to do.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MIN = [20, 19];
const OTHER_SETUP_WAIT_MS = 600_000;
const OTHER_SETUP_POLL_MS = 500;
const TAIL_MAX = 64 * 1024;
const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/;

/** A failure that the user can mend: a sentence, and the exit code (2 configuration, 4 unreachable). */
class SetupError extends Error {
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

function log(line) {
  process.stderr.write(`setup: ${line}\n`);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  throw new SetupError(
    `Node ${NODE_MIN.join('.')} or newer is needed; this is ${process.versions.node} at ${process.execPath}.`,
    2,
  );
}

function stampFile() {
  return join(ROOT, 'node_modules', '.firebreak-stamp');
}

/** What the installed packages depend on. */
function wantedStamp() {
  let lock;
  try {
    lock = readFileSync(join(ROOT, 'package-lock.json'));
  } catch {
    throw new SetupError(`package-lock.json is missing in ${ROOT}.`, 2);
  }
  const digest = createHash('sha256').update(lock).digest('hex');
  return `${digest} node-${process.versions.node.split('.')[0]} ${process.platform}-${process.arch}\n`;
}

function isInstalled() {
  try {
    return readFileSync(stampFile(), 'utf8') === wantedStamp();
  } catch (error) {
    if (error instanceof SetupError) throw error;
    return false;
  }
}

/** npm's own script, so that the npm of this Node runs whatever `npm` on PATH is. */
function npmScript() {
  const given = process.env.npm_execpath ?? '';
  if (basename(given).startsWith('npm') && existsSync(given)) return given;
  const bin = dirname(process.execPath);
  const beside = ['../lib/node_modules', 'node_modules'].map((folder) =>
    join(bin, folder, 'npm/bin/npm-cli.js'),
  );
  const found = beside.find((path) => existsSync(path));
  if (found === undefined)
    throw new SetupError('npm was not found. Run this by `npm run` or `npm test`.', 2);
  return found;
}

function npmCi() {
  return new Promise((resolve, reject) => {
    const args = [
      npmScript(),
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--no-audit',
      '--no-fund',
    ];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    const pass = (chunk) => {
      tail = (tail + String(chunk)).slice(-TAIL_MAX);
      process.stderr.write(chunk);
    };
    child.stdout.on('data', pass);
    child.stderr.on('data', pass);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else if (UNREACHABLE.test(tail)) {
        reject(
          new SetupError(
            'The packages could not be fetched: npm reached no registry. Check the network, a proxy (HTTPS_PROXY) or the npm configuration, and run this again.',
            4,
          ),
        );
      } else reject(new SetupError(`npm ci ended with ${code}; its message stands above.`, 2));
    });
  });
}

/** Waits while another set-up installs; then it may be done already. */
async function takeInstallLock({ installer, lockInstall }) {
  const deadline = Date.now() + OTHER_SETUP_WAIT_MS;
  let told = false;
  for (;;) {
    const release = lockInstall(ROOT);
    if (release !== null) return release;
    const other = installer(ROOT);
    if (other !== null && Date.now() >= deadline) {
      throw new SetupError(
        `Process ${other.pid} has been installing for ten minutes. End it and run this again.`,
        2,
      );
    }
    if (other !== null && !told)
      log(`waiting for process ${other.pid}, which installs the packages`);
    told = true;
    await sleep(OTHER_SETUP_POLL_MS);
  }
}

async function install() {
  const inUse = await import('./setup/in-use.mjs');
  const release = await takeInstallLock(inUse);
  try {
    if (isInstalled()) return;
    const [user] = inUse.users(ROOT);
    if (user !== undefined) {
      throw new SetupError(
        `The packages have to be installed again, but process ${user.pid} (${user.what}) uses them. Stop it and run this again.`,
        2,
      );
    }
    log('installing packages; the first time takes about a minute');
    await npmCi();
    writeFileSync(stampFile(), wantedStamp());
  } finally {
    release();
  }
}

/** As `app/cache-folder.ts`. */
function cacheFolder() {
  const given = process.env.XDG_CACHE_HOME ?? '';
  if (isAbsolute(given)) return join(given, 'firebreak');
  const home = process.env.HOME ?? homedir();
  return isAbsolute(home) ? join(home, '.cache', 'firebreak') : join(tmpdir(), 'firebreak-cache');
}

async function fetchPrograms(names) {
  if (names.length === 0) return;
  const [{ obtain }, { PROGRAMS }] = await Promise.all([
    import('./setup/obtain.mjs'),
    import('./setup/programs.mjs'),
  ]);
  const context = { environment: process.env, cacheDir: cacheFolder(), log };
  const results = await Promise.allSettled(names.map((name) => obtain(PROGRAMS[name], context)));
  const failures = results
    .filter(({ status }) => status === 'rejected')
    .map(({ reason }) => reason);
  if (failures.length === 0) return;
  const exitCode = failures.some((failure) => failure.exitCode === 4) ? 4 : 2;
  throw new SetupError(failures.map((failure) => failure.message).join('\n'), exitCode);
}

const FLAGS = new Map([
  ['--temporal', 'cli'],
  ['--test-server', 'testServer'],
]);

try {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => !FLAGS.has(flag));
  if (unknown !== undefined)
    throw new SetupError(`unknown flag ${unknown}; known are ${[...FLAGS.keys()].join(', ')}.`, 2);
  checkNode();
  if (!isInstalled()) await install();
  await fetchPrograms(flags.map((flag) => FLAGS.get(flag)));
} catch (error) {
  log(error instanceof SetupError ? error.message : (error?.stack ?? String(error)));
  process.exitCode = error instanceof SetupError ? error.exitCode : 1;
}
