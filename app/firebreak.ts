import { mkdir } from 'node:fs/promises';
import type { ApiDependencies, ReloadReport } from '../api/dependencies.ts';
import { connectorModules } from '../connectors/registry.ts';
import type { SelfWatchState } from '../domain/self-watch.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';
import { loadRegimes } from '../regimes/loader.ts';
import { migrate } from '../store/migrate.ts';
import type { Store } from '../store/tables.ts';
import { loadWorkflowBundle } from '../worker/bundle.ts';
import { apiDependencies } from './api-role.ts';
import { startEngineRole, type EngineRole } from './engine-role.ts';
import type { FirebreakSettings } from './firebreak-settings.ts';
import type { NewSource } from './first-start.ts';
import { layGround, now, type Ground } from './ground.ts';
import { createRecordedClocks } from './incident-clocks.ts';
import { createMessengerOf } from './messages.ts';
import { Opened } from './opened.ts';
import { createPager } from './pager.ts';
import { selfWatchParts } from './self-watch-parts.ts';
import { NOTHING_WATCHED, startSelfWatch } from './self-watch.ts';
import { openServers } from './servers.ts';
import { tellOfSlack } from './slack-start.ts';
import { keepStatusCards } from './status-cards.ts';
import { tellPeople } from './tell-people.ts';
import { listenWith, tlsOf } from './tls-server.ts';
import { withIssuer } from './with-issuer.ts';

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

const ACTIVITIES_MAX = 24;

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
  const laid = await layGround(settings, servers, { opened, playbooks, baseUrl: () => url });
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
