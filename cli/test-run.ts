import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Incident } from '../domain/incident.ts';
import { openedIncident } from '../domain/sample-incident.ts';
import { startFakeServer, type FakeReply, type FakeServer } from './fake-server.ts';
import { runProgram } from './program.ts';
import type { Surroundings } from './session.ts';

let servers: FakeServer[] = [];
let folders: string[] = [];
/** Stops every server and removes every folder that a test asked for. */
export async function cleanUp(): Promise<void> {
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  servers = [];
  folders = [];
}

/** A server of canned answers. */
export async function serve(replies: Readonly<Record<string, FakeReply>>): Promise<FakeServer> {
  const server = await startFakeServer(replies);
  servers.push(server);
  return server;
}

/** A folder of its own. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'firebreak-cli-'));
  folders.push(path);
  return path;
}

/** What a run is given. */
export interface Run {
  readonly url?: string;
  readonly change?: Partial<Surroundings>;
}

/** Runs the whole program in this process. */
export async function run(args: readonly string[], { url, change = {} }: Run = {}) {
  let out = '';
  let err = '';
  const code = await runProgram(args, '9.9.9', {
    write: (text) => {
      out += text;
    },
    tell: (text) => {
      err += text;
    },
    environment: { FIREBREAK_URL: url ?? 'http://127.0.0.1:9', FIREBREAK_TOKEN: 'fb_me' },
    interactive: false,
    colors: false,
    columns: 0,
    ask: () => Promise.reject(new Error('nobody is there to ask')),
    interrupted: new AbortController().signal,
    ...change,
  });
  return { code, out, err };
}

/** The moment of every canned answer. */
export const NOW = '2026-11-23T10:00:00.000Z';
/** An incident whose title tries to play with the terminal. */
export const INCIDENT: Incident = { ...openedIncident, title: 'odd \u001b[31m model \u202e' };
/** A decision as the API answers it. */
export const decision = (outcome: string, reason: string | null = null) => ({
  decision: {
    id: 'd',
    incidentId: 'inc_1',
    kind: 'retry',
    by: 'me',
    decidedAt: NOW,
    outcome,
    reason,
  },
});
