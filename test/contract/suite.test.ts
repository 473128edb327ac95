// Goal: every connector has the properties that the engine relies on.
// Method: each property is tried on each action and probe of the registry, in a fresh world of its fixture; faults
// cut, delay and replace answers; a retry is made by a connector that knows nothing of the first try.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from '@jest/globals';
import { z } from 'zod';
import { connectorModules } from '../../connectors/registry.ts';
import { contractCases, expectWholeFixture } from './cases.ts';
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

for (const module of connectorModules) {
  const { name } = module.manifest;
  const fixture = fixtures.get(name);
  const all = fixture === undefined ? [] : await contractCases({ module, fixture });
  describe(name, () => {
    test('has a fixture with a case for each action and probe', async () => {
      if (fixture === undefined) throw new Error(`test/contract/${name}.ts is missing.`);
      await expectWholeFixture({ module, fixture });
    });
    test.each(all)('$title', async ({ property, subject }) => {
      await property.run(subject);
    });
  });
}
