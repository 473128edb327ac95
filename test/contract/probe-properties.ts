import { expect } from '@jest/globals';
import { probeOf } from '../../connectors/test-connector.ts';
import {
  changesSince,
  contextOf,
  expectFailure,
  expectNoSecret,
  httpTwin,
  inWorld,
  NONSENSE,
  placeIn,
  probeCase,
  replyOf,
  type Nonsense,
  type Property,
} from './bench.ts';

const ABORT_AFTER_MS = 100;
const ABORT_WITHIN_MS = 1_000;
const SLOW_MS = 2_000;

function nonsense(one: Nonsense): Property {
  return {
    name: `an answer that is ${one.name} is told as ${one.codes.join(' or ')}`,
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const twin = httpTwin(world);
        if (twin === null) return;
        const reply = replyOf(one);
        twin.faults.add({ kind: 'reply', reply }, { times: 1_000 });
        const { input } = probeCase(world, subject.name);
        const read = probeOf(connector, subject.name).read(input, contextOf());
        await expectFailure(world, read, one.codes);
      }),
  };
}

/** What every probe must keep to. */
export const probeProperties: readonly Property[] = [
  {
    name: 'reads, changes nothing, asks for no permit and shows no credential',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const place = placeIn(world.twin);
        const permit = (): Promise<void> => Promise.reject(new Error('a probe asked for a permit'));
        const { input } = probeCase(world, subject.name);
        const reply = await probeOf(connector, subject.name).read(input, contextOf({ permit }));
        expect(JSON.parse(JSON.stringify(reply.value))).toEqual(reply.value);
        expect(changesSince(world.twin, place)).toBe(0);
        expectNoSecret(world, reply.value);
        expectNoSecret(world, Buffer.from(reply.evidence?.bytes ?? []).toString('utf8'));
      }),
  },
  {
    name: 'gives equal answers about an unchanged world',
    run: (subject) =>
      inWorld(subject, async ({ world, connector, restart }) => {
        const { input } = probeCase(world, subject.name);
        const first = await probeOf(connector, subject.name).read(input, contextOf());
        const second = await probeOf(await restart(), subject.name).read(input, contextOf());
        expect(second.value).toEqual(first.value);
        expect(second.truncated).toBe(first.truncated);
      }),
  },
  {
    name: 'an input that is not understood is invalid',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const wrong = { 'no-such-field': 1 };
        const reading = (async () => probeOf(connector, subject.name).read(wrong, contextOf()))();
        await expectFailure(world, reading, ['invalid']);
      }),
  },
  {
    name: 'an abort is honoured within a second',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        if (httpTwin(world) === null) return;
        world.twin?.faults.add({ kind: 'delay', delayMs: SLOW_MS }, { times: 1_000 });
        const { input } = probeCase(world, subject.name);
        const began = performance.now();
        const signal = AbortSignal.timeout(ABORT_AFTER_MS);
        const read = probeOf(connector, subject.name).read(input, contextOf({ signal }));
        await expectFailure(world, read, ['unavailable']);
        expect(performance.now() - began).toBeLessThan(ABORT_AFTER_MS + ABORT_WITHIN_MS);
      }),
  },
  {
    name: 'no answer at all is unavailable',
    run: (subject) =>
      inWorld(subject, async ({ world, connector }) => {
        const twin = httpTwin(world);
        if (twin === null) return;
        twin.faults.add({ kind: 'cut-before' }, { times: 1_000 });
        const { input } = probeCase(world, subject.name);
        const read = probeOf(connector, subject.name).read(input, contextOf());
        await expectFailure(world, read, ['unavailable']);
      }),
  },
  ...NONSENSE.map(nonsense),
];
