import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openKubeconfig } from '../connectors/kubernetes/kubeconfig.ts';
import { connectorModules } from '../connectors/registry.ts';
import type { Connector } from '../connectors/connector.ts';
import { AppError, invariant } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';
import { readConfiguration } from './config-file.ts';
import { environmentWithFile, readSecret, type Environment } from './environment.ts';
import { configurationReferences, PLAYBOOKS_DIR } from './configuration-references.ts';
import { rbacManifests } from './draft-rbac.ts';
import { configurationText, receiverText, type DraftFrame, type OwnAccess } from './draft-text.ts';
import { draftOf, type Draft } from './draft.ts';
import { surveyCluster, surveyModels, surveyServices, type Survey } from './survey.ts';

/** What `firebreak init` is given. */
export interface InitOptions {
  readonly kubeconfig: string;
  readonly context: string | null;
  /** Null: every namespace that the identity may list. */
  readonly namespaces: readonly string[] | null;
  readonly registryUrl: string;
  /** Where Alertmanager will reach us. */
  readonly baseUrl: string;
  readonly folder: string;
  /** Overwrites what stands there. */
  readonly force: boolean;
}

/** What was written, and what was found. */
export interface InitReport {
  readonly files: readonly string[];
  readonly deployments: number;
  readonly models: number;
  readonly draft: Draft;
  /** True when a limit cut what was read. */
  readonly truncated: boolean;
}

const TOKEN_VARIABLE = 'MLFLOW_TOKEN';
const AUTHORITY_FILE = 'cluster-ca.crt';
const CLUSTER_TOKEN_FILE = 'cluster-token';
const TOKEN_BYTES = 32;
const OWNER_ONLY = 0o600;

/** A connector of a kind that always exists. Raises `invalid` for a configuration that does not parse. */
async function connect(kind: string, config: object): Promise<Connector> {
  const module = connectorModules.find(({ manifest }) => manifest.name === kind);
  invariant(module !== undefined, `there is a connector ${kind}`);
  return (await module.load()).create(config);
}

async function survey(options: InitOptions, token: string | null): Promise<Survey> {
  const { kubeconfig, context, namespaces, registryUrl: url } = options;
  if (!/^https?:\/\/./.test(url)) {
    throw new AppError('invalid', 'The address of the registry begins with http:// or https://.', {
      field: 'registry',
    });
  }
  const registry = await connect('mlflow', { url, ...(token === null ? {} : { token }) });
  const cluster = await connect('kubernetes', {
    kubeconfig,
    ...(context === null ? {} : { context }),
    ...(namespaces === null ? {} : { namespaces }),
  });
  try {
    const [found, models] = await Promise.all([surveyCluster(cluster), surveyModels(registry)]);
    const services = await surveyServices(cluster, found.deployments);
    const truncated = found.truncated || models.truncated;
    return { deployments: found.deployments, models: models.models, services, truncated };
  } finally {
    await Promise.all([cluster.close(), registry.close()]);
  }
}

/** The way to the cluster without the person whose kubeconfig it is. */
interface ClusterWay {
  readonly own: OwnAccess | null;
  /** PEM of the cluster's authority; null when it is a public one. */
  readonly authority: string | null;
}

/** What of a kubeconfig another identity can use. Raises `invalid` and `unsupported` as reading it does. */
async function wayOf(options: InitOptions, folder: string): Promise<ClusterWay> {
  const { kubeconfig, context } = options;
  const access = await openKubeconfig({ kubeconfig, ...(context === null ? {} : { context }) });
  const { tls } = await access.credential();
  const isPlain =
    access.proxy === undefined && tls.servername === undefined && tls.rejectUnauthorized !== false;
  if (!isPlain) return { own: null, authority: null };
  const authority = tls.ca === undefined ? null : tls.ca.toString();
  return {
    own: {
      server: access.server,
      caFile: authority === null ? null : join(folder, AUTHORITY_FILE),
      tokenFile: join(folder, CLUSTER_TOKEN_FILE),
    },
    authority,
  };
}

interface DraftFile {
  readonly name: string;
  readonly text: string;
  readonly mode?: number;
}

/** What the files of a draft say beside the inventory. */
interface InitFrame extends Omit<DraftFrame, 'tokenSha256'>, ClusterWay {
  readonly rights: readonly DraftFile[];
}

/** The manifests of rights, by file name; who isolates and who reverts gets what the playbooks beside the program need. */
async function rightsFiles({ namespaces }: InitOptions): Promise<readonly DraftFile[]> {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const playbooks = await loadPlaybooks(PLAYBOOKS_DIR, manifests);
  const all = playbooks.map(({ playbook }) => playbook);
  const { observe, act, isolate, revert } = rbacManifests(namespaces, all);
  return [
    { name: 'rbac-observe.yaml', text: observe },
    { name: 'rbac-act.yaml', text: act },
    { name: 'rbac-isolate.yaml', text: isolate },
    { name: 'rbac-revert.yaml', text: revert },
  ];
}

/** Every file of the draft. */
function filesOf(options: InitOptions, draft: Draft, { authority, rights, ...frame }: InitFrame) {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const configuration = configurationText(draft, { ...frame, tokenSha256: sha256Hex(token) });
  const files: readonly DraftFile[] = [
    { name: 'firebreak.yaml', text: configuration },
    ...rights,
    { name: 'alertmanager.yaml', text: receiverText(options.baseUrl, draft.entries) },
    { name: 'alertmanager-token', text: token, mode: OWNER_ONLY },
    ...(authority === null ? [] : [{ name: AUTHORITY_FILE, text: authority }]),
  ];
  return { configuration, files };
}

function refuseOverwriting(folder: string, files: readonly DraftFile[]): void {
  const there = files.map(({ name }) => name).filter((name) => existsSync(join(folder, name)));
  if (there.length === 0) return;
  const message = `${there.join(', ')} of ${folder} would be overwritten: add --force, or name another folder with --output.`;
  throw new AppError('refused', message, { field: 'output' });
}

/** A draft that a start would refuse is our own mistake, found before anything is written. */
async function proveDraft(text: string, environment: Environment): Promise<void> {
  readConfiguration(text, 'firebreak.yaml', await configurationReferences(environment));
}

async function write(folder: string, files: readonly DraftFile[]): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const { name, text, mode } of files) {
    const path = join(folder, name);
    // Written anew, so that a file which was readable for all does not stay so.
    await rm(path, { force: true });
    await writeFile(path, text, mode === undefined ? {} : { mode });
    paths.push(path);
  }
  return paths;
}

/**
 * Reads a cluster and a registry, changing nothing there, and writes a draft: configuration, rights, receiver. Raises `refused` before
 * anything is read when a file is there, and what the reads raise (`invalid`, `unauthorized`, `unavailable`).
 */
export async function init(options: InitOptions): Promise<InitReport> {
  const folder = resolve(options.folder);
  const environment = environmentWithFile();
  const token = readSecret(environment, TOKEN_VARIABLE);
  const kubeconfig = resolve(options.kubeconfig);
  const frame = {
    ...(await wayOf({ ...options, kubeconfig }, folder)),
    kubeconfig,
    context: options.context,
    namespaces: options.namespaces,
    registryUrl: options.registryUrl,
    registryToken: token === null ? null : TOKEN_VARIABLE,
    rights: await rightsFiles(options),
  };
  const nothing: Draft = { entries: [], unserved: [], unregistered: [], unusable: [] };
  if (!options.force) refuseOverwriting(folder, filesOf(options, nothing, frame).files);
  const found = await survey({ ...options, kubeconfig }, token);
  const draft = draftOf(found);
  const { configuration, files } = filesOf(options, draft, frame);
  await proveDraft(configuration, environment);
  return {
    files: await write(folder, files),
    deployments: found.deployments.length,
    models: found.models.length,
    draft,
    truncated: found.truncated,
  };
}
