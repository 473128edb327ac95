// Goal: a certified OpenID provider does what the twin does, and Firebreak's door works at it, whatever it signs with. Method: the cases
// that the twin passes, each on a provider of its own, with its own pages to sign in on.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { DOOR_CASES } from '../issuer/door-cases.ts';
import { DoorStage } from '../issuer/door-stage.ts';
import type { IssuerUnderTest } from '../issuer/issuer-under-test.ts';
import { PROTOCOL_CASES } from '../issuer/protocol-cases.ts';
import { realFolder } from './cached.ts';
import { removeFolder, serverFolder } from './folder.ts';
import { ALGORITHMS, startIssuer } from './issuer/server.ts';

const manifest = z.object({ version: z.string() });

const folder = await serverFolder('issuer');
afterAll(() => removeFolder(folder));
let issuer: IssuerUnderTest;
afterEach(() => issuer.close());

describe('an issuer', () => {
  beforeEach(async () => {
    issuer = await startIssuer(folder);
  });

  test('is the version that the twin stands in for', async () => {
    const file = join(realFolder('issuer'), 'node_modules/oidc-provider/package.json');
    const { version } = manifest.parse(JSON.parse(await readFile(file, 'utf8')));
    expect(version).toBe('9.13.3');
  });

  test.each(PROTOCOL_CASES)('$title', ({ run }) => run(issuer));
});

describe('the door', () => {
  const stage = new DoorStage(() => issuer);
  afterEach(() => stage.end());

  describe('at an issuer as most are', () => {
    beforeEach(async () => {
      issuer = await startIssuer(folder);
      stage.begin();
    });
    test.each(DOOR_CASES)('$title', ({ run }) => run({ stage, issuer }));
  });

  test('lets nobody in by single sign-on when the browser takes out of the question what forbids it', async () => {
    issuer = await startIssuer(folder);
    stage.begin();
    const cookies = new Map<string, string>();
    const ask = async (): Promise<URL> => new URL((await stage.ask()).location ?? '');
    // Somebody signed in an hour ago, and their browser was left to another.
    await issuer.setAhead(-3600);
    await issuer.signIn((await ask()).href, 'olga', cookies);
    await issuer.setAhead(0);
    stage.given.memory.pendingSignIns.clear();
    const question = await ask();
    for (const name of ['prompt', 'max_age']) question.searchParams.delete(name);
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const reply = await fetch(question, { headers: { cookie }, redirect: 'manual' });
    const answer = new URL(reply.headers.get('location') ?? '');
    expect(answer.searchParams.has('code')).toBe(true);
    const reason = 'JWT "auth_time" (authentication time) claim missing';
    stage.expectRefused(await stage.come(`${answer.pathname}${answer.search}`), 403, reason);
  });

  test.each(ALGORITHMS)('takes an ID token signed with %s', async (algorithm) => {
    issuer = await startIssuer(folder, { algorithm });
    stage.begin();
    expect((await stage.come(await stage.answer())).status).toBe(200);
  });
});
