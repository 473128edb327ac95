// Goal: a drill reaches the instances of drills and nothing else, and nothing else reaches those; where none is named, each
// chooses among its own. Method: the real loading of instances whose connector does nothing.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ConnectorModule } from '../connectors/connector.ts';
import type { InstanceConfiguration } from '../domain/configuration.ts';
import { loadInstances } from './connector-instances.ts';

const MODULE: ConnectorModule = {
  manifest: {
    ...{ name: 'registry', title: 'A registry', lastResort: [], actions: {}, probes: {} },
    config: z.json(),
  },
  load: () =>
    Promise.resolve({
      create: () => ({
        ...{ name: 'registry', probes: {}, actions: {} },
        health: () => Promise.reject(new Error('not asked')),
        close: () => Promise.resolve(),
      }),
    }),
};

function instance(name: string, drill?: boolean): InstanceConfiguration {
  const shared = { name, connector: 'registry', holdSeconds: 1, config: {} };
  return drill === undefined ? shared : { ...shared, drill };
}

const [DRILL, REAL] = [{ drill: true }, { drill: false }];
const load = (...instances: readonly InstanceConfiguration[]) => loadInstances([MODULE], instances);
const refused = (reason: string) =>
  expect.objectContaining({ code: 'refused', details: { reason } });

describe('an instance', () => {
  test('that is named is reached from its own side alone', async () => {
    const instances = await load(instance('prod'), instance('sandbox', true));
    for (const reach of ['named', 'find'] as const) {
      const from = (side: { readonly drill: boolean }, name: string): string =>
        reach === 'named'
          ? instances.of(side).named(name).name
          : instances.of(side).find('registry.move', name).name;
      expect(from(REAL, 'prod')).toBe('prod');
      expect(from(DRILL, 'sandbox')).toBe('sandbox');
      expect(() => from(DRILL, 'prod')).toThrow(
        refused('a drill does not reach prod, which is real'),
      );
      expect(() => from(REAL, 'sandbox')).toThrow(refused('only drills reach sandbox'));
      expect(() => from(DRILL, 'nobody')).toThrow(expect.objectContaining({ code: 'invalid' }));
    }
  });

  test('that is not named is the only one of its side', async () => {
    const instances = await load(instance('sandbox', true), instance('prod', false));
    expect(instances.of(DRILL).find('registry.move', null).name).toBe('sandbox');
    expect(instances.of(REAL).find('registry.move', null).name).toBe('prod');
  });

  test('of the other side is no stand-in', async () => {
    const none = { code: 'invalid', message: 'No drill registry instance is configured.' };
    const real = await load(instance('prod'));
    expect(() => real.of(DRILL).find('registry.move', null)).toThrow(expect.objectContaining(none));
    const sandbox = await load(instance('sandbox', true));
    expect(() => sandbox.of(REAL).find('registry.move', null)).toThrow(
      /^No registry instance is configured/,
    );
  });
});
