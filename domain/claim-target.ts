import type { InventoryEntry } from './inventory.ts';

/** The kinds of targets whose second part is a registered model: `Alias/<model>/<alias>`. */
export const REGISTRY_KINDS: readonly string[] = ['Alias', 'ModelVersion'];

/** The parts of what an effect claims. */
export interface ClaimParts {
  readonly kind: string;
  readonly within: string;
  readonly name: string;
}

/** The parts of `<instance>/<kind>/<namespace>/<name>`; a name may hold slashes. */
export function partsOf(target: string): ClaimParts {
  const [, kind = '', within = '', ...name] = target.split('/');
  return { kind, within, name: name.join('/') };
}

/** The entries that say of what an effect touches which models it serves. */
export function entriesAt(
  inventory: readonly InventoryEntry[],
  targets: readonly string[],
): readonly InventoryEntry[] {
  const parts = targets.map((target) => ({ target, ...partsOf(target) }));
  return inventory.filter(
    ({ serving, service, pipeline, datasetPointer }) =>
      serving.some(({ cluster, kind, namespace, name }) =>
        targets.includes(`${cluster}/${kind}/${namespace}/${name}`),
      ) ||
      parts.some(
        ({ kind, within, name }) =>
          (kind === 'Service' && service === `${within}/${name}`) ||
          (pipeline !== null && kind.startsWith('Dag') && name === pipeline) ||
          (kind === 'ConfigMap' &&
            datasetPointer?.namespace === within &&
            datasetPointer.name === name),
      ),
  );
}
