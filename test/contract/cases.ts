import { expect } from '@jest/globals';
import type { ConnectorModule } from '../../connectors/connector.ts';
import { applyProperties } from './apply-properties.ts';
import { inWorld, type Property, type Subject } from './bench.ts';
import type { ContractFixture } from './fixture.ts';
import { actionFaults, probeFaults } from './fault-properties.ts';
import { handProperties } from './hand-properties.ts';
import { healthProperties } from './health-properties.ts';
import { probeProperties } from './probe-properties.ts';
import { ensureProperties, revertProperties } from './revert-properties.ts';

/** One property on one action or probe. */
export interface Case {
  readonly title: string;
  readonly property: Property;
  readonly subject: Subject;
}

/** A connector with the worlds that it is tried in. */
export interface Tried {
  readonly module: ConnectorModule;
  readonly fixture: ContractFixture;
}

function cases(
  tried: Tried,
  names: readonly string[],
  properties: readonly Property[],
): readonly Case[] {
  return names.flatMap((name) =>
    properties.map((property) => ({
      title: `${name}: ${property.name}`,
      property,
      subject: { ...tried, name },
    })),
  );
}

function reversible({ manifest: { actions } }: ConnectorModule): readonly string[] {
  return Object.keys(actions).filter((name) => actions[name]?.reversible === true);
}

async function ensurable(tried: Tried): Promise<readonly string[]> {
  const names: string[] = [];
  await inWorld({ ...tried, name: '' }, ({ connector: { actions } }) => {
    names.push(...Object.keys(actions).filter((name) => actions[name]?.ensure !== undefined));
    return Promise.resolve();
  });
  return names;
}

/** Every property on every action and probe of a connector. */
export async function contractCases(tried: Tried): Promise<readonly Case[]> {
  const { name, actions, probes } = tried.module.manifest;
  return [
    ...cases(tried, [name], healthProperties),
    ...cases(tried, Object.keys(probes), [...probeProperties, ...probeFaults]),
    ...cases(tried, Object.keys(actions), [...applyProperties, ...handProperties, ...actionFaults]),
    ...cases(tried, reversible(tried.module), revertProperties),
    ...cases(tried, await ensurable(tried), ensureProperties),
  ];
}

/** Fails unless the fixture has a case for each action and probe of its connector. */
export async function expectWholeFixture(tried: Tried): Promise<void> {
  const { name, actions, probes } = tried.module.manifest;
  expect(tried.fixture.connector).toBe(name);
  await inWorld({ ...tried, name }, ({ world, connector }) => {
    expect(connector.name).toBe(name);
    expect(Object.keys(connector.actions).sort()).toEqual(Object.keys(actions).sort());
    expect(Object.keys(connector.probes).sort()).toEqual(Object.keys(probes).sort());
    expect(world.actions.map((one) => one.action).sort()).toEqual(Object.keys(actions).sort());
    expect(world.probes.map((one) => one.probe).sort()).toEqual(Object.keys(probes).sort());
    expect(JSON.stringify(world.config)).toContain(world.canary);
    return Promise.resolve();
  });
}
