import { execFileSync } from 'node:child_process';
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

const ATTEMPTS_MAX = 20;

/** When a process started, or null when it does not run; tells it from a later one with its number. */
export function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    if (process.platform === 'linux') return null;
  }
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    return (
      execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8', stdio }).trim() ||
      null
    );
  } catch {
    return null;
  }
}

function folderOf(root) {
  const folder = join(root, '.firebreak', 'use');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function readHolder(path) {
  try {
    const { pid, start, what } = JSON.parse(readFileSync(path, 'utf8'));
    return startOf(pid) === start && start !== null ? { pid, what } : null;
  } catch {
    return null;
  }
}

function place(path, what) {
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, start: startOf(process.pid), what }));
  try {
    linkSync(draft, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Who installs packages right now, or null. */
export function installer(root) {
  return readHolder(join(folderOf(root), 'install.lock'));
}

/** The live processes that use the installed packages. */
export function users(root) {
  const folder = folderOf(root);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.run'))
    .flatMap((name) => {
      const holder = readHolder(join(folder, name));
      if (holder === null) rmSync(join(folder, name), { force: true });
      return holder === null ? [] : [holder];
    });
}

/** Marks this process as using the installed packages; the answer takes the mark away. */
export function use(root, what) {
  const path = join(folderOf(root), `${process.pid}.run`);
  rmSync(path, { force: true });
  place(path, what);
  return () => rmSync(path, { force: true });
}

/**
 * The right to install; the answer gives it back. Null when a live process holds it.
 * @public
 */
export function lockInstall(root) {
  const path = join(folderOf(root), 'install.lock');
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (place(path, 'set-up')) return () => rmSync(path, { force: true });
    if (readHolder(path) !== null) return null;
    // Whoever is gone left it. Look at what was really moved: another one may have been faster.
    const aside = `${path}.${randomUUID()}`;
    try {
      renameSync(path, aside);
      if (readHolder(aside) !== null) linkSync(aside, path);
    } catch {
      // Somebody else moved it; the next turn sees the outcome.
    }
    rmSync(aside, { force: true });
  }
  return null;
}
