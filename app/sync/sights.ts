import type { RegistrySight, ServingSight } from '../../domain/finding.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { subjectOf } from '../../domain/observation.ts';
import type { Store } from '../../store/tables.ts';
import { storedRunning, storedServing, type ListedModel } from './listing-schema.ts';

/** A registry that was seen whole in this round. */
export interface SeenRegistry {
  readonly instance: string;
  readonly models: readonly ListedModel[];
  /** `subjectOf.version` of each. */
  readonly versions: ReadonlySet<string>;
}

/** What sights are made from. */
export interface SightSources {
  readonly store: Pick<Store, 'observations'>;
  readonly inventory: readonly InventoryEntry[];
}

/** A registered version that somebody uses. */
export interface UsedVersion {
  readonly name: string;
  readonly version: string;
}

function inventoriedModel(
  inventory: readonly InventoryEntry[],
  place: { readonly cluster: string; readonly namespace: string; readonly name: string },
): string | null {
  const entry = inventory.find(({ serving }) =>
    serving.some(
      (object) =>
        object.cluster === place.cluster &&
        object.namespace === place.namespace &&
        object.name === place.name,
    ),
  );
  return entry?.registryName ?? null;
}

const NUMBER = /^\d{1,18}$/;

/** What the objects of a cluster serve, by what is on record and by the inventory. */
export async function servingSights(
  { store, inventory }: SightSources,
  cluster: string,
): Promise<readonly ServingSight[]> {
  const [serving, running] = await Promise.all([
    store.observations.current({ instance: cluster, kind: 'serving' }),
    store.observations.current({ instance: cluster, kind: 'running' }),
  ]);
  const versions = new Map(
    running.map(({ subject, value }) => {
      const found = storedRunning.parse(value).versions.map(({ version }) => version ?? '');
      return [subject, [...new Set(found)].filter((version) => NUMBER.test(version))];
    }),
  );
  return serving.map(({ subject, value }) => {
    const { namespace, name, references, looksLike } = storedServing.parse(value);
    const inventoried = inventoriedModel(inventory, { cluster, namespace, name });
    const place = { cluster, namespace, name, references, looksLike, inventoried };
    return { ...place, running: versions.get(subject) ?? [] };
  });
}

/** Several registries as one. */
export function registrySight(registries: readonly SeenRegistry[]): RegistrySight {
  const aliases = new Map<string, string>();
  for (const { models } of registries) {
    for (const model of models) {
      for (const [alias, version] of Object.entries(model.aliases)) {
        aliases.set(subjectOf.alias(model.name, alias), version);
      }
    }
  }
  return {
    models: new Set(registries.flatMap(({ models }) => models.map(({ name }) => name))),
    versions: new Set(registries.flatMap(({ versions }) => [...versions])),
    aliases,
  };
}

/** Versions that an alias names or that replicas of a model's objects run. */
export function usedVersions(
  sights: readonly ServingSight[],
  registry: RegistrySight,
): readonly UsedVersion[] {
  const used = new Map<string, UsedVersion>();
  const use = (name: string, version: string): void => {
    const subject = subjectOf.version(name, version);
    if (registry.versions.has(subject)) used.set(subject, { name, version });
  };
  for (const [subject, version] of registry.aliases) {
    use(decodeURIComponent(subject.split('/')[0] ?? ''), version);
  }
  for (const { references, inventoried, running } of sights) {
    for (const { name, version } of references) if (version !== null) use(name, version);
    const model = inventoried ?? references[0]?.name;
    if (model !== undefined) for (const version of running) use(model, version);
  }
  return [...used.values()];
}
