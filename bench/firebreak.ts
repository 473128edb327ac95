import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool } from 'undici';
import { z } from 'zod';
import { readTemporalRecord } from '../app/embedded/temporal-file.ts';
import { createClient, type ApiClient } from '../api/client.ts';
import { startChild } from './child.ts';

const ready = z.object({
  url: z.string(),
  adminToken: z.string().nullable(),
  sources: z.array(z.object({ kind: z.string(), token: z.string() })),
});
const accepted = z.object({ alerts: z.array(z.object({ incidentId: z.string() })) });
const ACCEPTED = 202;
const CONNECTIONS = 32;

/** Tokens of the first start: they are told only then. */
export interface Tokens {
  readonly admin: string;
  readonly source: string;
}

const NO_TOKENS: Tokens = { admin: '', source: '' };

/** A Firebreak that runs in a process of its own, on embedded servers. */
export interface RunningFirebreak {
  readonly pid: number;
  readonly url: string;
  /** From the start of the process until it takes alerts and polls for work, in milliseconds. */
  readonly startedMs: number;
  readonly tokens: Tokens;
  readonly client: ApiClient;
  /** Address of its Temporal server. */
  readonly temporal: string;
  /** Sends one alert; resolves with its incident when it is accepted. Raises for any other answer. */
  alert(labels: Readonly<Record<string, string>>): Promise<string>;
  /** Sends one webhook with several alerts, as a group comes; resolves with the first one's incident. */
  alerts(group: readonly Readonly<Record<string, string>>[]): Promise<string>;
  /** Opens approvals that nobody answers, past everything that would ask for them. */
  openApprovals(incidentId: string, approvals: number): Promise<void>;
  stop(): Promise<void>;
}

/** Where one installation keeps everything. */
export interface Installation {
  readonly folder: string;
  readonly dataDir: string;
  readonly config: string;
  /** The built program. */
  readonly program: string;
  /** Variables that it is started with. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Lays out an installation of a built program. */
export async function install(
  folder: string,
  program: string,
  configuration: string,
): Promise<Installation> {
  const config = join(folder, 'firebreak.yaml');
  await mkdir(folder, { recursive: true });
  await writeFile(config, configuration);
  return { folder, dataDir: join(folder, 'data'), config, program };
}

function bodyOf(group: readonly Readonly<Record<string, string>>[]): string {
  const startsAt = new Date().toISOString();
  const alerts = group.map((labels) => {
    return { status: 'firing', labels, annotations: { summary: 'bench' }, startsAt };
  });
  return JSON.stringify({ version: '4', status: 'firing', receiver: 'bench', alerts });
}

/** Sends groups of alerts over the pool with a source's token. */
function senderOf(pool: Pool, token: string): RunningFirebreak['alerts'] {
  return async (group) => {
    const reply = await pool.request({
      method: 'POST',
      path: '/api/v1/alerts/alertmanager',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: bodyOf(group),
    });
    const text = await reply.body.text();
    if (reply.statusCode !== ACCEPTED) {
      throw new Error(`An alert was answered ${reply.statusCode.toString()}: ${text}`);
    }
    const [receipt] = accepted.parse(JSON.parse(text)).alerts;
    return receipt?.incidentId ?? '';
  };
}

/** Starts it; `tokens` are those of an earlier start on the same data. */
export async function startFirebreak(
  { folder, dataDir, config, program, env = {} }: Installation,
  tokens: Tokens | null,
): Promise<RunningFirebreak> {
  const starter = join(import.meta.dirname, 'firebreak-process.mjs');
  const log = await open(join(folder, 'firebreak.log'), 'a');
  const begun = performance.now();
  const child = startChild([process.execPath, starter, program, dataDir, config], {
    cwd: folder,
    log: log.fd,
    // Looks happen when they are measured, not in the midst of something else.
    env: { ...env, FIREBREAK_SYNC_SECONDS: '0' },
  });
  const { url, adminToken, sources } = await child.said(ready);
  const startedMs = performance.now() - begun;
  const fresh = sources.find(({ kind }) => kind === 'alertmanager')?.token;
  const known = tokens ?? NO_TOKENS;
  const given = { admin: adminToken ?? known.admin, source: fresh ?? known.source };
  const pool = new Pool(url, { connections: CONNECTIONS });
  const alerts = senderOf(pool, given.source);
  return {
    pid: child.pid,
    url,
    startedMs,
    tokens: given,
    client: createClient({ url, token: given.admin, channel: 'cli' }),
    temporal: `127.0.0.1:${(readTemporalRecord(dataDir)?.port ?? 0).toString()}`,
    alert: (labels) => alerts([labels]),
    alerts,
    openApprovals: async (incidentId, approvals) => {
      child.ask({ incidentId, approvals });
      await child.said(z.object({ approvals: z.number() }));
    },
    stop: async () => {
      await pool.close();
      await child.stop();
      await log.close();
    },
  };
}
