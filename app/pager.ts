import type { ConnectorInstance } from '../activities/dependencies.ts';
import type { AnyAction } from '../connectors/connector.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { DrillSide } from '../domain/drill.ts';

/** What pages people about an incident; null where nothing does: none is configured, or a drill, which wakes nobody. */
export type Pager = (side: DrillSide) => AnyAction | null;

/** The pager that the configuration names now, among the systems of this process. */
export function createPager(
  instances: readonly ConnectorInstance[],
  { configuration }: { readonly configuration: () => Pick<Configuration, 'escalation'> },
): Pager {
  return ({ drill }) => {
    const name = configuration().escalation?.pager;
    if (drill || name === undefined) return null;
    const found = instances.find((one) => one.name === name && !one.drill);
    return found?.connector.actions['page'] ?? null;
  };
}
