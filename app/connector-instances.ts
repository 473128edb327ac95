import type {
  ConnectorInstance,
  ConnectorInstances,
  ReachableInstances,
} from '../activities/dependencies.ts';
import type { ConnectorModule } from '../connectors/connector.ts';
import type { InstanceConfiguration } from '../domain/configuration.ts';
import type { DrillSide } from '../domain/drill.ts';
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
  for (const { name, connector: kind, holdSeconds, drill = false, config } of configured) {
    const module = modules.find(({ manifest }) => manifest.name === kind);
    if (!module) {
      throw new AppError('invalid', `Instance ${name}: there is no connector ${kind}.`, {
        field: `instances.${name}.connector`,
      });
    }
    const loaded = await module.load();
    all.push({ name, drill, holdMs: holdSeconds * 1000, connector: loaded.create(config) });
  }
  return {
    all,
    of: (side) => reachable(all, side),
    close: async () => {
      await Promise.all(all.map(({ connector }) => connector.close()));
    },
  };
}

/** The instances on this side of the wall between drills and what is real. */
function reachable(all: readonly ConnectorInstance[], { drill }: DrillSide): ReachableInstances {
  const within = (found: ConnectorInstance): ConnectorInstance => {
    if (found.drill === drill) return found;
    const reason = drill
      ? `a drill does not reach ${found.name}, which is real`
      : `only drills reach ${found.name}`;
    throw new AppError('refused', `Refused: ${reason}.`, { details: { reason } });
  };
  return {
    find: (use, instance) => {
      const kind = use.slice(0, Math.max(use.indexOf('.'), 0));
      const fitting = all.filter(({ connector }) => connector.name === kind);
      if (instance !== null) return within(find(fitting, kind, instance));
      return find(
        fitting.filter((one) => one.drill === drill),
        drill ? `drill ${kind}` : kind,
        null,
      );
    },
    named: (instance) => {
      const found = all.find(({ name }) => name === instance);
      if (found) return within(found);
      throw new AppError('invalid', `No instance ${instance} is configured.`, {
        field: 'instance',
      });
    },
  };
}

function find(
  fitting: readonly ConnectorInstance[],
  kind: string,
  instance: string | null,
): ConnectorInstance {
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
