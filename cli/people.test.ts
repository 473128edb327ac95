// Goal: who somebody is at the issuer goes whole to the server or not at all, and is not lost when they are deactivated. Method: the
// whole program against answers of a server, whose requests are looked at.
import { afterEach, expect, test } from '@jest/globals';
import { cleanUp, run, serve } from './test-run.ts';

afterEach(cleanUp);

const IDENTITY = { issuer: 'https://id.example.com', subject: 'subject-1' };
const OLGA = {
  ...{ id: 'olga', name: 'Olga', roles: ['viewer'], slackUser: null, mail: null, active: true },
  identity: IDENTITY,
};
const ADD = ['user', 'add', 'olga', '--name', 'Olga', '--role', 'viewer'];
const PUT = 'PUT /api/v1/people/olga';

async function server() {
  return serve({
    'GET /api/v1/people': { status: 200, body: { items: [OLGA] } },
    [PUT]: { status: 200, body: { person: OLGA, change: null } },
  });
}

const sent = (seen: readonly { readonly body: string }[]): unknown =>
  JSON.parse(seen.at(-1)?.body ?? 'null');

test('is sent as issuer and subject, or left out', async () => {
  const { url, seen } = await server();
  const { issuer, subject } = IDENTITY;
  expect((await run([...ADD, '--issuer', issuer, '--subject', subject], { url })).code).toBe(0);
  expect(sent(seen)).toMatchObject({ identity: IDENTITY, active: true });
  expect((await run(ADD, { url })).code).toBe(0);
  expect(sent(seen)).not.toHaveProperty('identity');
});

test.each([
  ['--issuer', 'https://id.example.com', '--subject is missing.'],
  ['--subject', 'subject-1', '--issuer is missing.'],
])('%s alone is a wrong command, and nothing is sent', async (name, value, said) => {
  const { url, seen } = await server();
  const { code, err } = await run([...ADD, name, value], { url });
  expect([code, seen.length]).toEqual([2, 0]);
  expect(err).toContain(said);
});

test('stays with a person who is deactivated', async () => {
  const { url, seen } = await server();
  expect((await run(['user', 'deactivate', 'olga'], { url })).code).toBe(0);
  expect(sent(seen)).toMatchObject({ identity: IDENTITY, active: false });
});
