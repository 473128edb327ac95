// Goal: who may call what about whom is written down once, line by line, and nothing is open that is not. Method: the table of
// docs/roles.md against every route of the server, each tried by each role, by nobody, with the credentials of another door, by tokens for
// something else, and by people of one team on what is theirs, what is another team’s, and what is not there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addPerson, APPROVAL, as, createTestApi, limitToken } from '../api/test-api.ts';
import { addGlassKey } from '../api/test-break-glass.ts';
import { addLimited, addOtherTeam, TEAMS } from '../api/test-teams.ts';
import { addAccount, PASSWORD, TestBrowser } from '../api/test-browser.ts';
import { ROLES, type Role } from '../domain/approval.ts';
import { SCOPES, type Scope } from '../domain/scope.ts';

/** One line of the table. */
interface Line {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  /** Who may, where it does not go by role. */
  readonly door: 'everyone' | 'a source' | 'a session' | null;
  readonly roles: readonly Role[];
  /** What a token has to be for; null where none is asked for. */
  readonly scope: Scope | null;
  /** True where a role on one object is enough, and the route looks which one. */
  readonly ofObject: boolean;
}

const METHODS = ['GET', 'POST', 'PUT'] as const;
const DOORS = ['everyone', 'a source', 'a session'] as const;

const PAGES: ReadonlySet<string> = new Set(['login', 'logout', 'password', 'approvals']);

function lineOf(text: string): Line | null {
  const [, name = '', ...cells] = text.split('|').map((cell) => cell.trim());
  const match = /^`([A-Z]+) (\S+)`$/u.exec(name);
  const method = METHODS.find((one) => one === match?.[1]);
  if (match === null || method === undefined) return null;
  const path = match[2] ?? '';
  const roles = ROLES.filter((_role, index) => cells[index] === 'x');
  const door = DOORS.find((one) => one === cells[0]) ?? null;
  const scope = SCOPES.find((one) => one === cells[ROLES.length]) ?? null;
  const ofObject = cells[ROLES.length + 1] === 'x';
  return {
    ofObject,
    method,
    url: path.startsWith('/') ? path : `/api/v1/${path}`,
    door,
    roles,
    scope,
  };
}

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'roles.md'), 'utf8');
const LINES = page.split('\n').flatMap((text) => lineOf(text) ?? []);

const given = createTestApi({
  holding: { destroys: () => 'nothing', inventory: () => TEAMS, written: () => TEAMS },
});
const { app } = given;
let session: TestBrowser;

/** People who hold every role, each on one object that the first incident is about. */
const LIMITED = [
  ['by-team', 'team', 'fraud'],
  ['by-model', 'model', 'fraud-scorer'],
  ['by-namespace', 'namespace', 'ml'],
] as const;

const WHY = { reason: 'why' };
const OBJECT = { cluster: 'kubernetes', namespace: 'ml', name: 'fraud-scorer', ...WHY };
const ANSWER = { planDigest: APPROVAL.planDigest, verdict: 'reject', ...WHY };
const TOMORROW = '2026-11-24T10:00:00.000Z';

/** A body that each route of one object takes: what it answers is then about the object. */
const BODIES: Readonly<Record<string, object>> = {
  acknowledge: {},
  note: { text: 'a note' },
  severity: { severity: 'sev1', ...WHY },
  'hand-over': { to: 'admin' },
  veto: WHY,
  pause: WHY,
  resume: {},
  retry: {},
  skip: { operation: 'x', ...WHY },
  'mark-done': { operation: 'x', ...WHY },
  targets: { model: 'fraud-scorer', ...WHY },
  reroute: { playbook: 'x', ...WHY },
  'target-add': OBJECT,
  'target-remove': OBJECT,
  cancel: WHY,
  'stand-down': WHY,
  close: { verdict: 'confirmed', ...WHY },
  clocks: {},
  snooze: { until: TOMORROW, ...WHY },
  custody: { action: 'verified' },
  decision: ANSWER,
  'close-review': { finding: 'all was well' },
  send: { textSha256: 'a'.repeat(64) },
};

/** The ids of what is of the own team and of another one. */
const IDS: Readonly<Record<string, readonly [string, string]>> = {
  incidents: ['inc_1', 'inc_2'],
  approvals: ['apr_1', 'apr_2'],
  evidence: ['ev_1', 'ev_2'],
  decisions: ['dec_1', 'dec_2'],
  'break-glass-reviews': ['brk_1', 'brk_2'],
  updates: ['upd_1', 'upd_2'],
};

/** Which ids a route of one object takes; undefined where it names none of an incident. */
const idsOf = ({ url }: Line) => (url.includes('/:id') ? IDS[url.split('/')[3] ?? ''] : undefined);
/** The key with which each of the limited people breaks the glass once. */
const glassKeyOf = (person: string): string => `fbg_${person.padEnd(43, 'x')}`;
const bodyOf = ({ method, url }: Line, person: string) => {
  if (method === 'GET') return undefined;
  const parts = url.split('/');
  const last = parts.at(-1) ?? '';
  if (last === 'break-glass') return { key: glassKeyOf(person), ...WHY };
  if (parts[3] === 'updates' && last === 'skip') return WHY;
  return BODIES[parts[3] === 'break-glass-reviews' ? 'close-review' : last];
};
beforeAll(async () => {
  await app.ready();
  for (const scope of SCOPES) {
    const others = SCOPES.filter((one) => one !== scope);
    for (const [id, scopes] of [
      [`all-but-${scope}`, others],
      [`only-${scope}`, [scope]],
    ] as const) {
      addPerson(given.memory, id, ROLES);
      limitToken(given.memory, id, scopes);
    }
  }
  await addAccount(given, 'somebody', [...ROLES]);
  addOtherTeam(given.memory);
  for (const [id, on, name] of LIMITED) {
    addLimited(given.memory, id, { on, name });
    addGlassKey(given.memory, id, glassKeyOf(id));
  }
  session = new TestBrowser(app);
  await session.signIn('somebody', PASSWORD);
});
afterAll(() => app.close());

/** A path that fits a route, with things that do not exist. */
const pathOf = (url: string): string => url.replaceAll(/:[a-z]+/giu, 'nothing');

/** The same line about the caller themself, where it can be. */
const own = (line: Line, person: string): Line => ({
  ...line,
  url: line.scope === 'account' ? line.url.replace(':id', person) : line.url,
});

function call(
  { method, url }: Pick<Line, 'method' | 'url'>,
  headers: Readonly<Record<string, string>>,
  payload?: object,
) {
  const form = PAGES.has(url.split('/')[1] ?? '') && method === 'POST';
  const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  return app.inject({
    method,
    url: pathOf(url),
    headers: { ...type, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
}

const cookie = (): string =>
  [...session.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

test('every route has exactly one line, and every line a route', () => {
  const known = app.routeAccess
    .filter(({ url }) => !url.startsWith('/docs'))
    .map(({ reach, ...route }) => said({ ...route, ofObject: reach === 'object' }));
  const written = LINES.map(said);
  expect(written.toSorted()).toEqual(known.toSorted());
});

const said = ({
  method,
  url,
  scope,
  ofObject,
}: Omit<Line, 'door' | 'roles' | 'method'> & { readonly method: string }) =>
  `${method} ${url} ${scope ?? ''} ${ofObject ? 'of an object' : ''}`;

// A stream stays open for whoever may have it: there only refusals are tried.
const isStream = ({ url }: Line): boolean => url.endsWith('/events');

describe.each(LINES)('$method $url', (line) => {
  const { door, roles } = line;

  test('is open to those of its line and nobody else', async () => {
    for (const role of ROLES) {
      const may = roles.includes(role);
      if (door !== null || (may && isStream(line))) continue;
      const { statusCode } = await call(line, as(role));
      expect([role, statusCode !== 403 && statusCode !== 401]).toEqual([role, may]);
    }
  });

  test('takes no token that is for anything else, whatever its person may', async () => {
    const { scope } = line;
    if (scope === null) return;
    // The administrator of everything, by a token for everything but this, and by one for this alone.
    const others = await call(line, as(`all-but-${scope}`));
    expect([others.statusCode, others.json<{ detail: string }>().detail]).toEqual([
      403,
      expect.stringContaining('token'),
    ]);
    if (isStream(line)) return;
    expect([401, 403]).not.toContain(
      (await call(own(line, `only-${scope}`), as(`only-${scope}`))).statusCode,
    );
  });

  test('knows nothing of another team’s, and of one’s own what it knows for everybody', async () => {
    if (door !== null) return;
    const ids = idsOf(line);
    for (const [person] of LIMITED) {
      if (!line.ofObject) {
        expect([person, (await call(line, as(person))).statusCode]).toEqual([person, 403]);
        continue;
      }
      if (ids === undefined) continue;
      const ask = (id: string) =>
        call({ ...line, url: line.url.replace(':id', id) }, as(person), bodyOf(line, person));
      const [foreign, unknown] = [await ask(ids[1]), await ask('none')];
      expect([person, foreign.statusCode, unknown.statusCode]).toEqual([person, 404, 404]);
      const words = ({ title, detail }: { title: string; detail: string }) => [title, detail];
      expect(words(foreign.json())).toEqual(words(unknown.json()));
      if (isStream(line)) continue;
      expect([400, 401, 403, 404]).not.toContain((await ask(ids[0])).statusCode);
    }
  });

  test('lets nobody in without what its door asks for, whatever else they have', async () => {
    const strangers: Readonly<Record<string, string>>[] = [
      {},
      { authorization: 'Bearer fb_nobody' },
      ...(door === 'a session' ? [as('admin')] : [{ cookie: cookie() }]),
      ...(door === 'a source' ? [as('admin')] : [{ authorization: 'Bearer good' }]),
    ];
    for (const headers of strangers) {
      const reply = await call(line, headers);
      if (door === 'everyone') expect([401, 303]).not.toContain(reply.statusCode);
      else if (door === 'a session') expect(reply.headers.location).toMatch(/^\/login\?/u);
      else if (door === 'a source') expect([401, 415]).toContain(reply.statusCode);
      else expect(reply.statusCode).toBe(401);
    }
  });
});

describe('lists', () => {
  const listed = async (person: string, path: string) => {
    const found: string[] = [];
    let cursor = '';
    for (let page = 0; page < 20; page += 1) {
      const url = `/api/v1/${path}?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const reply = (await app.inject({ url, headers: as(person) })).json<{
        items: { id: string }[];
        next: string | null;
      }>();
      // Exact pages: none is thinned out after it was read.
      expect(reply.items).toHaveLength(1);
      found.push(...reply.items.map(({ id }) => id));
      if (reply.next === null) return found;
      cursor = encodeURIComponent(reply.next);
    }
    return found;
  };

  test.each([
    ['incidents', 'inc_1', 'inc_2'],
    ['approvals', 'apr_1', 'apr_2'],
  ])('of %s hold what is of the own object, page by page', async (path, own, other) => {
    for (const [person] of LIMITED) expect(await listed(person, path)).not.toContain(other);
    for (const [person] of LIMITED) expect(await listed(person, path)).toContain(own);
    expect(await listed('viewer', path)).toEqual(expect.arrayContaining([own, other]));
  });
});
