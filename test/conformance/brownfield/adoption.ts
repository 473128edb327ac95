import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError, invariant } from '../../../domain/error.ts';
import type { PlainClient } from '../../../lab/kubernetes/plain-client.ts';
import { createJsonClient } from '../../../lab/scenario/json-client.ts';
import type { RealCluster } from '../kubernetes/cluster.ts';
import { apply, createToken } from './kubectl.ts';
import { modelState, ourRequests, worldState } from './look.ts';
import { openFirebreak, type RunningFirebreak } from './server.ts';
import type { Terminal } from './terminal.ts';
import { NAMESPACES } from './world.ts';

/** Folder of the draft, in the clone. */
export const DRAFT = 'firebreak-config';
/** The drafted configuration. */
export const FILE = `${DRAFT}/firebreak.yaml`;
/** The program as a newcomer calls it. */
export const FIREBREAK = 'npm run --silent firebreak --';

/** Where somebody adopts Firebreak. */
export interface Adoption {
  /** Everything of the newcomer is below. */
  readonly home: string;
  /** The clone. */
  readonly folder: string;
  /** Where it is cloned from. */
  readonly repository: string;
  readonly terminal: Terminal;
  readonly cluster: RealCluster;
  /** An administrator of the cluster. */
  readonly client: PlainClient;
  readonly registryUrl: string;
  readonly port: string;
  /** What no page may show. */
  readonly secrets: string[];
  /** Of the people who approve. */
  readonly tokens: string[];
  /** Starts the Alertmanager with a configuration; answers its address. */
  readonly startAlertmanager: (configuration: string) => Promise<string>;
}

/** Raises `unavailable` with what was printed when words are missing in it. */
export function expectWords(printed: string, words: readonly string[]): void {
  const missing = words.filter((word) => !printed.includes(word));
  if (missing.length === 0) return;
  throw new AppError('unavailable', `Not told: ${missing.join('; ')}. Told was:\n${printed}`);
}

/** Raises `unavailable` when what is seen is not what is wanted. */
export function expectEqual(what: string, seen: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (a !== b) throw new AppError('unavailable', `${what} is ${a}, wanted is ${b}.`);
}

/** A fresh clone that works on its own lab. */
export async function cloneAndTry({ terminal, home, folder, repository }: Adoption) {
  terminal.enter(home);
  await terminal.run(`git clone --quiet file://${repository} firebreak`);
  terminal.enter(folder);
  const told = await terminal.run('npm run demo -- --exit');
  expectWords(told, ['the chain verifies']);
}

/** The draft, made by reading, and an identity with no more rights than observing needs. */
export async function draft(adoption: Adoption): Promise<void> {
  const { terminal, cluster, client, folder, registryUrl, port, secrets } = adoption;
  const namespaces = NAMESPACES.map((name) => `--namespace ${name}`).join(' ');
  const found = await terminal.run(
    `${FIREBREAK} init --kubeconfig ${cluster.kubeconfig} --registry ${registryUrl} ${namespaces} --base-url http://127.0.0.1:${port} --output ${DRAFT}`,
  );
  expectWords(found, [
    'FraudDetector (medium)',
    'PriceModel (low)',
    'legacy-segments: registered, nothing was found to serve it',
    'churn-experiment (risk/churn-test): served, but not registered',
  ]);
  const manifests = `${DRAFT}/rbac-observe.yaml`;
  terminal.note(`kubectl apply -f ${manifests}`, await apply(client, join(folder, manifests)));
  const token = await createToken(client, { namespace: 'firebreak', name: 'firebreak' });
  secrets.push(token, await readFile(join(folder, DRAFT, 'alertmanager-token'), 'utf8'));
  await writeFile(join(folder, DRAFT, 'cluster-token'), token, { mode: 0o600 });
  terminal.note(
    `(umask 077 && kubectl -n firebreak create token firebreak --duration 24h > ${DRAFT}/cluster-token)`,
    '',
  );
}

/** What a person has to correct, and whether everything is there. */
export async function check({ terminal }: Adoption): Promise<void> {
  await terminal.edit(FILE, [
    [/^( +)(config: \{ kubeconfig)/m, '$1# $2'],
    [/# (config: \{ server)/, '$1'],
    [/# service: namespace\/name .*/, 'service: serving/fraud-api'],
    [/(model: FraudDetector[\s\S]*?owner: )unknown/, '$1ada'],
    [/(model: FraudDetector[\s\S]*?)# onIsolation: .*/, '$1onIsolation: previous-version'],
    [/(model: FraudDetector[\s\S]*?confidence: )medium.*/, '$1high'],
    [/(model: PriceModel[\s\S]*?owner: )unknown/, '$1ada'],
    [/(model: PriceModel[\s\S]*?confidence: )low.*/, '$1high'],
  ]);
  await terminal.run(`${FIREBREAK} config validate ${FILE}`);
  const told = await terminal.run(`${FIREBREAK} doctor --config ${FILE} --data-dir ./data`);
  expectWords(told, [
    'ok  system kubernetes',
    'ok  system mlflow',
    'rights at kubernetes: to observe; before a route may act',
  ]);
}

/** Starts it; answers what a script may wait with. */
export async function start(adoption: Adoption): Promise<RunningFirebreak> {
  const { terminal, port, secrets } = adoption;
  const printed = await terminal.start(
    `npm run firebreak -- start --data-dir ./data --config ${FILE} --port ${port}`,
    /Ctrl-C stops it/,
  );
  const [, token = ''] = /admin \(cannot approve\): (\S+)/.exec(printed) ?? [];
  const url = `http://127.0.0.1:${port}`;
  secrets.push(token);
  terminal.exported.set('FIREBREAK_URL', url).set('FIREBREAK_TOKEN', token);
  terminal.note(`export FIREBREAK_URL=${url} FIREBREAK_TOKEN=${token}`, '');
  return openFirebreak(url, token);
}

/** Labels by which the company's alerts name what they are about. */
export const PRICING = { namespace: 'risk', deployment: 'pricing-api-canary' };
/** The same of the other model. */
export const SCORER = { namespace: 'serving', deployment: 'scorer-v2' };

/** Where an alert would go, before any is sent. */
export async function explain({ terminal, folder }: Adoption): Promise<void> {
  const alert = JSON.stringify({ labels: { alertname: 'PredictionDrift', ...PRICING } });
  await writeFile(join(folder, 'alert.json'), alert);
  terminal.note(`echo '${alert}' > alert.json`, '');
  const told = await terminal.run(
    `${FIREBREAK} route explain alert.json --source alertmanager --plan`,
  );
  expectWords(told, [
    'deployment-label on PriceModel',
    'model-alerts: playbook model-drift, observe',
    'Scale Deployment risk/pricing-api-canary from 1 to 0',
    'Hold alias live of PriceModel at version 2',
  ]);
  await terminal.run(`${FIREBREAK} targets explain alert.json`);
}

/** A sample through the source, and the close of the try-out. */
export async function trySample({ terminal }: Adoption, firebreak: RunningFirebreak) {
  await terminal.run(
    `${FIREBREAK} alert send --sample --model FraudDetector --source alertmanager --source-token "$(cat ${DRAFT}/alertmanager-token)"`,
  );
  const id = await firebreak.untilTold({
    model: 'FraudDetector',
    mode: 'observe',
    told: 'postmortem.written',
  });
  await terminal.run(`${FIREBREAK} incident list`);
  await terminal.run(`${FIREBREAK} incident timeline ${id}`);
  await terminal.run(
    `${FIREBREAK} incident close ${id} --verdict false_positive --reason "a sample"`,
  );
}

const webhook = z.looseObject({
  http_config: z.object({ authorization: z.object({ credentials_file: z.string() }) }),
});
const receiverFile = z.strictObject({
  receivers: z.tuple([z.strictObject({ name: z.string(), webhook_configs: z.tuple([webhook]) })]),
  route: z.strictObject({ routes: z.array(z.looseObject({ receiver: z.string() })) }),
});

/** The company's Alertmanager with the drafted receiver and routes put in. */
export async function connectAlertmanager(adoption: Adoption): Promise<string> {
  const { terminal, folder } = adoption;
  const text = await readFile(join(folder, DRAFT, 'alertmanager.yaml'), 'utf8');
  const { receivers, route } = receiverFile.parse(parse(text));
  const [{ name, webhook_configs }] = receivers;
  const [sends] = webhook_configs;
  const authorization = { credentials_file: join(folder, DRAFT, 'alertmanager-token') };
  const configuration = {
    receivers: [
      { name: 'nobody' },
      { name, webhook_configs: [{ ...sends, http_config: { authorization } }] },
    ],
    route: {
      ...{ receiver: 'nobody', group_by: ['alertname', 'deployment'] },
      ...{ group_wait: '1s', group_interval: '5s', repeat_interval: '4h' },
      ...route,
    },
  };
  terminal.note('$EDITOR alertmanager.yml && curl -X POST http://alertmanager:9093/-/reload', '');
  // JSON is YAML.
  return adoption.startAlertmanager(JSON.stringify(configuration));
}

/** A monitor fires through the Alertmanager, with the labels that the company has. */
export async function fire(
  { terminal }: Adoption,
  alertmanager: string,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const { deployment = '' } = labels;
  const annotations = { summary: `${deployment} answers otherwise than last week` };
  const alerts = [{ labels: { ...labels }, annotations, startsAt: new Date().toISOString() }];
  await createJsonClient(alertmanager).send('POST', '/api/v2/alerts', { body: alerts });
  terminal.note(`(a monitor fires) ${JSON.stringify(labels)}`, '');
}

/** The plan that was made for an alert of the company: right, and nothing of it done. */
export async function observe(
  adoption: Adoption,
  firebreak: RunningFirebreak,
  alertmanager: string,
): Promise<void> {
  const { terminal, client, cluster, registryUrl } = adoption;
  const before = [await worldState(client), await modelState(registryUrl, 'PriceModel')];
  await fire(adoption, alertmanager, { alertname: 'PredictionDrift', ...PRICING });
  const wanted = { model: 'PriceModel', mode: 'observe', told: 'postmortem.written' } as const;
  const id = await firebreak.untilTold(wanted);
  await terminal.run(`${FIREBREAK} incident timeline ${id}`);
  expectWords((await firebreak.facts(id, 'operation.would-have')).join('\n'), [
    'Scale Deployment risk/pricing-api-canary from 1 to 0',
    'Hold alias live of PriceModel at version 2',
  ]);
  const after = [await worldState(client), await modelState(registryUrl, 'PriceModel')];
  expectEqual('The world', after, before);
  const { reads, changes } = await ourRequests(cluster.auditLog);
  invariant(reads > 0, 'the audit log tells of us');
  expectEqual('What Firebreak changed', changes, []);
  const count = reads.toString();
  terminal.note(
    '(what did the account firebreak do?)',
    `By the audit log of the API server: ${count} requests, all of them reads. Objects, versions, tags and aliases are as they were.`,
  );
  await terminal.run(
    `${FIREBREAK} incident close ${id} --verdict expected_change --reason "new price list"`,
  );
}
