import type { InventoryEntry } from '../domain/inventory.ts';
import type { Draft, DraftEntry } from './draft.ts';

/** What stands in the draft beside the inventory. */
export interface DraftFrame {
  /** Absolute path. */
  readonly kubeconfig: string;
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

function instancesText(frame: DraftFrame): string {
  const { kubeconfig, context, namespaces, registryUrl, registryToken } = frame;
  const keys = [
    `kubeconfig: ${quoted(kubeconfig)}`,
    ...(context === null ? [] : [`context: ${quoted(context)}`]),
    ...(namespaces === null ? [] : [`namespaces: [${namespaces.map(plain).join(', ')}]`]),
  ];
  const token = registryToken === null ? '' : `, token: { env: ${registryToken} }`;
  return `# Your systems. Give the cluster the identity of rbac-observe.yaml as soon as you can: what you used for this draft may do more.
instances:
  - name: kubernetes
    connector: kubernetes
    config: { ${keys.join(', ')} }
  - name: mlflow
    connector: mlflow
    config: { url: ${quoted(registryUrl)}${token} }
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
    when: "'model' in alert.labels || 'deployment' in alert.labels"
    playbook: model-drift
    mode: observe
    severity: sev3
# - name: poisoned-data
#   when: "'dataset_version' in alert.labels"
#   playbook: poisoned-data
#   suspect: "'dataset:warehouse/transactions@' + alert.labels.dataset_version"

# Who may do what. Give each person a token: firebreak token add ada
people: []
# - { id: ada, name: Ada, roles: [responder, approver-security], mail: ada@example.com }
`;
}

/** The receiver for an Alertmanager configuration. */
export function receiverText(baseUrl: string): string {
  return `# For your Alertmanager's configuration; its file of the token is alertmanager-token of this folder.
receivers:
  - name: firebreak
    webhook_configs:
      - url: ${baseUrl}/api/v1/alerts/alertmanager?source=alertmanager
        send_resolved: true
        max_alerts: 0
        http_config:
          authorization: { credentials_file: /etc/alertmanager/firebreak-token }
# And in your route, first and with \`continue\`, so that nothing else changes:
# route:
#   routes:
#     - receiver: firebreak
#       matchers: ['model!=""']
#       continue: true
`;
}
