import { expect } from '@jest/globals';
import {
  changesSince,
  expectNoSecret,
  httpTwin,
  inWorld,
  placeIn,
  type Property,
} from './bench.ts';

const signal = (): AbortSignal => AbortSignal.timeout(30_000);

/** What a connector's own health must keep to. */
export const healthProperties: readonly Property[] = [
  {
    name: 'health of a good connection names no problem and changes nothing',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const place = placeIn(world.twin);
        const health = await connector.health(signal());
        expect(health).toMatchObject({ reachable: true, missing: [], problem: null });
        expect(changesSince(world.twin, place)).toBe(0);
        expectNoSecret(world, health);
      }),
  },
  {
    name: 'health tells a missing right by name',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const twin = httpTwin(world);
        if (twin === null) return;
        const reply = { status: 403, body: { message: `not for ${world.canary}` } };
        twin.faults.add({ kind: 'reply', reply }, { times: 1_000 });
        const health = await connector.health(signal());
        expect(health.reachable).toBe(true);
        expect(health.missing).not.toEqual([]);
        expect(health.problem).not.toBeNull();
        expectNoSecret(world, health);
      }),
  },
  {
    name: 'health tells a system that is away',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        if (world.twin === null) return;
        await world.twin.close();
        const health = await connector.health(signal());
        expect(health.reachable).toBe(false);
        expect(health.problem).not.toBeNull();
        expectNoSecret(world, health);
      }),
  },
];
