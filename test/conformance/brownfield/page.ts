import type { Typed } from './terminal.ts';

const OUTPUT_LINES_MAX = 70;

/** What is private to one machine or one run, told as what it is. */
export interface Places {
  /** The folder that everything of the newcomer is below. */
  readonly home: string;
  readonly secrets: readonly string[];
}

function plain(text: string, { home, secrets }: Places): string {
  return secrets
    .reduce((told, secret) => told.replaceAll(secret, '<secret>'), text)
    .replace(/\bfb_[\w-]{20,}/g, '<secret>')
    .replaceAll(home, '~')
    .replace(/\/tmp\/firebreak-demo-\w+/g, '<data folder>')
    .replace(/\/tmp\/firebreak-real-kubernetes-\w+/g, '<cluster>')
    .replace(/file:\/\/\S+/g, '<this repository>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/--port \d+/g, '--port <port>')
    .replace(/\b[0-9a-f]{64}\b/g, '<digest>');
}

/** The beginning and the end of what was printed. */
function cut(output: string): string {
  const lines = output.split('\n');
  if (lines.length <= OUTPUT_LINES_MAX) return output;
  const half = OUTPUT_LINES_MAX / 2;
  const left = `… ${(lines.length - OUTPUT_LINES_MAX).toString()} lines more …`;
  return [...lines.slice(0, half), left, ...lines.slice(-half)].join('\n');
}

function timeOf(seconds: number): string {
  return `${Math.floor(seconds / 60).toString()}:${(seconds % 60).toString().padStart(2, '0')}`;
}

/** The page that shows one adoption on real servers. */
export function adoptionPage(typed: readonly Typed[], places: Places, now: Date): string {
  const steps = typed.map(({ line, atSeconds, output }) =>
    [`[${timeOf(atSeconds)}] $ ${line}`, ...(output === '' ? [] : [cut(output)])].join('\n'),
  );
  return `# An adoption on real servers

Written by \`npm run conformance brownfield\` on ${now.toISOString().slice(0, 10)}: it starts a Kubernetes API server with its controllers (kwok plays the
nodes), an MLflow and an Alertmanager, builds a world there that knows nothing of Firebreak, does what [adopt.md](adopt.md) says with the
program of a fresh clone, and replaces this page. It fails when the draft, a plan, a right or an effect is another than it must be.

- The world: two namespaces, no annotation; Deployments and a Service whose names are not the registry's; a model that its replicas resolve by alias
  when they start, under a HorizontalPodAutoscaler; a canary; a model that nobody registered, one that nobody serves. Alerts name a namespace and
  a Deployment, never a model.
- Firebreak has the service account of the drafted manifests and no other identity. What it changed is taken from the API server's
  audit log and from the registry, never from Firebreak.
- Lines of \`kubectl\`, \`curl\` and \`$EDITOR\` are played: the same requests, the same changes of the file.
- The times (minutes:seconds since the first line) are those of the machine; a person who reads and thinks takes longer.

\`\`\`
${plain(steps.join('\n\n'), places)}
\`\`\`
`;
}
