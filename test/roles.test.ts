// Goal: who may call what is written down once, line by line, and nothing is open that is not. Method: the table of docs/roles.md
// against every route of the server, each tried by each role, by nobody, and with the credentials of another door.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { addPerson, as, createTestApi, limitToken } from '../api/test-api.ts';
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
  return { method, url: path.startsWith('/') ? path : `/api/v1/${path}`, door, roles, scope };
}

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'roles.md'), 'utf8');
const LINES = page.split('\n').flatMap((text) => lineOf(text) ?? []);

const given = createTestApi();
const { app } = given;
let session: TestBrowser;
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

function call({ method, url }: Line, headers: Readonly<Record<string, string>>) {
  const form = PAGES.has(url.split('/')[1] ?? '') && method === 'POST';
  const type = form ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  return app.inject({ method, url: pathOf(url), headers: { ...type, ...headers } });
}

const cookie = (): string =>
  [...session.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

test('every route has exactly one line, and every line a route', () => {
  const known = app.routeAccess
    .filter(({ url }) => !url.startsWith('/docs'))
    .map(({ method, url, scope }) => `${method} ${url} ${scope ?? ''}`);
  const written = LINES.map(({ method, url, scope }) => `${method} ${url} ${scope ?? ''}`);
  expect(written.toSorted()).toEqual(known.toSorted());
});

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
