import { describe, expect, test } from '@jest/globals';
import type { HaltSubject } from '../domain/halt.ts';
import { createStore } from './database.ts';
import { HALTS_MAX } from './halt.ts';
import { useStores } from './test-store.ts';

// Goal: a halt is one switch per subject, seen by everybody at once, kept for good. Method: the API's and the worker's
// stores on one database; what a role may not do is tried by hand.

const stores = useStores();
const AT = '2026-11-23T10:00:00.000Z';

function begin({ scope, subject }: HaltSubject, id: string) {
  const about = { scope, subject, reason: `for ${id}`, haltedBy: 'ada', channel: 'cli' };
  return stores.api().halts.begin({ ...about, id, haltedAt: AT });
}

function end(subject: HaltSubject) {
  return stores.api().halts.end({ ...subject, by: 'grace', reason: 'mended', at: AT });
}

describe('halts', () => {
  test('are in force for the worker from the moment on that the API was answered, until one lifts them', async () => {
    const model = { scope: 'model', subject: 'm' } as const;
    const { halt, created } = await begin(model, 'hlt_a');
    expect(created).toBe(true);
    expect(await stores.worker().halts.inForce()).toEqual([halt]);
    const again = await begin(model, 'hlt_b');
    expect(again).toEqual({ halt, created: false });
    expect(await end({ scope: 'all', subject: null })).toBeNull();
    const lifted = await end(model);
    expect(lifted).toMatchObject({ id: 'hlt_a', resumedBy: 'grace', resumedReason: 'mended' });
    expect(await stores.worker().halts.inForce()).toEqual([]);
    expect(await end(model)).toBeNull();
    // The same may be halted again, and the first halt stays on record.
    await begin(model, 'hlt_c');
    const page = await stores.api().halts.list(null, { cursor: null, limit: 1 });
    const next = await stores.api().halts.list(null, { cursor: page.next, limit: 1 });
    expect([...page.items, ...next.items].map(({ id }) => id)).toEqual(['hlt_c', 'hlt_a']);
    expect(next.next).toBeNull();
    const first = { cursor: null, limit: 10 };
    for (const [models, seen] of [
      [['m'], 2],
      [['other'], 0],
    ] as const) {
      const shown = await stores.api().halts.list({ models, namespaces: ['m'] }, first);
      expect(shown.items).toHaveLength(seen);
    }
    await end(model);
  });

  test('begun at once by many on one subject are one', async () => {
    const all = { scope: 'all', subject: null } as const;
    const begun = await Promise.all(
      Array.from({ length: 8 }, (_, n) => begin(all, `hlt_at_once_${n.toString()}`)),
    );
    expect(begun.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(begun.map(({ halt }) => halt.id)).size).toBe(1);
    await end(all);
  });

  test('outlive the process that wrote them', async () => {
    const all = { scope: 'all', subject: null } as const;
    await begin(all, 'hlt_kept');
    const later = await createStore({ databaseUrl: stores.url(), role: 'worker', poolSize: 1 });
    try {
      expect((await later.halts.inForce()).map(({ id }) => id)).toEqual(['hlt_kept']);
    } finally {
      await later.close();
    }
    await end(all);
  });

  test('are neither made nor lifted by the worker, lifted once, and deleted by nobody', async () => {
    const all = { scope: 'all', subject: null } as const;
    const about = { ...all, id: 'hlt_w', reason: 'r', haltedBy: 'w', channel: 'cli' };
    await expect(stores.worker().halts.begin({ ...about, haltedAt: AT })).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await begin(all, 'hlt_once');
    const lifting = { ...all, by: 'w', reason: 'r', at: AT };
    await expect(stores.worker().halts.end(lifting)).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await end(all);
    const changes = [
      `update firebreak.halt set resumed_at = null, resumed_by = null, resumed_reason = null`,
      `update firebreak.halt set reason = 'another'`,
      'delete from firebreak.halt',
    ];
    for (const text of changes)
      await expect(stores.sql(text)).rejects.toThrow(/FB002|never|lifted/u);
  });

  test('are refused as a whole when there are more than can be read', async () => {
    await stores.sql(
      `insert into firebreak.halt (id, scope, subject, reason, halted_by, channel, halted_at)
        select 'many_' || n, 'model', 'model-' || n, 'r', 'ada', 'cli', now() from generate_series(1, $1) n`,
      [HALTS_MAX + 1],
    );
    await expect(stores.worker().halts.inForce()).rejects.toMatchObject({ code: 'too_large' });
  });
});
