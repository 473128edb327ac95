import type { ConnectorInstance, ConnectorInstances } from '../activities/dependencies.ts';
import type { ConnectorModule } from '../connectors/connector.ts';
import type { InstanceConfiguration } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';

/** The configured connectors, and their common end. */
export interface LoadedInstances extends ConnectorInstances {
  readonly all: readonly ConnectorInstance[];
  close(): Promise<void>;
}

/** Loads and creates every configured instance. Raises `invalid` naming the instance and the field. */
export async function loadInstances(
  modules: readonly ConnectorModule[],
  configured: readonly InstanceConfiguration[],
): Promise<LoadedInstances> {
  const all: ConnectorInstance[] = [];
  for (const { name, connector: kind, holdSeconds, config } of configured) {
    const module = modules.find(({ manifest }) => manifest.name === kind);
    if (!module) {
      throw new AppError('invalid', `Instance ${name}: there is no connector ${kind}.`, {
        field: `instances.${name}.connector`,
      });
    }
    const loaded = await module.load();
    all.push({ name, holdMs: holdSeconds * 1000, connector: loaded.create(config) });
  }
  return {
    all,
    find: (use, instance) => find(all, use, instance),
    named: (instance) => {
      const found = all.find(({ name }) => name === instance);
      if (found) return found;
      throw new AppError('invalid', `No instance ${instance} is configured.`, {
        field: 'instance',
      });
    },
    close: async () => {
      await Promise.all(all.map(({ connector }) => connector.close()));
    },
  };
}

function find(
  all: readonly ConnectorInstance[],
  use: string,
  instance: string | null,
): ConnectorInstance {
  const kind = use.slice(0, Math.max(use.indexOf('.'), 0));
  const fitting = all.filter(({ connector }) => connector.name === kind);
  const [only] = fitting;
  if (instance !== null) {
    const named = fitting.find(({ name }) => name === instance);
    if (named) return named;
    throw new AppError('invalid', `No ${kind} instance is called ${instance}.`, {
      field: 'instance',
    });
  }
  if (only && fitting.length === 1) return only;
  throw new AppError(
    'invalid',
    only
      ? `Several ${kind} instances are configured: name one.`
      : `No ${kind} instance is configured.`,
    { field: 'instance' },
  );
}
