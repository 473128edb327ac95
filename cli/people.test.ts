// Goal: who somebody is at the issuer goes whole to the server or not at all, and nothing that a command does not speak of is lost. Method:
// the whole program against answers of a server, whose requests are looked at.
import { afterEach, expect, test } from '@jest/globals';
import { problem } from './fake-server.ts';
import { cleanUp, run, serve } from './test-run.ts';

afterEach(cleanUp);

const IDENTITY = { issuer: 'https://id.example.com', subject: 'subject-1' };
const PLACES = { slackUser: 'T1/U1', mail: 'olga@example.com', identity: IDENTITY };
const RIGHTS = {
  roles: ['viewer'],
  grants: [{ role: 'responder', on: 'team', name: 'fraud' }],
};
const OLGA = { id: 'olga', name: 'Olga', ...RIGHTS, active: true, ...PLACES };
const CHANGE = ['user', 'add', 'olga'];

async function server(change: Partial<typeof OLGA> = {}) {
  return serve({
    'GET /api/v1/people': { status: 200, body: { items: [{ ...OLGA, ...change }] } },
    'PUT /api/v1/people/olga': { status: 200, body: { person: OLGA, change: null } },
    'PUT /api/v1/people/omar': { status: 200, body: { person: OLGA, change: null } },
  });
}

const sent = (seen: readonly { readonly body: string }[]): unknown =>
  JSON.parse(seen.at(-1)?.body ?? 'null');

const NOBODY_YET = ['user', 'add', 'omar', '--name', 'Omar', '--role', 'viewer'];

test('is sent as issuer and subject, or left out', async () => {
  const { url, seen } = await server();
  const { issuer, subject } = IDENTITY;
  const named = await run([...NOBODY_YET, '--issuer', issuer, '--subject', subject], { url });
  expect(named.code).toBe(0);
  expect(sent(seen)).toMatchObject({ identity: IDENTITY, active: true });
  expect((await run(NOBODY_YET, { url })).code).toBe(0);
  expect(sent(seen)).toMatchObject({ slackUser: null, mail: null });
  expect(sent(seen)).not.toHaveProperty('identity');
});

test.each([
  ['nothing', [], PLACES],
  ['another mail address', ['--mail', 'o@example.com'], { ...PLACES, mail: 'o@example.com' }],
  ['another member of Slack', ['--slack', 'T1/U9'], { ...PLACES, slackUser: 'T1/U9' }],
  ['no mail', ['--no-mail'], { ...PLACES, mail: null }],
  ['nobody in Slack', ['--no-slack'], { ...PLACES, slackUser: null }],
  ['no issuer', ['--no-issuer'], { slackUser: PLACES.slackUser, mail: PLACES.mail }],
])('a command that names %s leaves the rest as it was', async (_title, more, places) => {
  const { url, seen } = await server();
  expect((await run([...CHANGE, ...more], { url })).code).toBe(0);
  expect(sent(seen)).toEqual({ ...RIGHTS, name: 'Olga', active: true, ...places });
});

test.each([
  ['roles', ['--role', 'legal'], { roles: ['legal'], active: true }],
  ['deactivated', ['--inactive'], { ...RIGHTS, active: false }],
])('%s: rights are those that are named, together', async (_title, more, rights) => {
  const { url, seen } = await server();
  expect((await run([...CHANGE, ...more], { url })).code).toBe(0);
  expect(sent(seen)).toEqual({ name: 'Olga', ...PLACES, ...rights });
});

test('who was deactivated stays so unless the command says otherwise', async () => {
  const { url, seen } = await server({ active: false });
  expect((await run([...CHANGE, '--no-mail'], { url })).code).toBe(0);
  expect(sent(seen)).toMatchObject({ active: false });
  expect((await run([...CHANGE, '--active'], { url })).code).toBe(0);
  expect(sent(seen)).toMatchObject({ active: true });
});

test.each([
  ['a name', ['--role', 'viewer']],
  ['a role', ['--name', 'Omar']],
])('somebody new without %s is a wrong command, and nothing is changed', async (_title, more) => {
  const { url, seen } = await server();
  const { code, err } = await run(['user', 'add', 'omar', ...more], { url });
  expect(code).toBe(2);
  expect(err).toContain('Nobody has the id omar yet');
  expect(seen.filter(({ method }) => method === 'PUT')).toEqual([]);
});

test.each([
  ['--issuer', 'https://id.example.com', '--subject is missing.'],
  ['--subject', 'subject-1', '--issuer is missing.'],
])('%s alone is a wrong command, and nothing is sent', async (name, value, said) => {
  const { url, seen } = await server();
  const { code, err } = await run([...CHANGE, name, value], { url });
  expect([code, seen.length]).toEqual([2, 0]);
  expect(err).toContain(said);
});

test('stays with a person who is deactivated', async () => {
  const { url, seen } = await server();
  expect((await run(['user', 'deactivate', 'olga'], { url })).code).toBe(0);
  expect(sent(seen)).toMatchObject({ identity: IDENTITY, active: false });
});

test.each([
  ['a token that may approve', 'Take a token that approves'],
  ['one of admin', 'Give a token whose person holds the role'],
])('a refusal that wants %s says what to do about that', async (permission, fix) => {
  const { status, body } = problem(403, 'unauthorized', 'Not with this token.');
  const { url } = await serve({
    'POST /api/v1/people/olga/password/confirm': {
      ...{ status, body: Object.assign({}, body, { permission }) },
    },
  });
  const { code, err } = await run(['user', 'confirm', 'olga'], { url });
  expect(code).toBe(3);
  expect(err).toContain(fix);
});
