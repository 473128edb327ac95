import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, SourceConfiguration } from '../domain/configuration.ts';
import { BOOTSTRAP_ADMIN } from '../domain/rules.ts';
import { SCOPES } from '../domain/scope.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Store } from '../store/tables.ts';

/** A source made at the first start, with its token, which is told once. */
export interface NewSource {
  readonly name: string;
  readonly kind: SourceConfiguration['kind'];
  readonly token: string;
}

/** Tokens of the first start; empty on every later one. */
export interface FirstStart {
  readonly adminToken: string | null;
  readonly sources: readonly NewSource[];
}

const FIRST_START = 'first-start';
const ADMIN_HOURS = 24;
const TOKEN_BYTES = 24;
const BUILT_IN: readonly SourceConfiguration['kind'][] = ['alertmanager', 'cloudevents', 'generic'];

/** A token for a person: `fb_` and 32 characters. */
export function newToken(): string {
  return `fb_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** What a generic source understands when nobody configured one: `{"alerts": [{status, startsAt, title, labels}]}`. */
const PLAIN_MAPPING: SourceConfiguration['mapping'] = {
  alerts: 'body.alerts',
  status: "get(item, 'status', 'firing')",
  startsAt: 'item.startsAt',
  endsAt: "get(item, 'endsAt', null)",
  title: "get(item, 'title', 'alert')",
  labels: 'item.labels',
  annotations: null,
};

/** The file of a data folder in which the token of the first start is kept. */
export const ADMIN_TOKEN_FILE = 'admin-token';

/** Keeps the token where only its owner can read it; another one of an earlier database is replaced. */
async function keepToken(dataDir: string, token: string): Promise<void> {
  const path = join(dataDir, ADMIN_TOKEN_FILE);
  await rm(path, { force: true });
  await writeFile(path, `${token}\n`, { mode: 0o600, flag: 'wx' });
}

/**
 * On a fresh database makes the bootstrap administrator, whose token is kept in a file of the data folder, expires
 * after 24 hours and can't approve, and one source per built-in kind.
 */
export async function firstStart(
  store: Store,
  {
    configuration,
    dataDir,
    now,
  }: {
    readonly configuration: Pick<Configuration, 'sources'>;
    readonly dataDir: string;
    readonly now: Date;
  },
): Promise<FirstStart> {
  const mark = sha256Hex(randomBytes(TOKEN_BYTES));
  if ((await store.settings.putIfAbsent(FIRST_START, mark)) !== mark) {
    return { adminToken: null, sources: [] };
  }
  const adminToken = newToken();
  await keepToken(dataDir, adminToken);
  await store.people.put({
    id: BOOTSTRAP_ADMIN,
    name: 'Bootstrap administrator',
    roles: ['admin', 'responder', 'viewer'],
    slackUser: null,
    mail: null,
    active: true,
  });
  await store.people.addToken({
    personId: BOOTSTRAP_ADMIN,
    sha256: sha256Hex(adminToken),
    label: 'first start',
    expiresAt: new Date(now.getTime() + ADMIN_HOURS * 3_600_000).toISOString(),
    canApprove: false,
    scopes: SCOPES,
  });
  const sources: NewSource[] = [];
  for (const kind of BUILT_IN) {
    if (configuration.sources.some(({ name }) => name === kind)) continue;
    const token = newToken();
    await store.sources.put({ name: kind, kind, tokenSha256: [sha256Hex(token)] });
    sources.push({ name: kind, kind, token });
  }
  return { adminToken, sources };
}

/** Configured sources and those made at the first start; a configured name wins. */
export async function allSources(
  store: Pick<Store, 'sources'>,
  configuration: Configuration,
): Promise<readonly SourceConfiguration[]> {
  const stored = await store.sources.list();
  const made = stored
    .filter(({ name }) => !configuration.sources.some((known) => known.name === name))
    .map(({ name, kind, tokenSha256 }): SourceConfiguration => ({
      name,
      kind,
      authentication: { kind: 'bearer', tokenSha256 },
      mapping: kind === 'generic' ? PLAIN_MAPPING : null,
      ignoreLabels: [],
    }));
  return [...configuration.sources, ...made];
}
