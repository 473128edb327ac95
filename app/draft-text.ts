import type { InventoryEntry } from '../domain/inventory.ts';
import type { Draft, DraftEntry } from './draft.ts';

/** How Firebreak reaches the cluster under an identity of its own. */
export interface OwnAccess {
  readonly server: string;
  /** Absolute path of the authority's PEM; null trusts the public ones. */
  readonly caFile: string | null;
  /** Absolute path where the token of the service account is to stand. */
  readonly tokenFile: string;
}

/** What stands in the draft beside the inventory. */
export interface DraftFrame {
  /** Absolute path. */
  readonly kubeconfig: string;
  /** Null when the kubeconfig reaches the cluster by more than an address and an authority. */
  readonly own: OwnAccess | null;
  readonly context: string | null;
  readonly namespaces: readonly string[] | null;
  readonly registryUrl: string;
  /** Name of the variable that holds the registry's token; null when it wants none. */
  readonly registryToken: string | null;
  /** SHA-256 of the token that Alertmanager shall bring. */
  readonly tokenSha256: string;
}

/** A text as YAML takes it whatever is in it: JSON strings are YAML strings. */
const quoted = (text: string): string => JSON.stringify(text);
/** Words that YAML, of one version or another, takes for something else than text. */
const NOT_TEXT = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** A name that needs no quotes; anything else is quoted. */
const plain = (text: string): string =>
  /^[A-Za-z][\w./-]{0,200}$/.test(text) && !NOT_TEXT.test(text) ? text : quoted(text);
/** One line of a comment, whatever the text holds. */
const comment = (text: string): string => `# ${text.replace(/[\r\n\u0085\u2028\u2029]+/g, ' ')}`;

function entryText({ entry, because }: DraftEntry): string {
  return [
    comment(because),
    `- model: ${plain(entry.model)}`,
    `  registryName: ${plain(entry.registryName)}`,
    `  alias: ${plain(entry.alias)}`,
    ...servingLines(entry),
    entry.service === null
      ? '  # service: namespace/name  (the Service in front; none of its name was found)'
      : `  service: ${plain(entry.service)}`,
    `  load: ${entry.load} # or alias-at-start, pinned-uri, baked-image, sidecar`,
    `  replicas: ${entry.replicas.toString()}`,
    entry.pipeline === null
      ? '  # pipeline: the Airflow DAG that trains it'
      : `  pipeline: ${plain(entry.pipeline)}`,
    entry.datasets.length === 0
      ? '  # datasets: [namespace/name, …]  as lineage calls them'
      : `  datasets: [${entry.datasets.map(quoted).join(', ')}]`,
    ...pointerLines(entry),
    `  owner: ${plain(entry.owner)}`,
    entry.onIsolation === null
      ? '  # onIsolation: previous-version, fallback-model, rules, fail-closed or fail-open'
      : `  onIsolation: ${entry.onIsolation}`,
    `  confidence: ${entry.confidence}${entry.confidence === 'high' ? '' : ' # high, once you have checked this entry'}`,
  ]
    .map((line) => `  ${line}`)
    .join('\n');
}

function servingLines({ serving }: InventoryEntry): readonly string[] {
  if (serving.length === 0) return [];
  const lines = serving.map(
    ({ namespace, name, container, role }) =>
      `    - { namespace: ${plain(namespace)}, name: ${plain(name)}, container: ${plain(container)}, role: ${role} }`,
  );
  return ['  serving:', ...lines];
}

function pointerLines({ datasetPointer }: InventoryEntry): readonly string[] {
  if (datasetPointer === null) return [];
  const { namespace, name, key } = datasetPointer;
  return [
    `  datasetPointer: { namespace: ${plain(namespace)}, name: ${plain(name)}, key: ${quoted(key)} }`,
  ];
}

/** Comments about what the draft leaves open. */
function openLines({ unserved, unregistered, unusable }: Draft): readonly string[] {
  return [
    ...unusable.map((text) => comment(`Left out: ${text}`)),
    ...(unserved.length === 0
      ? []
      : [
          comment(
            'Registered, but nothing was found to serve them. Add an entry for each that is in production:',
          ),
          ...unserved.map(({ name }) => comment(`  ${name}`)),
        ]),
    ...(unregistered.length === 0
      ? []
      : [
          comment('Served, but the registry does not know them. Who put them there?'),
          ...unregistered.map((text) => comment(`  ${text}`)),
        ]),
  ];
}

/** The line that takes the place of the kubeconfig's. */
function ownLines(own: OwnAccess | null, shared: readonly string[]): readonly string[] {
  if (own === null) {
    return [
      '# Its own: a kubeconfig like this one whose user has the token of the service account.',
    ];
  }
  const keys = [
    `server: ${quoted(own.server)}`,
    ...(own.caFile === null ? [] : [`caFile: ${quoted(own.caFile)}`]),
    `tokenFile: ${quoted(own.tokenFile)}`,
    ...shared,
  ];
  return [
    "# Firebreak's own, once rbac-observe.yaml is applied and the token stands in its file:",
    `# config: { ${keys.join(', ')} }`,
  ];
}

function instancesText(frame: DraftFrame): string {
  const { kubeconfig, own, context, namespaces, registryUrl, registryToken } = frame;
  const shared = namespaces === null ? [] : [`namespaces: [${namespaces.map(plain).join(', ')}]`];
  const keys = [
    `kubeconfig: ${quoted(kubeconfig)}`,
    ...(context === null ? [] : [`context: ${quoted(context)}`]),
    ...shared,
  ];
  const token = registryToken === null ? '' : `, token: { env: ${registryToken} }`;
  return `# Your systems, each under one identity.
instances:
  - name: kubernetes
    connector: kubernetes
    # Yours, which may do more than Firebreak should:
    config: { ${keys.join(', ')} }
${ownLines(own, shared)
  .map((line) => `    ${line}`)
  .join('\n')}
  - name: mlflow
    connector: mlflow
    config: { url: ${quoted(registryUrl)}${token} }
  # What probes and evidence ask; without them an incident holds where they would have been asked, and says so.
  # - { name: prometheus, connector: prometheus, config: { url: 'https://prometheus.example.com' } }
  # - { name: loki, connector: loki, config: { url: 'https://loki.example.com' } }
`;
}

/** The configuration file of a draft: everything observes, every guess says so. */
export function configurationText(draft: Draft, frame: DraftFrame): string {
  const entries = draft.entries.map(entryText);
  const inventory = entries.length === 0 ? 'inventory: []' : `inventory:\n${entries.join('\n\n')}`;
  return `# A draft of \`firebreak init\`, made by reading only. Check it, then: firebreak doctor --config firebreak.yaml
# Every key: docs/configuration.md. Nothing outside is changed while every route observes.

${instancesText(frame)}
# Who may send alerts: the receiver of alertmanager.yaml, by the token in alertmanager-token.
sources:
  - name: alertmanager
    kind: alertmanager
    authentication: { kind: bearer, tokenSha256: [${frame.tokenSha256}] }
    ignoreLabels: [pod, instance]

# Which model runs where. An entry of low confidence is offered to a person and never acted on.
${inventory}
${openLines(draft).join('\n')}

# Without rules of your own an alert means a model by its label \`model\`, by \`namespace\` and \`deployment\`, or by \`service\`.
# selectionRules:
#   - { name: team-label, when: alert.labels.ml_model == entry.model, confidence: high }

# Which playbook answers; the first that matches wins. \`firebreak route explain ALERT.json\` tells which and why.
routes:
  - name: model-alerts
    # What Firebreak itself finds out of place (docs/known-good.md) goes where all goes that no route takes: it is observed.
    when: "alert.source != 'firebreak-sync' && ('model' in alert.labels || 'deployment' in alert.labels)"
    playbook: model-drift
    mode: observe
    severity: sev3
# - name: poisoned-data
#   when: "'dataset_version' in alert.labels"
#   playbook: poisoned-data
#   suspect: "'dataset:warehouse/transactions@' + alert.labels.dataset_version"

# Who may do what. Give each person a token: firebreak token create ada --label laptop --scopes read,steer,decide,account --expires 90d
people: []
# - { id: ada, name: Ada, roles: [responder, approver-security], mail: ada@example.com }
`;
}

/** Deployments of the inventory by namespace, as one matcher each; dots would mean any character. */
function placeMatchers(entries: readonly DraftEntry[]): readonly string[] {
  const places = new Map<string, Set<string>>();
  for (const { namespace, name } of entries.flatMap(({ entry }) => entry.serving)) {
    places.set(namespace, (places.get(namespace) ?? new Set()).add(name.replaceAll('.', '[.]')));
  }
  return [...places].map(
    ([namespace, names]) => `['namespace="${namespace}"', 'deployment=~"${[...names].join('|')}"']`,
  );
}

/** The receiver for an Alertmanager configuration, and which alerts are for it: those that mean a model of the inventory. */
export function receiverText(baseUrl: string, entries: readonly DraftEntry[]): string {
  const routes = [`['model!=""']`, ...placeMatchers(entries)].map(
    (matchers) => `    - { receiver: firebreak, continue: true, matchers: ${matchers} }`,
  );
  return `# For your Alertmanager's configuration; its file of the token is alertmanager-token of this folder.
receivers:
  - name: firebreak
    webhook_configs:
      - url: ${baseUrl}/api/v1/alerts/alertmanager?source=alertmanager
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization: { credentials_file: /etc/alertmanager/firebreak-token }
# These go before your own routes; they go on to them (\`continue\`), so that nothing else changes. Leave out what your alerts do not say.
route:
  routes:
${routes.join('\n')}
`;
}
