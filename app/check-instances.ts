import type { ConnectorModule, Health } from '../connectors/connector.ts';
import type { Configuration, InstanceConfiguration } from '../domain/configuration.ts';
import { toAppError } from '../domain/error.ts';
import { bad, good, type Check } from './finding.ts';

/** How long one system may take to answer. */
const HEALTH_WITHIN_MS = 10_000;

/** A clock that was compared with ours. */
export interface ComparedClock {
  readonly name: string;
  /** Milliseconds by which it is ahead of ours. */
  readonly skewMs: number;
}

/** What was found out about the configured systems. */
export interface ExaminedInstances {
  readonly checks: readonly Check[];
  readonly clocks: readonly ComparedClock[];
}

type Loaded = Awaited<ReturnType<ConnectorModule['load']>>;

async function healthOf(loaded: Loaded, config: unknown): Promise<Health> {
  const connector = loaded.create(config);
  try {
    return await connector.health(AbortSignal.timeout(HEALTH_WITHIN_MS));
  } finally {
    await connector.close();
  }
}

/** What may be changed, and by whom. */
interface Power {
  /** True when some route may change something outside. */
  readonly acts: boolean;
  /** True for a right that this process needs to change what it has the credential for. */
  readonly needs: (right: string) => boolean;
}

/**
 * One finding for each right that is missing; what only changes need is no fault while nothing may be changed, and one finding
 * together; what only another credential needs is none at all.
 */
function rightsOf(
  instance: InstanceConfiguration,
  health: Health,
  { acts, needs }: Power,
): readonly Check[] {
  const { name, connector } = instance;
  const manifest = connector === 'kubernetes' ? ' `firebreak init` writes the manifest.' : '';
  const fix = `Grant it to the identity of ${name} (connectors/${connector}/README.md).${manifest}`;
  const toAct = (right: string): boolean => health.missingToAct?.includes(right) === true;
  const missing = health.missing.filter((right) => !toAct(right) || needs(right));
  const later = acts ? [] : missing.filter(toAct);
  const faults = missing.filter((right) => !later.includes(right));
  return [
    ...faults.map((right) => bad(`right at ${name}`, `missing: ${right}`, fix)),
    ...(later.length === 0
      ? []
      : [good(`rights at ${name}`, `to observe; before a route may act: ${later.join(', ')}`)]),
  ];
}

function findingsOf(
  instance: InstanceConfiguration,
  health: Health,
  power: Power,
): readonly Check[] {
  const name = `system ${instance.name}`;
  const { reachable, version, missing, problem } = health;
  if (reachable) {
    const answers = good(name, `answers${version === null ? '' : `, version ${version}`}`);
    return [answers, ...rightsOf(instance, health, power)];
  }
  const fix = `Check config of instances.${instance.name}: address, caFile, proxy, credential.`;
  const why = problem ?? `does not let us in: ${missing.join(', ')}`;
  return [bad(name, why, fix)];
}

/** True when some route may change something outside. */
function mayAct({ routes }: Configuration): boolean {
  return routes.some(({ mode }) => mode !== 'observe');
}

/**
 * Asks every configured system at the same time: does it answer, as which version, with which rights, at what time. Of the rights
 * to change something only those that `needs` names are missed. Never raises.
 */
export async function checkInstances(
  modules: readonly ConnectorModule[],
  configuration: Configuration,
  needs: Power['needs'] = () => true,
): Promise<ExaminedInstances> {
  const power: Power = { acts: mayAct(configuration), needs };
  const clocks: ComparedClock[] = [];
  const loaded = new Map<string, Loaded>();
  for (const module of modules) {
    const { name } = module.manifest;
    const isUsed = configuration.instances.some(({ connector }) => connector === name);
    if (isUsed) loaded.set(name, await module.load());
  }
  const checks = await Promise.all(
    configuration.instances.map(async (instance) => {
      const module = loaded.get(instance.connector);
      if (module === undefined) return [];
      try {
        const health = await healthOf(module, instance.config);
        const { clockSkewMs: skewMs } = health;
        if (skewMs !== undefined) clocks.push({ name: instance.name, skewMs });
        return findingsOf(instance, health, power);
      } catch (error) {
        const fix = `Check config of instances.${instance.name}.`;
        return [bad(`system ${instance.name}`, toAppError(error).message, fix)];
      }
    }),
  );
  return { checks: checks.flat(), clocks };
}
