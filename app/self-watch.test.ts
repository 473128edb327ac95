// Goal: a silent source is told once, a heartbeat goes out only when the whole way worked, and no part of the watch stops
// another. Method: the real store, the real relay over a Temporal that is not asked, a clock that the test moves.
import { createServer, type Server } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import type { SourceConfiguration } from '../domain/configuration.ts';
import { useStores } from '../store/test-store.ts';
import { closersAfterEach } from '../test/closers.ts';
import { createHeartbeat, createSelfChecker } from './heartbeat.ts';
import { startRelay } from './relay.ts';
import { startSelfWatch } from './self-watch.ts';
import { createWatchdogs } from './source-watchdog.ts';

const stores = useStores();
const log = pino({ level: 'silent' });
const MINUTE_MS = 60_000;

const closers = closersAfterEach();

const SOURCE: SourceConfiguration = {
  ...{ name: 'dog', kind: 'alertmanager', mapping: null, ignoreLabels: [] },
  authentication: { kind: 'bearer', tokenSha256: ['0'.repeat(64)] },
  watchdog: { alertname: 'Watchdog', withinSeconds: 300 },
};

describe('a watchdog', () => {
  test('that is missed is told once, and its return as well', async () => {
    const source = SOURCE;
    let shiftMs = 0;
    const now = (): Date => new Date(Date.now() + shiftMs);
    const create = () =>
      createWatchdogs({
        ...{ store: stores.api(), messages: stores.worker(), sources: [source], log, now },
        channels: { slack: true, mail: true },
      });
    const subjects = async (): Promise<readonly string[]> => {
      const rows = await stores.sql(
        `select subject from firebreak.message where incident_id is null and channel = 'mail' order by number`,
      );
      return z
        .array(z.object({ subject: z.string() }))
        .parse(rows)
        .map(({ subject }) => subject);
    };
    await stores.api().selfWatch.watchdogSeen('dog', now().toISOString());
    const watchdogs = create();
    await watchdogs.round();
    expect(watchdogs.states()).toEqual([
      { source: 'dog', alertname: 'Watchdog', lastSeenAt: expect.any(String), missing: false },
    ]);
    shiftMs = 6 * MINUTE_MS;
    await watchdogs.round();
    await watchdogs.round();
    // Another process, or the same after a start, tells nobody twice.
    await create().round();
    const missing = 'No Watchdog from dog: alerts may not reach Firebreak';
    expect(await subjects()).toEqual([missing]);
    await stores.api().selfWatch.watchdogSeen('dog', now().toISOString());
    await watchdogs.round();
    expect(await subjects()).toEqual([missing, 'Watchdog from dog is back']);
    expect(watchdogs.states()[0]?.missing).toBe(false);
  });
});

/** A place outside that counts heartbeats. */
async function outside(status = 200): Promise<{ readonly url: string; readonly beats: string[] }> {
  const beats: string[] = [];
  const server: Server = createServer((request, response) => {
    beats.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.writeHead(status).end('OK');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const address = z.object({ port: z.number() }).parse(server.address());
  return { url: `http://127.0.0.1:${address.port.toString()}`, beats };
}

describe('the self-check', () => {
  async function given(status = 200) {
    const { url, beats } = await outside(status);
    let shiftMs = 0;
    const now = (): Date => new Date(Date.now() + shiftMs);
    let ids = 0;
    const heartbeat = createHeartbeat(`${url}/ping/secret-key?from=firebreak`);
    const checker = createSelfChecker({
      ...{ store: stores.api(), heartbeat, log, now, process: `prc-${url}` },
      newId: () => `chk-${url}-${(ids += 1).toString()}`,
    });
    closers.push(() => checker.close());
    const pass = (ms: number): void => {
      shiftMs += ms;
    };
    return { beats, checker, process: `prc-${url}`, pass };
  }

  /** Lets the real relay take up what is in the outbox. */
  async function relay(process: string): Promise<void> {
    const unasked = (): Promise<never> => Promise.reject(new Error('not asked'));
    const relay = await startRelay({
      store: stores.worker(),
      engine: { start: unasked, wake: unasked, decide: unasked, terminate: unasked },
      redirections: { playbooks: () => [], inventory: () => [] },
      messenger: { send: unasked },
      channels: { slack: false, mail: false },
      ...{ written: () => [], mailTo: [] },
      namespace: { isOurs: () => Promise.resolve(true), look: () => Promise.resolve(true) },
      log,
    });
    while ((await stores.api().selfWatch.latest(process))?.relayedAt === null) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await relay.stop();
  }

  test('sends a heartbeat when commit, relay, worker and log worked', async () => {
    const { beats, checker, process } = await given();
    await checker.round();
    expect(beats).toEqual([]);
    await relay(process);
    await checker.round();
    expect(beats).toEqual([]);
    expect(checker.state().problem).toMatch(/worker/);
    await stores.worker().selfWatch.settle(new Date().toISOString());
    await checker.round();
    expect(beats).toEqual(['GET /ping/secret-key?from=firebreak']);
    expect(checker.state()).toMatchObject({ problem: null, beatAt: expect.any(String) });
    // The next one has only begun.
    await checker.round();
    expect(beats).toHaveLength(1);
  });

  test('sends none while the relay does not take it up, and begins anew in time', async () => {
    const { beats, checker, process, pass } = await given();
    await checker.round();
    const first = await stores.api().selfWatch.latest(process);
    await checker.round();
    expect((await stores.api().selfWatch.latest(process))?.id).toBe(first?.id);
    expect(checker.state().problem).toMatch(/relay/);
    pass(4 * MINUTE_MS);
    await checker.round();
    expect((await stores.api().selfWatch.latest(process))?.id).not.toBe(first?.id);
    expect(beats).toEqual([]);
  });

  test('leaves nothing in the log, and no incident', async () => {
    const { checker, process } = await given();
    await checker.round();
    await relay(process);
    await stores.worker().selfWatch.settle(new Date().toISOString());
    expect(
      await stores.sql(`select from firebreak.incident where id = 'self-check' or number = 0`),
    ).toEqual([]);
    expect(await stores.sql(`select from firebreak.fact where incident_id = 'self-check'`)).toEqual(
      [],
    );
  });

  test('a heartbeat that is not taken is told without its URL', async () => {
    const { checker, process } = await given(500);
    await checker.round();
    await relay(process);
    await stores.worker().selfWatch.settle(new Date().toISOString());
    await checker.round();
    const { problem, beatAt } = checker.state();
    expect(problem).not.toBeNull();
    expect(problem).not.toContain('secret-key');
    expect(beatAt).toBeNull();
  });

  test('does not settle when the log does not chain', async () => {
    const { checker, process } = await given();
    await checker.round();
    await relay(process);
    await stores.sql(`create or replace function firebreak.fact_hash(
      incident text, sequence bigint, recorded_at timestamptz, key text, previous bytea, body bytea)
      returns bytea language sql volatile as $$ select sha256(convert_to(random()::text, 'UTF8')) $$`);
    await expect(stores.worker().selfWatch.settle(new Date().toISOString())).rejects.toMatchObject({
      code: 'internal',
    });
    expect((await stores.api().selfWatch.latest(process))?.settledAt).toBeNull();
  });
});

describe('the watch', () => {
  test('goes on when a part of it fails, and tells what it sees', async () => {
    let checks = 0;
    const metrics = new Registry();
    const watch = startSelfWatch({
      checker: {
        round: () => {
          checks += 1;
          return Promise.resolve();
        },
        state: () => ({ wholeAt: '2026-11-23T10:00:00.000Z', beatAt: null, problem: 'none yet' }),
        close: () => Promise.resolve(),
      },
      rules: () => Promise.resolve(),
      watchdogs: {
        round: () => Promise.reject(new Error('no database')),
        states: () => [{ source: 'dog', alertname: 'Watchdog', lastSeenAt: null, missing: true }],
      },
      catchUp: {
        round: () => Promise.reject(new Error('no network')),
        states: () => [{ source: 'dog', readAt: null, problem: 'unavailable', missed: 2 }],
        close: () => Promise.resolve(),
      },
      reviews: {
        round: () => Promise.reject(new Error('no database')),
        overdue: () => [{ id: 'brk_1', incidentId: 'inc_1', dueAt: '2026-11-23T10:00:00.000Z' }],
      },
      calendars: {
        round: () => Promise.reject(new Error('no database')),
        states: () => [{ schedule: 'ops', readAt: '2026-11-23T10:00:00.000Z', problem: null }],
      },
      readmit: () => Promise.reject(new Error('no database')),
      ...{ metrics, log },
    });
    await watch.round();
    await watch.stop();
    // The round at the start, and ours.
    expect(checks).toBe(2);
    expect(watch.state().alertmanagers[0]?.missed).toBe(2);
    const text = await metrics.metrics();
    expect(text).toContain('firebreak_watchdog_missing{source="dog"} 1');
    expect(text).toContain('firebreak_alerts_missed{source="dog"} 2');
    expect(text).toContain('firebreak_break_glass_reviews_overdue 1');
    expect(watch.state().overdueReviews).toMatchObject([{ id: 'brk_1' }]);
    expect(text).toContain('firebreak_self_check_timestamp_seconds 1795428000');
    const read = 'firebreak_on_call_calendar_read_timestamp_seconds{schedule="ops"} 1795428000';
    expect(text).toContain(read);
  });
});
