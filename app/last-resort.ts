import { connectorModules } from '../connectors/registry.ts';
import type { InstanceConfiguration } from '../domain/configuration.ts';

/** What takes the engine's own credential at one configured system away. */
export interface LastResort {
  readonly instance: string;
  /** Run by an administrator of that system, in this order. */
  readonly commands: readonly string[];
}

const HOLE = /\{([a-zA-Z]+)\}/gu;
/** A configured address or name that a shell reads as one word; anything else is left for people to fill in. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9.:/@_-]*$/u;

/** The way out for each configured instance that we may write to; secrets are in none. */
export function lastResorts(instances: readonly InstanceConfiguration[]): readonly LastResort[] {
  return instances.flatMap(({ name, connector, config }) => {
    const module = connectorModules.find(({ manifest }) => manifest.name === connector);
    if (!module || module.manifest.lastResort.length === 0) return [];
    const commands = module.manifest.lastResort.map((command) =>
      command.replaceAll(HOLE, (_, field: string) => {
        const value = config[field];
        return typeof value === 'string' && PLAIN.test(value) ? value : `<${field}>`;
      }),
    );
    return [{ instance: name, commands }];
  });
}
