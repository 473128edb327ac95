import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Configuration, SourceConfiguration } from '../domain/configuration.ts';
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
const CONFIGURED = 'configured-people';
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

/**
 * Writes the people of a configuration. Who stood in the one before and is gone loses all power at once, tokens
 * included; people that an administrator added by hand stay.
 */
export async function putPeople(store: Store, people: Configuration['people']): Promise<void> {
  const ids = people.map(({ id }) => id);
  await store.transaction(async (tables) => {
    const before = z
      .array(z.string())
      .catch([])
      .parse(await tables.settings.get(CONFIGURED));
    for (const id of before.filter((known) => !ids.includes(known))) {
      const gone = await tables.people.get(id);
      if (gone !== null) await tables.people.put({ ...gone, active: false });
    }
    for (const person of people) await tables.people.put({ ...person, active: true });
    await tables.settings.put(CONFIGURED, ids);
  });
}

/**
 * On a fresh database makes the bootstrap administrator, whose token expires and can't approve, and one source per
 * built-in kind; people of the configuration are written at every start.
 */
export async function firstStart(
  store: Store,
  configuration: Configuration,
  now: Date,
): Promise<FirstStart> {
  await putPeople(store, configuration.people);
  const mark = sha256Hex(randomBytes(TOKEN_BYTES));
  if ((await store.settings.putIfAbsent(FIRST_START, mark)) !== mark) {
    return { adminToken: null, sources: [] };
  }
  const adminToken = newToken();
  await store.people.put({
    id: 'bootstrap-admin',
    name: 'Bootstrap administrator',
    roles: ['admin', 'responder', 'viewer'],
    slackUser: null,
    mail: null,
    active: true,
  });
  await store.people.addToken({
    personId: 'bootstrap-admin',
    sha256: sha256Hex(adminToken),
    label: 'first start',
    expiresAt: new Date(now.getTime() + ADMIN_HOURS * 3_600_000).toISOString(),
    canApprove: false,
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
  store: Store,
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
