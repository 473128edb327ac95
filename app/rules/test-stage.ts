import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import pino from 'pino';
import { connectorModules } from '../../connectors/registry.ts';
import type { Role } from '../../domain/approval.ts';
import type { Configuration, Route } from '../../domain/configuration.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { createStore } from '../../store/database.ts';
import type { Store } from '../../store/tables.ts';
import { createTestDatabase, withClient, type TestDatabase } from '../../store/test-database.ts';
import { PLAYBOOKS_DIR } from '../configuration-references.ts';
import { EMPTY_CONFIGURATION } from '../start.ts';
import { installRules, type InstalledRules } from './install.ts';
import { createTestKey } from '../test-key.ts';
import { SCOPES } from '../../domain/scope.ts';

/** The delay of a change, by default. */
export const HOUR_MS = 3_600_000;

/** A person of the configuration. */
export function person(id: string, ...roles: readonly Role[]): Configuration['people'][number] {
  return { id, name: id, roles, slackUser: null, mail: null };
}

/** The one route of these tests. */
export function route(mode: Route['mode']): Route {
  return {
    ...{ name: 'drift', when: 'true', playbook: 'model-drift', mode, vetoSeconds: null },
    ...{ severity: 'sev3', suspect: null, reopenWindowSeconds: 3600 },
  };
}

/** Mona owns the model, Sam and Sue are of security, Rex responds, Ada administers. */
export const PEOPLE = [
  person('mona', 'approver-model-owner', 'responder'),
  person('sam', 'approver-security'),
  person('sue', 'approver-security'),
  person('rex', 'responder'),
  person('ada', 'admin'),
];

/** A configuration file whose route goes so far. */
export function fileOf(mode: Route['mode'], change: Partial<Configuration> = {}): Configuration {
  return { ...EMPTY_CONFIGURATION, people: PEOPLE, routes: [route(mode)], ...change };
}

const TABLES = [
  'rule_answer',
  'rule_revision',
  'rule_change',
  'break_glass_review',
  'glass_break',
  'break_glass_key',
  'person',
  'message',
  'outbox',
  'playbook',
];

/** As a fresh database would be, at a fraction of its cost: the owner may do to tables what no row of them allows. */
async function empty(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    const all = TABLES.map((name) => `firebreak.${name}`);
    for (const name of all) await client.query(`alter table ${name} disable trigger user`);
    await client.query(`truncate ${all.join(', ')} cascade`);
    for (const name of all) await client.query(`alter table ${name} enable trigger user`);
  });
}

/** Where the desk of a process is. */
export type Desk = NonNullable<InstalledRules['desk']>;

/** The desk of an API's process. */
export function deskOf({ desk }: InstalledRules): Desk {
  if (desk === null) throw new Error('no desk');
  return desk;
}

/** How far the route goes, as a process sees it after it looked. */
export async function modeIn(process: InstalledRules): Promise<string> {
  await process.keeper.follow();
  return process.keeper.modeOf('drift');
}

/** Answers as this person; the token may approve unless said otherwise. */
export async function answer(
  desk: Desk,
  id: string,
  how: {
    readonly verdict?: 'approve' | 'reject';
    readonly digest?: string;
    readonly canApprove?: boolean;
    readonly roles?: readonly Role[];
  } = {},
): Promise<void> {
  const [change] = await desk.changes('open');
  const { roles = [], verdict = 'approve', canApprove = true, digest = change?.digest } = how;
  await desk.answer({
    changeId: change?.id ?? 'none',
    digest: digest ?? '',
    verdict,
    reason: 'because',
    caller: { person: { ...person(id, ...roles), active: true }, canApprove, scopes: SCOPES },
  });
}

/** Processes over one database, with a clock of their own; every test begins with no rules. */
class Stage {
  readonly key = createTestKey();
  clock = 0;
  private ids = 0;
  private opened: {
    readonly playbooks: readonly PinnedPlaybook[];
    readonly database: TestDatabase;
    readonly stores: { readonly owner: Store; readonly api: Store; readonly worker: Store };
  } | null = null;

  private get ground() {
    if (this.opened === null) throw new Error('the stage is not open');
    return this.opened;
  }

  get playbooks(): readonly PinnedPlaybook[] {
    return this.ground.playbooks;
  }

  get stores() {
    return this.ground.stores;
  }

  async open(): Promise<void> {
    const manifests = connectorModules.map(({ manifest }) => manifest);
    const playbooks = await loadPlaybooks(PLAYBOOKS_DIR, manifests);
    const database = await createTestDatabase();
    const open = (role: 'owner' | 'api' | 'worker'): Promise<Store> =>
      createStore({ databaseUrl: database.url, role, poolSize: 3 });
    const stores = {
      owner: await open('owner'),
      api: await open('api'),
      worker: await open('worker'),
    };
    this.opened = { playbooks, database, stores };
  }

  async begin(): Promise<void> {
    this.clock = Date.parse('2026-11-23T10:00:00.000Z');
    await empty(this.ground.database.url);
  }

  async close(): Promise<void> {
    const { database, stores } = this.ground;
    await Promise.all([stores.owner.close(), stores.api.close(), stores.worker.close()]);
    await database.drop();
  }

  /** A process with this file, and with other playbook files or another key when they are given. */
  install(
    role: 'api' | 'worker',
    configuration: Configuration,
    other: {
      readonly files?: readonly PinnedPlaybook[];
      readonly key?: ReturnType<typeof createTestKey>;
    } = {},
  ): Promise<InstalledRules> {
    const { files = this.playbooks, key = this.key } = other;
    return installRules({
      ...{ configuration, playbooks: files, discovered: [], verify: key.verify },
      now: () => new Date(this.clock),
      api: role === 'api' ? { store: this.stores.api, sign: key.sign } : null,
      worker: this.stores.worker,
      channels: { slack: false, mail: true },
      newId: (prefix) => `${prefix}-${(this.ids += 1).toString()}`,
      log: pino({ level: 'silent' }),
    });
  }
}

/** A stage for the tests of this file. */
export function useStage(): Stage {
  const stage = new Stage();
  beforeAll(() => stage.open());
  beforeEach(() => stage.begin());
  afterAll(() => stage.close());
  return stage;
}
