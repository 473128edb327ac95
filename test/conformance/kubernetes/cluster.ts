import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../app/embedded/port.ts';
import { AppError } from '../../../domain/error.ts';
import { answers, startServer, type RealServer } from '../server.ts';
import { openApi, type KubernetesApi } from './api.ts';
import { buildKubernetes, controlPlane } from './build.ts';

const NODES = ['node-1', 'node-2'];
const WORKS_WITHIN_MS = 120_000;
const LOOK_MS = 100;
const RSA_BITS = 2_048;
const TOKEN_BYTES = 18;
/** Nobody manages nodes, addresses and clouds here. */
const ENABLED =
  '*,-node-lifecycle-controller,-node-ipam-controller,-node-route-controller,-service-lb-controller,-cloud-node-lifecycle-controller';

/** Somebody whom the API server knows by a token. */
export interface ClusterUser {
  readonly token: string;
  readonly name: string;
}

/** A real control plane with kwok in place of machines. */
export interface RealCluster {
  readonly url: string;
  readonly caFile: string;
  /** A file whose user may do everything. */
  readonly kubeconfig: string;
  readonly adminToken: string;
  /** The API server's audit events, one a line. */
  readonly auditLog: string;
  stop(): Promise<void>;
}

/** Programs of the control plane, each with a name of its own in the audit log. */
const PROGRAMS = {
  'kube-controller-manager': 'system:kube-controller-manager',
  'kube-scheduler': 'system:kube-scheduler',
  kwok: 'system:kwok',
} as const;
type Program = keyof typeof PROGRAMS;

interface Plan {
  readonly folder: string;
  readonly url: string;
  readonly ports: { readonly api: string; readonly etcd: string; readonly peer: string };
  readonly kubeconfig: string;
}

function pki(folder: string, name: string): string {
  return join(folder, 'pki', name);
}

async function writeFiles(plan: Plan, users: readonly ClusterUser[], admin: string): Promise<void> {
  const { folder } = plan;
  await mkdir(join(folder, 'pki'), { recursive: true });
  const key = generateKeyPairSync('rsa', {
    modulusLength: RSA_BITS,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const secret = { mode: 0o600 };
  await writeFile(pki(folder, 'service-accounts.key'), key.privateKey, secret);
  const lines = users.map(({ token, name }) => `${token},${name},${name}`);
  const master = (token: string, name: string): string => `${token},${name},${name},system:masters`;
  lines.push(master(admin, 'admin'));
  await writeFile(plan.kubeconfig, kubeconfigText(plan, admin), secret);
  for (const [program, name] of Object.entries(PROGRAMS)) {
    const token = newToken();
    lines.push(master(token, name));
    await writeFile(join(folder, `${program}.kubeconfig`), kubeconfigText(plan, token), secret);
  }
  await writeFile(join(folder, 'tokens.csv'), `${lines.join('\n')}\n`, secret);
}

function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

function kubeconfigText({ folder, url }: Plan, token: string): string {
  const cluster = { server: url, 'certificate-authority': pki(folder, 'apiserver.crt') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster }],
    users: [{ name: 'own', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'own' } }],
    'current-context': 'real',
  });
}

function startEtcd({ folder, ports }: Plan): Promise<RealServer> {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.peer}`;
  return startServer({
    name: 'etcd',
    program: controlPlane(),
    args: [
      'etcd',
      '--name=real',
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=real=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    folder,
    ready: () => answers(`${client}/health`),
  });
}

function startApiServer(
  { folder, ports }: Plan,
  ready: () => Promise<boolean>,
): Promise<RealServer> {
  return startServer({
    name: 'kube-apiserver',
    program: controlPlane(),
    args: [
      'kube-apiserver',
      `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${ports.api}`,
      `--cert-dir=${join(folder, 'pki')}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--endpoint-reconciler-type=none',
      // Without the node lifecycle controller nobody would take the taint away.
      '--disable-admission-plugins=TaintNodesByCondition',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${pki(folder, 'service-accounts.key')}`,
      `--service-account-key-file=${pki(folder, 'service-accounts.key')}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      `--audit-policy-file=${join(import.meta.dirname, 'audit-policy.yaml')}`,
      `--audit-log-path=${join(folder, 'audit.log')}`,
      '--audit-log-mode=blocking',
    ],
    folder,
    ready,
  });
}

/** The controllers, the scheduler and kwok; they are known to work by what they do. */
async function startControllers(
  { folder }: Plan,
  keep: (server: RealServer) => void,
): Promise<void> {
  const fast = ['--kube-api-qps=500', '--kube-api-burst=1000'];
  const shared = [...fast, '--leader-elect=false', '--secure-port=0'];
  const key = `--service-account-private-key-file=${pki(folder, 'service-accounts.key')}`;
  const stages = join(import.meta.dirname, 'kwok-stages.yaml');
  const programs: readonly (readonly [Program, readonly string[]])[] = [
    ['kube-controller-manager', [...shared, key, `--controllers=${ENABLED}`]],
    ['kube-scheduler', shared],
    ['kwok', ['--manage-all-nodes=true', '--node-lease-duration-seconds=0', `--config=${stages}`]],
  ];
  for (const [name, flags] of programs) {
    const kubeconfig = `--kubeconfig=${join(folder, `${name}.kubeconfig`)}`;
    const args = [name, kubeconfig, ...flags];
    const ready = (): Promise<boolean> => Promise.resolve(true);
    keep(await startServer({ name, program: controlPlane(), args, folder, ready }));
  }
}

async function createNodes(api: KubernetesApi): Promise<void> {
  const capacity = { cpu: '32', memory: '256Gi', pods: '110' };
  for (const name of NODES) {
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'kubernetes.io/hostname': name } },
      status: { allocatable: capacity, capacity },
    });
    const headers = { 'content-type': 'application/json' };
    const made = await api.send({ method: 'POST', path: '/api/v1/nodes', headers, body });
    if (made.status !== 201) throw new AppError('unavailable', await made.text());
  }
}

/** Waits until the controllers made the first service account and kwok the nodes ready. */
async function untilWorking(api: KubernetesApi): Promise<void> {
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  const deadline = Date.now() + WORKS_WITHIN_MS;
  while (Date.now() < deadline) {
    const made = await api.send({ method: 'GET', path: account });
    await made.arrayBuffer();
    const nodes = await (await api.send({ method: 'GET', path: '/api/v1/nodes' })).text();
    const ready = nodes.split('"KubeletReady"').length > NODES.length;
    if (made.ok && ready) return;
    await sleep(LOOK_MS);
  }
  throw new AppError('unavailable', 'The controllers of the real cluster did not begin to work.');
}

/** Starts a control plane in a folder, with these users beside an administrator. Raises `unavailable`. */
export async function startCluster(
  folder: string,
  users: readonly ClusterUser[] = [],
): Promise<RealCluster> {
  await buildKubernetes();
  const [api, etcd, peer] = [await freePort(), await freePort(), await freePort()].map(String);
  const ports = { api: api ?? '', etcd: etcd ?? '', peer: peer ?? '' };
  const url = `https://127.0.0.1:${ports.api}`;
  const plan: Plan = { folder, url, ports, kubeconfig: join(folder, 'kubeconfig') };
  const adminToken = newToken();
  await writeFiles(plan, users, adminToken);
  const servers: RealServer[] = [];
  const stop = async (): Promise<void> => {
    for (const server of servers.splice(0).reverse()) await server.stop();
  };
  const caFile = pki(folder, 'apiserver.crt');
  const admin = { url, caFile, token: adminToken };
  // The server makes its certificate when it starts.
  const ready = async (): Promise<boolean> => {
    const asked = await openApi(admin);
    const answer = await asked.send({ method: 'GET', path: '/readyz' });
    await asked.close();
    return answer.ok;
  };
  try {
    servers.push(await startEtcd(plan));
    servers.push(await startApiServer(plan, ready));
    await startControllers(plan, (server) => servers.push(server));
    const opened = await openApi(admin);
    await createNodes(opened);
    await untilWorking(opened);
    await opened.close();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    caFile,
    kubeconfig: plan.kubeconfig,
    adminToken,
    auditLog: join(folder, 'audit.log'),
    stop,
  };
}
