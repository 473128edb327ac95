import type { Logger } from 'pino';
import { z } from 'zod';
import { toAppError } from '../domain/error.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import { entriesFromDeployments } from '../intake/inventory-annotations.ts';
import type { LoadedInstances } from './connector-instances.ts';

const DISCOVERY_WITHIN_MS = 10_000;
const CLUSTER_KIND = 'kubernetes';
const LISTING = 'deployments';

/** The answer of the cluster connector's probe `deployments`. */
export const deploymentListing = z.object({
  deployments: z.array(
    z.object({
      namespace: z.string(),
      name: z.string(),
      replicas: z.number(),
      annotations: z.record(z.string(), z.string()),
      containers: z.array(
        z.object({ name: z.string(), image: z.string(), env: z.record(z.string(), z.string()) }),
      ),
    }),
  ),
});

/**
 * What annotations and environments of the clusters' Deployments say of models. A cluster that does not answer is
 * reported and adds nothing.
 */
export async function discoverEntries(
  instances: LoadedInstances,
  log: Logger,
): Promise<readonly InventoryEntry[]> {
  const found: InventoryEntry[] = [];
  for (const { name, connector } of instances.all) {
    const probe = connector.probes[LISTING];
    if (connector.name !== CLUSTER_KIND || !probe) continue;
    try {
      const { value, truncated } = await probe.read(
        { namespace: null },
        {
          idempotencyKey: 'discovery',
          incidentId: 'discovery',
          signal: AbortSignal.timeout(DISCOVERY_WITHIN_MS),
          heartbeat: () => undefined,
          permit: () => Promise.reject(toAppError(new Error('discovery changes nothing'))),
          now: () => new Date(),
        },
      );
      if (truncated) log.warn({ cluster: name }, 'there are more Deployments than discovery reads');
      const { deployments } = deploymentListing.parse(value);
      const { entries, problems } = entriesFromDeployments(
        deployments.map((deployment) => ({ ...deployment, cluster: name })),
      );
      found.push(...entries);
      for (const problem of problems) log.warn({ cluster: name, ...problem }, 'not understood');
    } catch (error) {
      log.warn({ cluster: name }, `no discovery: ${toAppError(error).message}`);
    }
  }
  return found;
}
