import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll } from '@jest/globals';
import pg from 'pg';
import { pino } from 'pino';
import { createIntake, lineageOfBytes } from '../../api/intake.ts';
import { createTestApi, NOW } from '../../api/test-api.ts';
import { connectorModules } from '../../connectors/registry.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { createRouter } from '../../intake/routing.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { createStore } from '../../store/database.ts';
import type { Closers } from '../closers.ts';
import { freshDatabase } from '../harness.ts';
import { COUNTED, countsSchema, type Counts } from './counted.ts';
import type { Reply } from './reply.ts';
import { INVENTORY, ROUTES, SECRETS, SOURCES } from './sources.ts';
import { SCOPES } from '../../domain/scope.ts';

/** A request as a test wants it: a header that is a list is sent once per item. */
export interface Attempt {
  readonly path: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer;
}

/** The API on a port of its own, over the real store and the real intake. */
export interface IntakeServer {
  readonly port: () => number;
  readonly send: (attempt: Attempt) => Promise<Reply>;
  /** Rows of every table that intake may write. */
  readonly counts: () => Promise<Counts>;
  readonly sql: (text: string) => Promise<readonly Record<string, unknown>[]>;
  /** What the server logged so far. */
  readonly logged: () => string;
}

/** So long may a request take to arrive: short, so that what never ends is seen to be cut off. */
const REQUEST_MS = 2_000;

const PERSON = { id: 'rita', token: SECRETS.person };
const POOL_SIZE = 6;

async function listeningApi(url: string, log: Writable) {
  const store = await createStore({ databaseUrl: url, role: 'api', poolSize: POOL_SIZE });
  await store.people.put({
    id: PERSON.id,
    name: 'Rita',
    roles: ['responder'],
    slackUser: null,
    mail: null,
    active: true,
  });
  await store.people.addToken({
    personId: PERSON.id,
    sha256: sha256Hex(PERSON.token),
    label: 'test',
    expiresAt: null,
    canApprove: false,
    scopes: SCOPES,
  });
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const playbooks = await loadPlaybooks(join(import.meta.dirname, '../../playbooks'), manifests);
  const router = createRouter({
    routes: ROUTES,
    inventory: INVENTORY,
    selectionRules: [],
    playbooks,
    // Hundreds of incidents of one kind are opened here; none of them is to be collected.
    storm: { newIncidentsMax: 10_000, windowSeconds: 300 },
  });
  const { app } = createTestApi({
    store,
    intake: createIntake({ sources: SOURCES, router }),
    lineageOf: lineageOfBytes,
    clock: () => new Date(NOW),
    log: pino({ level: 'debug' }, log),
    limits: { batchWaitMs: 0, requestMs: REQUEST_MS },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, store };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}

function flat(headers: Attempt['headers']): string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [name, one]),
  );
}

async function exchange(port: number, agent: Agent, attempt: Attempt): Promise<Reply> {
  const { path, method = 'POST', headers, body } = attempt;
  const length = ['content-length', Buffer.byteLength(body).toString()];
  const lines = ['host', `127.0.0.1:${port.toString()}`, ...flat(headers), ...length];
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', path, method, agent, headers: lines });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.end(body);
  });
}

/** Starts one server for the tests of the calling file; it and its database are gone afterwards. */
export function useIntakeServer(): IntakeServer {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const lines: string[] = [];
  const log = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  let port = 0;
  let look: pg.Client | null = null;
  const closers: Closers = [];
  beforeAll(async () => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    closers.push(() => client.end());
    look = client;
    const { app, store } = await listeningApi(database.url, log);
    closers.push(() => store.close());
    closers.push(() => app.close());
    port = portOf(app.server.address());
  });
  afterAll(async () => {
    agent.destroy();
    for (const close of closers.reverse()) await close();
  });
  const sql: IntakeServer['sql'] = async (text) => {
    if (look === null) throw new Error('The server has not started yet.');
    return (await look.query<Record<string, unknown>>(text)).rows;
  };
  return {
    port: () => port,
    send: (attempt) => exchange(port, agent, attempt),
    counts: async () => countsSchema.parse((await sql(COUNTED))[0]),
    sql,
    logged: () => lines.join(''),
  };
}
