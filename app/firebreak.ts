import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { ApiDependencies, ReloadReport } from '../api/dependencies.ts';
import type { IssuerSettings } from '../api/issuer.ts';
import { connectorModules } from '../connectors/registry.ts';
import type { Configuration } from '../domain/configuration.ts';
import { CREDENTIALS, type Credential } from '../domain/credential.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';
import { loadRegimes, type RegimeCatalogue } from '../regimes/loader.ts';
import { createStore } from '../store/database.ts';
import { createEvidenceFiles } from '../store/evidence-files.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/tables.ts';
import { loadWorkflowBundle, type WorkflowBundle } from '../worker/bundle.ts';
import { apiDependencies } from './api-role.ts';
import { approvalKey, approvalVerifier, type ApprovalSigner } from './approval-key.ts';
import { loadInstances, type LoadedInstances } from './connector-instances.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import { startEngineRole, type EngineRole } from './engine-role.ts';
import { firstStart, type FirstStart, type NewSource } from './first-start.ts';
import { discoverEntries } from './discovery.ts';
import { createRecordedClocks } from './incident-clocks.ts';
import type { Live } from './live.ts';
import { haltFilePath, readHaltFile } from './halt-file.ts';
import type { MailSettings } from './mail-settings.ts';
import { createMessengerOf } from './messages.ts';
import type { SelfWatchState } from '../domain/self-watch.ts';
import { NOTHING_WATCHED, startSelfWatch } from './self-watch.ts';
import { createPager } from './pager.ts';
import { selfWatchParts } from './self-watch-parts.ts';
import { tellPeople } from './tell-people.ts';
import { openServers, type Servers, type ServerSettings } from './servers.ts';
import { createReload } from './reload.ts';
import { installRules, type InstalledRules } from './rules/install.ts';
import type { SlackSettings } from './slack-settings.ts';
import { tellOfSlack } from './slack-start.ts';
import { keepStatusCards } from './status-cards.ts';
import { createSync, type Sync } from './sync/sync.ts';
import type { TlsFiles } from './tls-files.ts';
import { listenWith, tlsOf } from './tls-server.ts';
import { withIssuer } from './with-issuer.ts';

/** Which roles a process plays. */
export type ProcessRole = 'all' | 'api' | 'worker';

/** Everything that a process of Firebreak is started with; no part of it reads the environment. */
export interface FirebreakSettings extends ServerSettings {
  readonly role: ProcessRole;
  /** The credentials that this process has as a worker; all of them by default. */
  readonly credentials?: readonly Credential[];
  /** How long an effect may wait for a process that has its credential, in milliseconds. */
  readonly startWithinMs?: number;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly baseUrl: string | null;
  /** True behind a proxy that ends TLS and sets X-Forwarded-For. */
  readonly trustProxy?: boolean;
  /** Certificate and key of our own server; absent or null: plain HTTP. */
  readonly tls?: TlsFiles | null;
  /** Path of the HALT file; without it the one in the data folder. */
  readonly haltFile?: string | null;
  readonly configuration: Configuration;
  /** Reads the configuration again; null when there is no file. Raises `invalid`. */
  readonly readConfiguration?: () => Promise<Configuration>;
  readonly playbooksDir: string;
  readonly taskQueue: string;
  /** Seconds between two looks at registries and clusters; 0: none by itself. */
  readonly syncEverySeconds: number;
  /** A bundle that was built before; without it the one beside the program, or a fresh one. */
  readonly bundle?: WorkflowBundle;
  readonly slack: SlackSettings | null;
  readonly mail: MailSettings | null;
  /** Where people sign in besides our own accounts; absent or null: nowhere. */
  readonly issuer?: IssuerSettings | null;
  readonly version: string;
  readonly log: Logger;
  /** Called when something that cannot be healed ended the process's work. */
  readonly onFailure: (error: Error) => void;
}

/** A running Firebreak. */
export interface Firebreak {
  readonly url: string;
  readonly adminToken: string | null;
  readonly sources: readonly NewSource[];
  readonly store: Store;
  readonly temporalUi: string | null;
  /** Reads the configuration file again and puts it in force, whole or not at all. Raises `invalid`. */
  reload(): Promise<ReloadReport>;
  stop(): Promise<void>;
}

const POOL_SIZES = { api: 8, worker: 16 } as const;
const ACTIVITIES_MAX = 24;
const START_WITHIN_MS = 15_000;
const ID_CHARACTERS = 20;

/** What was started, in order; stopped in the reverse order, each once. */
class Opened {
  private readonly closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }
}

/** A random id: the prefix and 20 hex digits. */
export function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, ID_CHARACTERS)}`;
}

/** What a process without an API makes at its first start. */
const NOTHING_NEW: FirstStart = { adminToken: null, sources: [] };

async function openStore(
  databaseUrl: string,
  role: keyof typeof POOL_SIZES,
  opened: Opened,
): Promise<Store> {
  const store = await createStore({ databaseUrl, role, poolSize: POOL_SIZES[role] });
  opened.add(() => store.close());
  return store;
}

async function openClient(
  { taskQueue }: FirebreakSettings,
  { temporal: connection, namespace }: Servers,
  opened: Opened,
): Promise<EngineClient> {
  const engine = await connectEngine({ connection, namespace, taskQueue });
  opened.add(() => engine.close());
  return engine;
}

const now = (): Date => new Date();

/** What both roles stand on. */
interface Ground {
  readonly settings: FirebreakSettings;
  readonly servers: Servers;
  readonly engine: EngineClient;
  readonly instances: LoadedInstances;
  readonly regimes: RegimeCatalogue;
  readonly live: Live;
  readonly desk: InstalledRules['desk'];
  readonly reload: () => Promise<ReloadReport>;
  readonly first: FirstStart;
  readonly api: Store;
  readonly worker: Store;
  readonly activities: Omit<ActivityDependencies, 'reconcile' | 'sync'>;
  readonly sync: Sync;
  /** Null in a process that only works. */
  readonly signer: ApprovalSigner['sign'] | null;
  readonly baseUrl: () => string;
}

/** Starts the roles asked for; when any part fails, what was started is stopped and the first error raised. */
export async function startFirebreak(settings: FirebreakSettings): Promise<Firebreak> {
  const opened = new Opened();
  try {
    return await start(settings, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function start(settings: FirebreakSettings, opened: Opened): Promise<Firebreak> {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  // First of all: a wrong playbook or regime must stop the start before anything has been changed.
  const playbooks = await loadPlaybooks(settings.playbooksDir, manifests);
  const regimes = await loadRegimes();
  if (settings.role !== 'worker') tlsOf(settings, now());
  await mkdir(settings.dataDir, { recursive: true, mode: 0o711 });
  const servers = await openServers(settings, settings.log, settings.onFailure);
  opened.add(() => servers.stop());
  await migrate(servers.databaseUrl);
  let url = settings.baseUrl ?? '';
  const laid = await lay(settings, servers, { opened, playbooks, baseUrl: () => url });
  const ground: Ground = { ...laid, regimes };
  const api = settings.role === 'worker' ? null : await openApi(ground, opened);
  if (api) url = settings.baseUrl ?? api;
  if (settings.role !== 'api') await openEngine(ground, opened);
  opened.add(tellOfSlack(settings).stop);
  return {
    url,
    adminToken: ground.first.adminToken,
    sources: ground.first.sources,
    store: ground.worker,
    temporalUi: servers.temporalUi,
    reload: ground.reload,
    stop: () => opened.close(),
  };
}

/** What this process serves as a worker: everything unless it is told otherwise. */
function servedBy({
  credentials = CREDENTIALS,
  startWithinMs = START_WITHIN_MS,
}: FirebreakSettings): Pick<ActivityDependencies, 'serves' | 'startWithinMs'> {
  return { serves: new Set(credentials), startWithinMs };
}

/** The API signs with its key; every other process has the public half alone. */
async function keysOf(api: Store | null, dataDir: string) {
  if (api === null) return { office: null, ...(await approvalVerifier(dataDir)) };
  const { sign, verify } = await approvalKey(dataDir);
  return { office: { store: api, sign }, verify };
}

async function lay(
  settings: FirebreakSettings,
  servers: Servers,
  given: Pick<Ground, 'baseUrl'> & {
    readonly opened: Opened;
    readonly playbooks: readonly PinnedPlaybook[];
  },
): Promise<Omit<Ground, 'regimes'>> {
  const { opened, playbooks, baseUrl } = given;
  const { databaseUrl } = servers;
  const worker = await openStore(databaseUrl, 'worker', opened);
  const api = settings.role === 'worker' ? null : await openStore(databaseUrl, 'api', opened);
  const engine = await openClient(settings, servers, opened);
  const { configuration, log, dataDir } = settings;
  const instances = await loadInstances(connectorModules, configuration.instances);
  opened.add(() => instances.close());
  const discovered = await discoverEntries(instances, log);
  const first =
    api === null ? NOTHING_NEW : await firstStart(api, { configuration, dataDir, now: now() });
  const { office, verify } = await keysOf(api, dataDir);
  const channels = { slack: settings.slack !== null, mail: settings.mail !== null };
  const rules = await installRules({
    ...{ api: office, worker, configuration, playbooks, discovered, verify },
    ...{ channels, now, newId, log },
  });
  const { live, keeper, desk } = rules;
  return {
    settings,
    servers,
    engine,
    instances,
    live,
    desk,
    reload: createReload({ rules, read: settings.readConfiguration ?? null, log }),
    first,
    api: api ?? worker,
    worker,
    signer: office && office.sign,
    baseUrl,
    sync: createSync({ ...live, store: worker, instances: instances.all, now, log }),
    activities: {
      store: worker,
      connectors: instances,
      evidenceFiles: createEvidenceFiles(join(dataDir, 'evidence')),
      inventory: live.inventory,
      caps: () => live.configuration().caps,
      playbooks: live.playbooks,
      rules: keeper,
      verifySignature: verify,
      haltFile: () => readHaltFile(haltFilePath(settings)),
      ...servedBy(settings),
      now,
      newId,
      channels,
      get baseUrl() {
        return baseUrl();
      },
    },
  };
}

async function openApi(ground: Ground, opened: Opened): Promise<string> {
  const { settings } = ground;
  // Rounds begin when the door is open; before that there is nothing to tell.
  let selfWatch: () => SelfWatchState = () => NOTHING_WATCHED;
  const given = apiDependencies({ ...ground, selfWatch: () => selfWatch() });
  const dependencies = await withIssuer(settings, given);
  const url = await listenWith(
    { settings, now, opened },
    await withSlack(ground, dependencies, opened),
  );
  const watch = startSelfWatch(selfWatchParts(ground, dependencies, ground.live.sources()));
  opened.add(() => watch.stop());
  selfWatch = () => watch.state();
  return url;
}

async function openEngine(ground: Ground, opened: Opened): Promise<EngineRole> {
  const { settings, servers, engine, activities, live } = ground;
  const { configuration, log } = settings;
  // Messages are the relay's, which runs beside the workflows: no other process needs what they are sent with.
  const written = () => live.configuration().inventory;
  const pager = createPager(ground.instances.all, live);
  const messenger = activities.serves.has('read')
    ? await createMessengerOf(ground.worker, { ...settings, written, pager })
    : null;
  opened.add(() => messenger?.close() ?? Promise.resolve());
  const clocksOf = createRecordedClocks({ catalogue: ground.regimes, now });
  const role = await startEngineRole({
    servers,
    engine,
    activities,
    sync: ground.sync,
    written,
    mailTo: configuration.mailTo,
    remind: () => tellPeople({ ...activities, clocksOf, live, pager, log }, configuration),
    syncEverySeconds: settings.syncEverySeconds,
    bundle: settings.bundle ?? (await loadWorkflowBundle()),
    messenger,
    activitiesMax: ACTIVITIES_MAX,
    log,
  });
  opened.add(() => role.stop());
  const cards = keepStatusCards(messenger, {
    ...{ store: ground.worker, channels: activities.channels, log, clocksOf },
    channel: settings.slack?.channel ?? null,
  });
  opened.add(() => cards.stop());
  role.finished.catch((error: unknown) => {
    settings.onFailure(error instanceof Error ? error : new Error(String(error)));
  });
  return role;
}

/** Opens the door to Slack, and adds what its requests over HTTP need to the API. */
async function withSlack(
  ground: Ground,
  api: ApiDependencies,
  opened: Opened,
): Promise<ApiDependencies> {
  const { slack, log } = ground.settings;
  if (slack === null || slack.way === null) return api;
  // Loaded only where it is configured: it costs half a second and much memory.
  const { startSlackDoor } = await import('./slack-door.ts');
  // A drill is opened with the CLI: what is opened here is real.
  const inventory = () => ground.live.inventory({ drill: false });
  const door = startSlackDoor({ ...slack, way: slack.way }, { api, inventory, log });
  opened.add(() => door.stop());
  return door.requests === null ? api : { ...api, slack: door.requests };
}
