import { join } from 'node:path';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { ReloadReport } from '../api/dependencies.ts';
import { connectorModules } from '../connectors/registry.ts';
import { CREDENTIALS } from '../domain/credential.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { RegimeCatalogue } from '../regimes/loader.ts';
import { createStore } from '../store/database.ts';
import { createEvidenceFiles } from '../store/evidence-files.ts';
import type { Store } from '../store/tables.ts';
import { approvalKey, approvalVerifier, type ApprovalSigner } from './approval-key.ts';
import { loadInstances, type LoadedInstances } from './connector-instances.ts';
import { discoverEntries } from './discovery.ts';
import { connectEngine, type EngineClient } from './engine-client.ts';
import type { FirebreakSettings } from './firebreak-settings.ts';
import { firstStart, type FirstStart } from './first-start.ts';
import { haltFilePath, readHaltFile } from './halt-file.ts';
import type { Live } from './live.ts';
import { newId } from './new-id.ts';
import type { Opened } from './opened.ts';
import { createReload } from './reload.ts';
import { installRules, type InstalledRules } from './rules/install.ts';
import type { Servers } from './servers.ts';
import { createSync, type Sync } from './sync/sync.ts';

const POOL_SIZES = { api: 8, worker: 16 } as const;
const START_WITHIN_MS = 15_000;

/** What a process without an API makes at its first start. */
const NOTHING_NEW: FirstStart = { adminToken: null, sources: [] };

/** The clock of this process. */
export const now = (): Date => new Date();

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

/** What both roles stand on. */
export interface Ground {
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

/** Lays what both roles stand on; what it opens is added to `opened`. Raises what a part raises. */
export async function layGround(
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
