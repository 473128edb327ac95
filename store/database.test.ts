import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { createStore } from './database.ts';
import type { Store } from './tables.ts';
import { note, openIncident, useStores } from './test-store.ts';

// Goal: a database that goes away is told apart from our own mistakes, ends no process, and is used again when
// it is back. Method: a real server behind a gate that the test opens and shuts.

const stores = useStores();

interface Gate {
  readonly url: string;
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** A port before the database; shut, it breaks every connection and refuses new ones. */
async function gateBefore(target: URL): Promise<Gate> {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    track(near);
    track(far);
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  const url = new URL(target.href);
  url.host = `127.0.0.1:${port.toString()}`;
  return {
    url: url.href,
    shut: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: async () => {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

async function withGate(work: (store: Store, gate: Gate) => Promise<void>): Promise<void> {
  const gate = await gateBefore(new URL(stores.url()));
  const store = await createStore({ databaseUrl: gate.url, role: 'api', poolSize: 3 });
  try {
    await work(store, gate);
  } finally {
    await store.close();
    await gate.shut().catch(() => undefined);
  }
}

describe('a store', () => {
  test('whose database goes away says unavailable, and works again when it is back', async () => {
    await withGate(async (store, gate) => {
      await store.ping();
      await gate.shut();
      await expect(store.ping()).rejects.toMatchObject({
        code: 'unavailable',
        cause: expect.anything(),
      });
      await expect(store.transaction((tables) => tables.settings.get('x'))).rejects.toMatchObject({
        code: 'unavailable',
      });
      await gate.open();
      await store.ping();
    });
  });

  test('that listens is told of its own again after a break', async () => {
    await withGate(async (store, gate) => {
      const heard: string[] = [];
      let wake: () => void = () => undefined;
      await store.listen('facts', (payload) => {
        heard.push(payload);
        wake();
      });
      const hear = async (payload: string): Promise<void> => {
        while (!heard.includes(payload)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      };
      const first = await openIncident(stores.api(), 'listen-1');
      await hear(first);
      await gate.shut();
      await gate.open();
      // Empty: some may have been missed.
      await hear('');
      const second = await openIncident(stores.api(), 'listen-2');
      await hear(second);
    });
  });

  test('hears of work and of facts until it stops listening', async () => {
    const heard: string[] = [];
    const stop = await stores.worker().listen('outbox', () => heard.push('outbox'));
    const both = new Promise<void>((resolve) => {
      void stores.worker().listen('facts', () => {
        resolve();
      });
    });
    await openIncident(stores.api(), 'heard');
    await both;
    expect(heard).toEqual(['outbox']);
    await stop();
    await openIncident(stores.api(), 'unheard');
    expect(heard).toEqual(['outbox']);
  });

  test.each([
    ['no URL', 'nonsense', 'invalid'],
    ['a port where nothing listens', 'postgres://a@127.0.0.1:1/b', 'unavailable'],
  ])('is not created for %s', async (_name, databaseUrl, code) => {
    await expect(createStore({ databaseUrl, role: null, poolSize: 1 })).rejects.toMatchObject({
      code,
    });
  });
});

describe('a transaction', () => {
  test('that swallowed a failed statement does not claim to have committed', async () => {
    const id = await openIncident(stores.api(), 'swallow');
    await expect(
      stores.worker().transaction(async (tables) => {
        await tables.people
          .put({ id: 'p', name: 'P', roles: [], slackUser: null, mail: null, active: true })
          .catch(() => undefined);
        return id;
      }),
    ).rejects.toMatchObject({ code: 'internal' });
  });

  test('runs statements that were started at once one after the other', async () => {
    const id = await openIncident(stores.api(), 'at-once');
    const answers = await stores
      .worker()
      .transaction((tables) =>
        Promise.all([
          tables.incidents.get(id),
          tables.facts.head(id),
          tables.facts.append(id, [note('at-once')]),
        ]),
      );
    expect(answers[0]?.id).toBe(id);
    expect(answers[2]).toBe(1);
  });

  test('a flight of reads is no transaction: one that fails spoils no other, and nothing changes as a whole', async () => {
    const id = await openIncident(stores.api(), 'flight');
    const worker = stores.worker();
    const [known, failed, head] = await worker.together((tables) =>
      Promise.allSettled([
        tables.incidents.get(id),
        tables.facts.append('inc_unknown', [note('lost')]),
        tables.facts.head(id),
      ]),
    );
    expect(known).toMatchObject({ status: 'fulfilled', value: { id } });
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
    expect(head).toMatchObject({ status: 'fulfilled', value: { sequence: 2 } });
    await expect(worker.together(() => Promise.reject(new Error('stop')))).rejects.toThrow('stop');
    expect(await worker.incidents.get(id)).toMatchObject({ id });
  });

  test('waiting too long for a lock says unavailable', async () => {
    const id = await openIncident(stores.api(), 'locked');
    const blocked = stores.api().transaction(async (tables) => {
      await tables.incidents.lock(id);
      await stores.worker().transaction(async (others) => others.incidents.lock(id));
    });
    await expect(blocked).rejects.toMatchObject({
      code: 'unavailable',
      details: { sqlState: '55P03' },
    });
  });
});
