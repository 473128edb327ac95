import { z } from 'zod';
import { AppError, isAppError } from '../domain/error.ts';
import { createAuditShipper } from './audit-shipper.ts';
import {
  openLab,
  placeOf,
  startAuditedCluster,
  type CommonLab,
  type Place,
  type Places,
} from './lab.ts';
import { createLokiTwin, type LokiTwin } from './loki/twin.ts';
import { createMlflowTwin } from './mlflow/twin.ts';
import { createOpenTwins, type OpenTwins } from './open-twins.ts';
import { followAuditLog } from './real/audit-log.ts';
import { openCluster } from './real/kubeconfig.ts';
import { ownAlerts } from './real/own-alerts.ts';
import { ownNamespace } from './real/own-namespace.ts';
import { ownRegistry } from './real/own-registry.ts';
import { createJsonClient, type JsonClient } from './scenario/json-client.ts';
import { poisonedData } from './scenario/poisoned-data.ts';
import { fraudScorer, type Story } from './scenario/story.ts';

/** Real servers in place of twins; null where a twin stays. */
export interface RealSystems {
  /** A file whose current context is the cluster to use. */
  readonly kubeconfig: string | null;
  /** The audit log of that cluster's API server, which no kubeconfig leads to. */
  readonly auditLog: string | null;
  readonly mlflow: string | null;
  readonly alertmanager: string | null;
}

/** A lab on which some systems are real servers. */
export interface MixedLab extends CommonLab {
  /** Each real server with its version, for people. */
  readonly real: readonly string[];
}

/** Everything that the story makes on real servers is called so. */
const PREFIX = 'firebreak-demo-';

function namesOf(now: Date): Pick<Story, 'model' | 'secondModel' | 'namespace' | 'pipeline'> {
  const { model, secondModel, namespace, pipeline } = fraudScorer(now);
  return {
    model: `${PREFIX}${model}`,
    secondModel: `${PREFIX}${secondModel}`,
    namespace: `${PREFIX}${namespace}`,
    pipeline: `${PREFIX}${pipeline}`,
  };
}

/** Asks a real server who it is. Raises `unavailable` when it does not answer. */
async function greet(
  asked: { readonly name: string; readonly flag: string; readonly path: string },
  client: JsonClient,
): Promise<string> {
  const { name, flag, path } = asked;
  try {
    const reply = await client.send('GET', path);
    return `${name} ${versionReply.parse(reply)}`;
  } catch (error) {
    const why = isAppError(error) ? error.message : 'no answer, or not one of its own';
    throw new AppError('unavailable', `--${flag} names no ${name} that answers: ${why}.`, {
      field: flag,
      cause: error,
    });
  }
}

/** Kubernetes, MLflow and Alertmanager each tell their version in a way of their own. */
const versionReply = z.union([
  z.object({ gitVersion: z.string() }).transform(({ gitVersion }) => gitVersion),
  z
    .object({ versionInfo: z.object({ version: z.string() }) })
    .transform((r) => r.versionInfo.version),
  z.string().regex(/^\d[\w.+-]*$/),
]);

/** What is opened for one lab, told to people as it goes. */
interface Opening {
  readonly open: OpenTwins;
  readonly real: string[];
  readonly loki: LokiTwin;
}

async function realCluster(
  given: { readonly file: string; readonly auditLog: string | null; readonly namespace: string },
  { open, real, loki }: Opening,
): Promise<Place> {
  const { file, auditLog, namespace } = given;
  const cluster = open.keep(await openCluster(file));
  const asked = { name: 'Kubernetes', flag: 'kubeconfig', path: '/version' };
  real.push(await greet(asked, cluster.client));
  if (auditLog !== null) {
    const audit = createAuditShipper(loki.url);
    open.keep({ close: () => audit.drained() });
    open.keep(await followAuditLog(auditLog, audit.ship));
  }
  const owned = ownNamespace(cluster.client, namespace);
  open.keep({ close: () => owned.remove() });
  return { client: owned, config: { kubeconfig: file, namespaces: [namespace] } };
}

async function realMlflow(url: string, { open, real }: Opening): Promise<Place> {
  const client = createJsonClient(url);
  real.push(await greet({ name: 'MLflow', flag: 'mlflow', path: '/version' }, client));
  const owned = ownRegistry(client);
  open.keep({ close: () => owned.remove() });
  return { client: owned, config: { url } };
}

async function realAlertmanager(url: string, { open, real }: Opening): Promise<JsonClient> {
  const client = createJsonClient(url);
  const asked = { name: 'Alertmanager', flag: 'alertmanager', path: '/api/v2/status' };
  real.push(await greet(asked, client));
  const owned = ownAlerts(client);
  open.keep({ close: () => owned.remove() });
  return owned;
}

async function placesOf(
  systems: RealSystems,
  namespace: string,
  opening: Opening,
): Promise<Places> {
  const { open, loki } = opening;
  const { kubeconfig: file, auditLog } = systems;
  const clusterTwin = async (): Promise<Place> => {
    const { url } = await startAuditedCluster(loki, open);
    return placeOf({ server: url }, url);
  };
  const mlflowTwin = async (): Promise<Place> => {
    const { url } = open.keep(await createMlflowTwin());
    return placeOf({ url }, url);
  };
  const { mlflow, alertmanager } = systems;
  return {
    kubernetes:
      file === null
        ? await clusterTwin()
        : await realCluster({ file, auditLog, namespace }, opening),
    mlflow: mlflow === null ? await mlflowTwin() : await realMlflow(mlflow, opening),
    alertmanager: alertmanager === null ? null : await realAlertmanager(alertmanager, opening),
    loki,
  };
}

/**
 * Starts a lab that tells of poisoned data on these real servers and on twins for the rest. On a real server it writes
 * only into what it creates, named after the demo, and takes that away with `close`. Raises `invalid` for a file or an
 * address that cannot be used and `unavailable` for a server that does not answer; `begin` raises `refused` when a
 * name is taken.
 */
export async function startMixedLab(
  systems: RealSystems,
  now: Date = new Date(),
): Promise<MixedLab> {
  const open = createOpenTwins();
  try {
    const names = namesOf(now);
    const loki = open.keep(await createLokiTwin());
    const opening: Opening = { open, loki, real: [] };
    const places = await placesOf(systems, names.namespace, opening);
    const lab = await openLab(poisonedData(now, names), places, open);
    return { ...lab, real: opening.real };
  } catch (error) {
    await open.close();
    throw error;
  }
}
