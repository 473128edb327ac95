import type { Route, SourceConfiguration } from '../../domain/configuration.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { sha256Hex } from '../../evidence/digest.ts';

/** Every secret of these tests: none of them may be told to anybody. */
export const SECRETS = {
  alertmanager: 'am-token-of-prometheus',
  generic: 'token-of-plain-json',
  cloudevents: 'token-of-cloud-events',
  person: 'fb_token-of-rita-who-responds',
  newHmac: 'the new secret of the signed source',
  oldHmac: 'the old secret of the signed source',
} as const;

const bearer = (token: string): SourceConfiguration['authentication'] => ({
  kind: 'bearer',
  tokenSha256: [sha256Hex(token)],
});

const MAPPING: SourceConfiguration['mapping'] = {
  alerts: 'body.alerts',
  status: "get(item, 'status', 'firing')",
  startsAt: 'item.startsAt',
  endsAt: "get(item, 'endsAt', null)",
  title: "get(item, 'title', 'alert')",
  labels: 'item.labels',
  annotations: null,
};

const generic = (
  name: string,
  authentication: SourceConfiguration['authentication'],
): SourceConfiguration => ({
  name,
  kind: 'generic',
  authentication,
  mapping: MAPPING,
  ignoreLabels: [],
});

/** One source per kind with a token, one that signs, one that was configured without a secret. */
export const SOURCES: readonly SourceConfiguration[] = [
  {
    name: 'prometheus',
    kind: 'alertmanager',
    authentication: bearer(SECRETS.alertmanager),
    mapping: null,
    ignoreLabels: ['pod'],
  },
  {
    name: 'events',
    kind: 'cloudevents',
    authentication: bearer(SECRETS.cloudevents),
    mapping: null,
    ignoreLabels: [],
  },
  generic('plain', bearer(SECRETS.generic)),
  generic('signed', { kind: 'hmac', secrets: [SECRETS.newHmac, SECRETS.oldHmac] }),
  generic('unset', { kind: 'hmac', secrets: [''] }),
];

const entry = (model: string, deployment: string): InventoryEntry => ({
  model,
  registryName: model,
  alias: 'champion',
  serving: [
    {
      cluster: 'kubernetes',
      namespace: 'ml',
      kind: 'Deployment',
      name: deployment,
      container: 'server',
      role: 'only',
    },
  ],
  service: null,
  load: 'baked-image',
  replicas: 2,
  pipeline: null,
  datasets: [],
  datasetPointer: null,
  owner: 'ml',
  onIsolation: null,
  source: 'file',
  confidence: 'high',
});

/** Two models that share a registry name, and one that shares nothing. */
export const INVENTORY: readonly InventoryEntry[] = [
  entry('fraud-scorer', 'scorer'),
  { ...entry('ranker-eu', 'ranker-eu'), registryName: 'ranker' },
  { ...entry('ranker-us', 'ranker-us'), registryName: 'ranker' },
];

/** Anomalies go to the playbook of poisoned data; all else is left to the built-in route. */
export const ROUTES: readonly Route[] = [
  {
    name: 'anomaly',
    when: "get(alert.labels, 'alertname', '') == 'ModelAnomaly'",
    playbook: 'poisoned-data',
    mode: 'auto',
    vetoSeconds: 0,
    severity: 'sev2',
    suspect: null,
    reopenWindowSeconds: 3600,
  },
];
