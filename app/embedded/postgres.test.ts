// Goal: the embedded Postgres survives its own crash and ours, meets every remnant of an earlier run,
// and never deletes data. Method: real servers on temporary folders, killed and left half-done.
import { spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { closersAfterEach } from '../../test/closers.ts';
import { cacheFolder } from '../cache-folder.ts';
import { startHolder, tempDir } from '../../test/harness.ts';
import { serverAccount } from './account.ts';
import { lockDataFolder } from './lock.ts';
import { makeLinks } from './postgres-binaries.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './postgres.ts';
import { processIdentity, waitUntilGone } from './process-identity.ts';

const SETTLE_MS = 30_000;
const closers = closersAfterEach();

interface Started extends EmbeddedPostgres {
  readonly lines: readonly string[];
}

/** Started as for throw-away data, which a stop may lose, unless asked for what people run. */
async function start(dataDir: string, durable = false): Promise<Started> {
  const lock = lockDataFolder(dataDir);
  const lines: string[] = [];
  closers.push(() => {
    lock.release();
    return Promise.resolve();
  });
  const postgres = await startEmbeddedPostgres({
    dataDir,
    cacheDir: cacheFolder(process.env),
    lock,
    log: (line) => lines.push(line),
    durable,
    orphanGraceSeconds: 0,
  });
  closers.push(postgres.stop);
  const stop = async (): Promise<void> => {
    await postgres.stop();
    lock.release();
  };
  return { ...postgres, stop, lines };
}

async function query(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>({ text });
    return Object.values(rows[0] ?? {})[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The answer once the server is there again; fails after the settle time. */
async function eventually(url: string, text: string): Promise<unknown> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    try {
      return await query(url, text);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

describe('the embedded Postgres', () => {
  test('keeps data, port and password over a restart and listens on loopback only', async () => {
    const dataDir = await tempDir();
    const first = await start(dataDir, true);
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS value');
    expect(await query(first.url, `SELECT upper('straße äöü')`)).toBe('STRAßE ÄÖÜ');
    expect(await query(first.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
    expect(await query(first.url, 'SHOW unix_socket_directories')).toBe('');
    const identity = first.identity();
    await first.stop();
    expect(processIdentity(identity.pid)?.startedAt).not.toBe(identity.startedAt);
    const second = await start(dataDir, true);
    expect(second.url).toBe(first.url);
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT value FROM kept')).toBe(7);
    const record = join(dataDir, 'postgres', 'firebreak.json');
    expect(statSync(record).mode & 0o777).toBe(0o600);
    await expect(query(second.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow();
  });

  test('is started again on the same port when it is killed under a busy backend', async () => {
    const postgres = await start(await tempDir());
    // A backend in a loop outlives its server and keeps the shared memory.
    const busy = query(postgres.url, 'SELECT count(*) FROM generate_series(1, 1e11::bigint)');
    busy.catch(() => undefined);
    const active = `SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1e11%' AND pid <> pg_backend_pid()`;
    while ((await query(postgres.url, active)) === 0) await sleep(20);
    const before = postgres.identity();
    process.kill(before.pid, 'SIGKILL');
    expect(await eventually(postgres.url, 'SELECT 1')).toBe(1);
    await expect(busy).rejects.toThrow();
    expect(postgres.identity()).not.toEqual(before);
    expect(postgres.lines.join()).toContain('ended unexpectedly');
  });

  test('adopts the server that a killed Firebreak left behind', async () => {
    const dataDir = await tempDir();
    const holder = await startHolder({ dataDir, what: 'postgres' });
    await holder.kill();
    const postgres = await start(dataDir);
    expect(postgres.adopted).toBe(true);
    expect(postgres.identity().pid).toBe(holder.said.pid);
    expect(postgres.url).toBe(holder.said.url);
    // An adopted server is no child of ours, and is watched all the same.
    process.kill(postgres.identity().pid, 'SIGKILL');
    await waitUntilGone(postgres.identity(), SETTLE_MS);
    expect(await eventually(postgres.url, 'SELECT 1')).toBe(1);
  });

  test('stops by itself when a killed Firebreak does not come back', async () => {
    const dataDir = await tempDir();
    const holder = await startHolder({ dataDir, what: 'postgres', graceSeconds: 0 });
    const identity = processIdentity(holder.said.pid ?? 0);
    expect(identity).not.toBeNull();
    await holder.kill();
    if (identity !== null) expect(await waitUntilGone(identity, SETTLE_MS)).toBe(true);
  });

  test('sets a half-made data folder aside and deletes none of it', async () => {
    const dataDir = await tempDir();
    for (const name of ['postgres', 'postgres.initdb']) {
      mkdirSync(join(dataDir, name));
      writeFileSync(join(dataDir, name, 'PG_VERSION'), '18\n');
    }
    const postgres = await start(dataDir);
    expect(await query(postgres.url, 'SELECT 1')).toBe(1);
    const aside = readdirSync(dataDir).filter((name) => name.includes('.set-aside-'));
    expect(aside).toHaveLength(2);
    for (const name of aside) expect(existsSync(join(dataDir, name, 'PG_VERSION'))).toBe(true);
  });
});

describe('a stale postmaster.pid', () => {
  /** A dead process that nobody has reaped: its parent became `sleep`, which never does. */
  async function zombie(): Promise<number> {
    const account = serverAccount();
    const parent = spawn('/bin/sh', ['-c', ': & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(account ?? {}),
    });
    closers.push(() => {
      parent.kill('SIGKILL');
      return Promise.resolve();
    });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (chunk) => {
        resolve(Number(String(chunk)));
      });
    });
    while (processIdentity(pid) !== null) await sleep(10);
    return pid;
  }

  /** A live process of the account that Postgres runs under. */
  function stranger(): Promise<number> {
    const child = spawn('sleep', ['60'], { stdio: 'ignore', ...(serverAccount() ?? {}) });
    closers.push(() => {
      child.kill('SIGKILL');
      return Promise.resolve();
    });
    return Promise.resolve(child.pid ?? 0);
  }

  test.each([
    ['a live stranger', stranger],
    ['a dead, unreaped process', zombie],
    ['nobody', () => Promise.resolve(2 ** 22 - 3)],
  ])('that names %s does not keep it from starting', async (_, make) => {
    const dataDir = await tempDir();
    const first = await start(dataDir);
    await first.stop();
    const pid = await make();
    const file = join(dataDir, 'postgres', 'postmaster.pid');
    writeFileSync(
      file,
      `${pid.toString()}\n${join(dataDir, 'postgres')}\n1\n${first.port.toString()}\n\n127.0.0.1\n0 0\nready   \n`,
    );
    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    expect(await query(second.url, 'SELECT 1')).toBe(1);
    expect(Number(readFileSync(file, 'utf8').split('\n')[0])).toBe(second.identity().pid);
  });
});

test('library links are made from the shipped list, also over broken ones', async () => {
  const native = join(await tempDir(), 'native');
  mkdirSync(join(native, 'lib'), { recursive: true });
  writeFileSync(join(native, 'lib', 'libx.so.1.2'), 'x');
  const links = ['libx.so', 'libx.so.1', 'libold.so'].map((name) => ({
    source: 'native/lib/libx.so.1.2',
    target: `native/lib/${name}`,
  }));
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links));
  symlinkSync('gone', join(native, 'lib', 'libx.so.1'));
  makeLinks(native);
  makeLinks(native);
  for (const { target } of links) {
    const path = join(native, '..', target);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('x');
  }
});
