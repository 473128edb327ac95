import { z } from 'zod';
import type { Connector, ProbeReply } from '../connectors/connector.ts';
import { healthContext } from '../connectors/http.ts';
import { isAppError } from '../domain/error.ts';
import type { DiscoveredDeployment } from '../intake/inventory-annotations.ts';
import { deploymentListing } from './discovery.ts';

const SURVEY_WITHIN_MS = 60_000;
const PAGES_MAX = 25;
/** Services that are asked for by name. */
const SERVICES_MAX = 500;

/** A model as the registry knows it. */
export interface SurveyedModel {
  readonly name: string;
  /** Names of its aliases. */
  readonly aliases: readonly string[];
}

/** What was found in a cluster and a registry, and whether a limit cut it. */
export interface Survey {
  readonly deployments: readonly DiscoveredDeployment[];
  readonly models: readonly SurveyedModel[];
  /** `namespace/name` of Services that exist, of those that were asked for. */
  readonly services: ReadonlySet<string>;
  readonly truncated: boolean;
}

const modelPage = z.object({
  models: z.array(z.object({ name: z.string(), aliases: z.record(z.string(), z.string()) })),
  next: z.string().nullable(),
});

/** Every model that a registry connector lists, at most 5000. Raises what a read raises. */
export async function surveyModels(
  registry: Connector,
): Promise<{ readonly models: readonly SurveyedModel[]; readonly truncated: boolean }> {
  const context = healthContext(AbortSignal.timeout(SURVEY_WITHIN_MS));
  const models: SurveyedModel[] = [];
  let page: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const reply: ProbeReply | undefined = await registry.probes['models']?.read({ page }, context);
    const read = modelPage.parse(reply?.value);
    for (const { name, aliases } of read.models) {
      models.push({ name, aliases: Object.keys(aliases) });
    }
    page = read.next;
    if (page === null) return { models, truncated: false };
  }
  return { models, truncated: true };
}

/** A Service that is likely in front of a Deployment: of its name, or of its name without the part that says canary or stable. */
export function serviceNamesOf({ namespace, name }: DiscoveredDeployment): readonly string[] {
  const base = name.replace(/-(canary|stable|primary|baseline)$/, '');
  return [...new Set([`${namespace}/${name}`, `${namespace}/${base}`])];
}

async function exists(cluster: Connector, service: string): Promise<boolean> {
  const [namespace = '', name = ''] = service.split('/');
  try {
    const context = healthContext(AbortSignal.timeout(SURVEY_WITHIN_MS));
    await cluster.probes['endpoints']?.read({ namespace, service: name }, context);
    return true;
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return false;
    throw error;
  }
}

/** The Deployments that a cluster connector sees, and which of some Services exist. Raises what a read raises. */
export async function surveyCluster(
  cluster: Connector,
): Promise<Pick<Survey, 'deployments' | 'truncated'>> {
  const context = healthContext(AbortSignal.timeout(SURVEY_WITHIN_MS));
  const reply = await cluster.probes['deployments']?.read({ namespace: null }, context);
  const { deployments } = deploymentListing.parse(reply?.value);
  return {
    deployments: deployments.map((deployment) => ({ ...deployment, cluster: 'kubernetes' })),
    truncated: reply?.truncated ?? false,
  };
}

/** Which of the Services that likely stand before these Deployments exist. Raises what a read raises. */
export async function surveyServices(
  cluster: Connector,
  deployments: readonly DiscoveredDeployment[],
): Promise<ReadonlySet<string>> {
  const names = [...new Set(deployments.flatMap(serviceNamesOf))].slice(0, SERVICES_MAX);
  const found = new Set<string>();
  for (const name of names) if (await exists(cluster, name)) found.add(name);
  return found;
}
