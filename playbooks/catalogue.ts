import type { AnyActionManifest, AnyProbeManifest, Manifest } from '../connectors/connector.ts';
import { suggestionFor } from './suggestion.ts';

/** What the connectors offer, by `<connector>.<name>`. */
export interface Catalogue {
  readonly action: (use: string) => AnyActionManifest | undefined;
  readonly probe: (use: string) => AnyProbeManifest | undefined;
  /** Why `use` is no action (or no probe), with a suggestion. */
  readonly unknown: (use: string, wanted: 'action' | 'probe') => string;
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Indexes manifests for look-ups by playbooks. */
export function createCatalogue(manifests: readonly Manifest[]): Catalogue {
  const byName = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  const split = (use: string): readonly [string, string] => {
    const dot = use.indexOf('.');
    return [use.slice(0, dot), use.slice(dot + 1)];
  };
  const namesOf = (wanted: 'action' | 'probe'): readonly string[] =>
    manifests.flatMap((manifest) =>
      Object.keys(wanted === 'action' ? manifest.actions : manifest.probes).map(
        (name) => `${manifest.name}.${name}`,
      ),
    );
  const action = (use: string): AnyActionManifest | undefined => {
    const [connector, name] = split(use);
    return own(byName.get(connector)?.actions ?? {}, name);
  };
  const probe = (use: string): AnyProbeManifest | undefined => {
    const [connector, name] = split(use);
    return own(byName.get(connector)?.probes ?? {}, name);
  };
  const unknown = (use: string, wanted: 'action' | 'probe'): string => {
    const [connector] = split(use);
    if (wanted === 'action' && probe(use)) return `'${use}' is a probe, not an action.`;
    if (wanted === 'probe' && action(use)) return `'${use}' is an action, not a probe.`;
    if (!byName.has(connector)) {
      return `Unknown connector '${connector}'.${suggestionFor(connector, [...byName.keys()])}`;
    }
    return `Unknown ${wanted} '${use}'.${suggestionFor(use, namesOf(wanted))}`;
  };
  return { action, probe, unknown };
}
