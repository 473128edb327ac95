// Holds the embedded servers of a data folder: `node --import tsx test/holder.ts <folder> <what> <grace>`
// with what = postgres, temporal or lock. Says where they are in one line of JSON, ends when its input
// closes; tests kill it to see what becomes of the servers.
import { cacheFolder } from '../app/cache-folder.ts';
import { lockDataFolder } from '../app/embedded/lock.ts';
import { startEmbeddedServers } from '../app/embedded/servers.ts';
import { findTemporalCli } from '../app/embedded/temporal-cli.ts';

const [, , dataDir = '', what = '', grace = '30'] = process.argv;

function say(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function hold(): Promise<() => Promise<void>> {
  if (what === 'lock') {
    const lock = lockDataFolder(dataDir);
    say({ locked: true });
    return () => {
      lock.release();
      return Promise.resolve();
    };
  }
  const cacheDir = cacheFolder(process.env);
  const places = {
    cliPath: process.env['TEMPORAL_CLI_PATH'] ?? null,
    searchPath: process.env['PATH'] ?? '',
    cacheDir,
  };
  const servers = await startEmbeddedServers({
    dataDir,
    cacheDir,
    log: () => undefined,
    postgres: what === 'postgres',
    temporal: what === 'temporal' ? { cli: await findTemporalCli(places), ui: false } : null,
    orphanGraceSeconds: Number(grace),
  });
  const server = servers.postgres ?? servers.temporal;
  say({
    pid: server?.identity().pid,
    adopted: server?.adopted,
    url: servers.postgres?.url,
    address: servers.temporal?.address,
  });
  return servers.stop;
}

try {
  const stop = await hold();
  process.stdin.resume();
  await new Promise((resolve) => process.stdin.once('end', resolve));
  await stop();
  process.exit(0);
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
