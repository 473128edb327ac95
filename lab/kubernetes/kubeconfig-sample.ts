import type { JsonObject } from '../../domain/json.ts';

/** A kubeconfig (JSON is YAML) with one cluster and one user, current context `lab`. */
export function kubeconfigText(parts: {
  readonly server: string;
  readonly user: JsonObject;
  /** More fields of the cluster. */
  readonly cluster?: JsonObject;
}): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    clusters: [
      { name: 'lab', cluster: { server: parts.server, ...parts.cluster } },
      { name: 'away', cluster: { server: 'http://127.0.0.1:1' } },
    ],
    contexts: [
      { name: 'lab', context: { cluster: 'lab', user: 'me' } },
      { name: 'away', context: { cluster: 'away', user: 'me' } },
      { name: 'anonymous', context: { cluster: 'lab' } },
      { name: 'clusterless', context: { cluster: 'none', user: 'me' } },
      { name: 'userless', context: { cluster: 'lab', user: 'none' } },
    ],
    users: [{ name: 'me', user: parts.user }],
  };
  return JSON.stringify(config, null, 2);
}
