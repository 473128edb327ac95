import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { z } from 'zod';
import { startEmbeddedServers } from '../app/embedded/servers.ts';
import { createFaultPlan } from '../lab/fault.ts';
import { startTwin } from '../lab/twin.ts';
import { startChild } from './child.ts';
import type { Subject } from './load.ts';
import { createMarks } from './marks.ts';

const FOLDER = join(import.meta.dirname, 'peers', 'dbos');
const ACCEPTED = 202;
const CONNECTIONS = 32;
const listening = z.object({ port: z.number() });
const stepCall = z.object({ incident: z.string(), step: z.string() });

/** A peer that runs the same five steps. */
export interface Peer extends Subject {
  stop(): Promise<void>;
}

/** Installs the peer on first use, by its own lock file. Raises when npm fails. */
async function install(log: (line: string) => void): Promise<void> {
  if (existsSync(join(FOLDER, 'node_modules', '.package-lock.json'))) return;
  log('installing DBOS, once');
  const child = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exit: unknown[] = await once(child, 'exit');
  if (exit[0] !== 0) throw new Error('DBOS could not be installed.');
}

/** Starts DBOS on an embedded Postgres of its own, with the settings of ours, and the world that its steps call. */
export async function startPeer(options: {
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly log: (line: string) => void;
}): Promise<Peer> {
  await install(options.log);
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const servers = await startEmbeddedServers({ ...options, temporal: null });
    closers.push(() => servers.stop());
    const marks = createMarks();
    const world = await startTwin({
      name: 'steps',
      faults: createFaultPlan(),
      handler: ({ body }) => {
        const { incident, step } = stepCall.parse(JSON.parse(body.toString('utf8')));
        marks.note(incident, step);
        return { status: 200, body: {} };
      },
    });
    closers.push(() => world.close());
    const child = startChild([process.execPath, join(FOLDER, 'app.mjs')], {
      cwd: options.dataDir,
      env: { DATABASE: servers.postgres?.url ?? '', WORLD: world.url },
    });
    closers.push(() => child.stop());
    const { port } = await child.said(listening);
    const pool = new Pool(`http://127.0.0.1:${port.toString()}`, { connections: CONNECTIONS });
    closers.push(() => pool.close());
    return {
      marks,
      fire: async (id) => {
        const reply = await pool.request({
          method: 'POST',
          path: '/incident',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ id }),
        });
        await reply.body.dump();
        if (reply.statusCode !== ACCEPTED) throw new Error('DBOS refused an alert.');
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
