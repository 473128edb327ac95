// Goal: every connector has the properties that the engine relies on.
// Method: each property is tried on each action and probe of the registry, in a fresh world of its fixture; faults
// cut, delay and replace answers; a retry is made by a connector that knows nothing of the first try.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { ConnectorModule } from '../../connectors/connector.ts';
import { connectorModules } from '../../connectors/registry.ts';
import { applyProperties } from './apply-properties.ts';
import { inWorld, type Property, type Subject } from './bench.ts';
import { healthProperties } from './health-properties.ts';
import { probeProperties } from './probe-properties.ts';
import { ensureProperties, revertProperties } from './revert-properties.ts';
import type { ContractFixture } from './fixture.ts';

const fixtureModule = z.object({
  fixture: z.custom<ContractFixture>(
    (value) => typeof value === 'object' && value !== null && 'start' in value,
  ),
});

/** Fixtures by the connector's name; files of `test/contract/` are named after it. */
async function loadFixtures(): Promise<ReadonlyMap<string, ContractFixture>> {
  const files = new Set(readdirSync(import.meta.dirname));
  const found = new Map<string, ContractFixture>();
  for (const { manifest } of connectorModules) {
    const file = `${manifest.name}.ts`;
    if (!files.has(file)) continue;
    const loaded: unknown = await import(join(import.meta.dirname, file));
    found.set(manifest.name, fixtureModule.parse(loaded).fixture);
  }
  return found;
}

const fixtures = await loadFixtures();

interface Case {
  readonly title: string;
  readonly property: Property;
  readonly subject: Subject;
}

function cases(
  module: ConnectorModule,
  names: readonly string[],
  properties: readonly Property[],
): readonly Case[] {
  const fixture = fixtures.get(module.manifest.name);
  if (fixture === undefined) return [];
  return names.flatMap((name) =>
    properties.map((property) => ({
      title: `${name}: ${property.name}`,
      property,
      subject: { module, fixture, name },
    })),
  );
}

function reversible(module: ConnectorModule): readonly string[] {
  const { actions } = module.manifest;
  return Object.keys(actions).filter((name) => actions[name]?.reversible === true);
}

async function ensurable(module: ConnectorModule): Promise<readonly string[]> {
  const fixture = fixtures.get(module.manifest.name);
  if (fixture === undefined) return [];
  const names: string[] = [];
  await inWorld({ module, fixture, name: '' }, ({ connector }) => {
    const { actions } = connector;
    names.push(...Object.keys(actions).filter((name) => actions[name]?.ensure !== undefined));
    return Promise.resolve();
  });
  return names;
}

test.each(connectorModules.map((module) => ({ name: module.manifest.name, module })))(
  '$name has a fixture with a case for each action and probe',
  async ({ module }) => {
    const { name, actions, probes } = module.manifest;
    const fixture = fixtures.get(name);
    expect(fixture?.connector).toBe(name);
    if (fixture === undefined) return;
    await inWorld({ module, fixture, name }, ({ world, connector }) => {
      expect(connector.name).toBe(name);
      expect(Object.keys(connector.actions).sort()).toEqual(Object.keys(actions).sort());
      expect(Object.keys(connector.probes).sort()).toEqual(Object.keys(probes).sort());
      expect(world.actions.map((one) => one.action).sort()).toEqual(Object.keys(actions).sort());
      expect(world.probes.map((one) => one.probe).sort()).toEqual(Object.keys(probes).sort());
      expect(JSON.stringify(world.config)).toContain(world.canary);
      return Promise.resolve();
    });
  },
);

for (const module of connectorModules) {
  const actions = Object.keys(module.manifest.actions);
  const all = [
    ...cases(module, [module.manifest.name], healthProperties),
    ...cases(module, Object.keys(module.manifest.probes), probeProperties),
    ...cases(module, actions, applyProperties),
    ...cases(module, reversible(module), revertProperties),
    ...cases(module, await ensurable(module), ensureProperties),
  ];
  describe(module.manifest.name, () => {
    test.each(all)('$title', async ({ property, subject }) => {
      await property.run(subject);
    });
  });
}
