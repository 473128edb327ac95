/** Places of one machine and one run, told as what they are. */
function placeless(told: string): string {
  const [folder = '<data folder>'] = /(?<=data in )\S+/.exec(told) ?? [];
  return told
    .replaceAll(folder, '<data folder>')
    .replaceAll(/(?<=postmortem)-\w+(?=\.md)/g, '')
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'http://127.0.0.1:<port>')
    .replaceAll(/[^\S\n]+$/gm, '');
}

/** The page that shows one run of the demo on real servers: `told` is what the demo said. */
export function realRunPage(told: string, now: Date): string {
  const [real = ''] = /(?<=^Real: ).*(?=\. Everything)/m.exec(told) ?? [];
  return `# The main job on real servers

Written by \`npm run conformance demo\` on ${now.toISOString().slice(0, 10)}: it starts the servers, runs the demo on them and
replaces this page.

- Real: ${real}. The control plane is etcd, the API server with its audit log, the controllers and the scheduler; kwok
  plays the nodes, so pods become ready without running anything. Alertmanager delivers the alert to the webhook itself.
- Twins: Airflow, Prometheus with the model servers, Loki, Slack and mail. The model servers' twin looks at the real API
  server; a log agent of the lab carries the real audit log to Loki.
- On the real servers the demo writes only into the namespace \`firebreak-demo-ml\`, the registered models and the experiment
  \`firebreak-demo-…\`, which it creates, refuses to share and takes away in the end.

The same on other servers, any of the flags alone as well:

\`\`\`
npm run demo -- --kubeconfig FILE --mlflow URL --alertmanager URL
\`\`\`

The cluster needs nodes on which pods become ready, as kwok's do: the images of the story do not exist. The demo shows what
Alertmanager has to be configured with; \`--port\` and \`--alert-token-file\` fix address and token beforehand.
\`--audit-log FILE\` names the API server's audit log, which no kubeconfig leads to; without it no audit events are sealed.

## What differed

What the real servers did otherwise than their twins, and how it was mended, stands in the READMEs of the twins:
[Kubernetes](../lab/kubernetes/README.md), [MLflow](../lab/mlflow/README.md),
[Alertmanager](../lab/alertmanager/README.md).

## What it told

\`\`\`
${placeless(told).trim()}
\`\`\`
`;
}
