import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Role } from '../domain/approval.ts';
import { openIncident, useStores } from './test-store.ts';

// Goal: a session is good for one active person, ends by time, by idleness and by a new password; attempts are counted by the
// database, also when they come at once. Method: the real tables, with every time handed in.

const stores = useStores();
const AT = '2026-11-23T10:00:00.000Z';
const LATER = '2026-11-23T10:30:00.000Z';
const END = '2026-11-23T22:00:00.000Z';
const SESSION = {
  ...{ personId: 'olga', signedInAt: AT, endsAt: END, mustChoose: false, canApprove: true },
};

const account = (personId: string, madeAt = AT) => ({
  ...{ personId, secret: 'scrypt$1', madeAt, endsAt: null, canApprove: true },
});
const see = (sha256: string, at = LATER, idleSince = AT.replace('10:', '09:')) =>
  stores.api().accounts.see({ sha256, at, idleSince });

beforeAll(async () => {
  const { people } = stores.api();
  const person = { slackUser: null, mail: null, active: true };
  await people.put({ ...person, id: 'vera', name: 'Vera', roles: ['viewer'] });
  await people.put({ ...person, id: 'olga', name: 'Olga', roles: ['approver-model-owner'] });
});

describe('sessions', () => {
  test('one that goes on answers its person, read afresh, and itself', async () => {
    const { accounts } = stores.api();
    await accounts.put(account('olga'));
    await accounts.begin({ ...SESSION, sha256: 'one' });
    const seen = await see('one');
    expect(seen?.person).toMatchObject({ id: 'olga', roles: ['approver-model-owner'] });
    expect(seen?.session).toEqual({ ...SESSION, sha256: 'one' });
    expect(await see('another')).toBeNull();
  });

  test('it ends at its time, after idleness, when its person is deactivated, and with sign-out', async () => {
    const { accounts, people } = stores.api();
    await accounts.begin({ ...SESSION, sha256: 'two' });
    expect(await see('two', END)).toBeNull();
    expect(await see('two', LATER, AT)).toBeNull();
    expect(await see('two', LATER)).not.toBeNull();
    // Being seen is what keeps it from being idle.
    expect(await see('two', LATER, AT)).not.toBeNull();
    const olga = await people.get('olga');
    if (olga) await people.put({ ...olga, active: false });
    expect(await see('two')).toBeNull();
    if (olga) await people.put(olga);
    expect(await see('two')).not.toBeNull();
    await accounts.end('two');
    expect(await see('two')).toBeNull();
  });

  test('a new password ends every session of the person and no other; since when they have one stays', async () => {
    const { accounts } = stores.api();
    await accounts.put(account('vera'));
    await accounts.begin({ ...SESSION, sha256: 'mine' });
    await accounts.begin({ ...SESSION, sha256: 'hers', personId: 'vera' });
    await accounts.put({ ...account('olga', LATER), secret: 'scrypt$2', endsAt: END });
    expect([await see('mine'), (await see('hers'))?.person.id]).toEqual([null, 'vera']);
    expect(await accounts.get('olga')).toMatchObject({
      ...{ secret: 'scrypt$2', madeAt: AT, endsAt: END },
    });
  });

  test('those that ended are cleared away when the next one begins', async () => {
    const { accounts } = stores.api();
    await accounts.begin({ ...SESSION, sha256: 'old', endsAt: AT });
    await accounts.begin({ ...SESSION, sha256: 'new', signedInAt: LATER });
    const left = await stores.sql(
      `select sha256 from firebreak.session where sha256 in ('old', 'new')`,
    );
    expect(left).toEqual([{ sha256: 'new' }]);
  });
});

describe('since when approvers sign in', () => {
  const since = (roles: readonly Role[] = ['approver-model-owner', 'legal']) =>
    stores.worker().accounts.approversSignInSince(roles);

  test('counts who has a role that is asked; without one, anybody', async () => {
    expect(await since(['legal', 'approver-security'])).toBeNull();
    expect(await since([])).toBe(AT);
  });

  test('counts who is active and has the role; the worker may ask, and sees no secret', async () => {
    const { accounts, people } = stores.api();
    expect(await since()).toBe(AT);
    const olga = await people.get('olga');
    if (olga) await people.put({ ...olga, active: false });
    expect(await since()).toBeNull();
    if (olga) await people.put(olga);
    await expect(stores.worker().accounts.get('olga')).rejects.toThrow();
    await expect(
      stores.worker().accounts.begin({ ...SESSION, sha256: 'forged' }),
    ).rejects.toThrow();
    expect((await accounts.get('vera'))?.personId).toBe('vera');
  });
});

describe('who signs in at an issuer', () => {
  const identity = { issuer: 'https://id.test', subject: 'subject-1' };
  const ida = {
    ...({ id: 'ida', name: 'Ida', roles: ['commander'], slackUser: null } as const),
    ...{ mail: null, active: true, identity },
  };

  test('is found by issuer and subject together, while active, and is nobody else', async () => {
    const { people } = stores.api();
    await people.put(ida);
    expect(await people.byIdentity(identity)).toEqual(ida);
    expect(await people.byIdentity({ ...identity, issuer: 'https://id.test/' })).toBeNull();
    expect(await people.byIdentity({ ...identity, subject: 'SUBJECT-1' })).toBeNull();
    await expect(people.put({ ...ida, id: 'eve' })).rejects.toMatchObject({ code: 'conflict' });
    await people.put({ ...ida, active: false });
    expect(await people.byIdentity(identity)).toBeNull();
    await people.put(ida);
  });

  test('has an account from the first time on, and keeps a password that is there', async () => {
    const { accounts } = stores.api();
    await accounts.ensure({ personId: 'ida', madeAt: LATER });
    await accounts.ensure({ personId: 'ida', madeAt: END });
    const kept = { personId: 'ida', secret: null, madeAt: LATER, endsAt: null, canApprove: true };
    expect(await accounts.get('ida')).toEqual(kept);
    expect(await accounts.approversSignInSince(['commander'])).toBe(LATER);
    await accounts.put({ ...account('ida'), secret: 'scrypt$1' });
    await accounts.ensure({ personId: 'ida', madeAt: END });
    expect(await accounts.get('ida')).toMatchObject({ secret: 'scrypt$1', madeAt: LATER });
    await accounts.begin({ ...SESSION, personId: 'ida', sha256: 'i' });
    expect((await see('i'))?.person).toEqual(ida);
  });

  test('has a pending sign-in that is good once and in time; old ones are cleared away', async () => {
    const { pendingSignIns } = stores.api();
    const since = AT.replace('10:', '09:');
    const pending = { sha256: 'p', next: '/approvals', former: null, beganAt: AT };
    await pendingSignIns.begin(pending, since);
    await pendingSignIns.begin({ ...pending, sha256: 'q', former: 'one' }, since);
    expect(await pendingSignIns.take({ sha256: 'p', since: AT })).toBeNull();
    // Of two at once one gets it.
    const taken = await Promise.all([1, 2].map(() => pendingSignIns.take({ sha256: 'p', since })));
    expect(taken.filter((one) => one !== null)).toEqual([pending]);
    await pendingSignIns.begin({ ...pending, sha256: 'r', beganAt: LATER }, AT);
    expect(await pendingSignIns.take({ sha256: 'q', since })).toBeNull();
    expect(await pendingSignIns.take({ sha256: 'r', since })).toMatchObject({ sha256: 'r' });
  });
});

describe('attempts', () => {
  const since = '2026-11-23T09:45:00.000Z';
  const attempt = (subject: string, at = AT, from = since) =>
    stores.api().accounts.attempt([subject], { at, since: from });

  test('many at once count as many', async () => {
    const counted = await Promise.all(Array.from({ length: 10 }, () => attempt('a')));
    const numbers = counted.flat().map(({ attempts }) => attempts);
    expect(numbers.sort((one, two) => one - two)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('counting begins anew after its time; a good one takes back its own', async () => {
    const { accounts } = stores.api();
    await attempt('b');
    expect(await attempt('b')).toEqual([{ subject: 'b', beganAt: AT, attempts: 2 }]);
    expect(await attempt('b', END, AT)).toEqual([{ subject: 'b', beganAt: END, attempts: 1 }]);
    await accounts.attempt(['c', 'd'], { at: END, since: AT });
    await accounts.attempt(['c', 'd'], { at: END, since: AT });
    await accounts.forgive({ account: 'c', address: 'd' });
    const next = await accounts.attempt(['c', 'd'], { at: END, since: AT });
    expect(next.map(({ attempts }) => attempts).sort()).toEqual([1, 2]);
  });
});

describe('tokens', () => {
  test('those that are good are listed without what opens anything; a revoked one opens nothing at once', async () => {
    const { people } = stores.api();
    const sha256 = (letter: string): string => letter.repeat(64);
    const token = { personId: 'vera', canApprove: false, scopes: ['read'] as const };
    await people.addToken({ ...token, sha256: sha256('a'), label: 'laptop', expiresAt: null });
    await people.addToken({
      ...token,
      sha256: sha256('b'),
      label: 'old',
      expiresAt: AT.replace('2026', '2020'),
    });
    await people.addToken({ ...token, sha256: sha256('c'), label: 'job', expiresAt: null });
    const id = 'a'.repeat(16);
    const plain = { expiresAt: null, canApprove: false, scopes: ['read'], pendingBy: null };
    expect(await people.tokensOf('vera')).toEqual([
      { ...plain, id: 'c'.repeat(16), label: 'job' },
      { ...plain, id, label: 'laptop' },
    ]);
    expect(await people.revokeToken({ personId: 'olga', id })).toBe(false);
    expect((await people.byToken(sha256('a')))?.person.id).toBe('vera');
    expect(await people.revokeToken({ personId: 'vera', id })).toBe(true);
    expect(await people.byToken(sha256('a'))).toBeNull();
    expect(await people.revokeToken({ personId: 'vera', id })).toBe(false);
    expect((await people.byToken(sha256('c')))?.person.id).toBe('vera');
  });

  test('a person who ever had one is told from a person who had none', async () => {
    const { people } = stores.api();
    const past = '2020-01-01T00:00:00.000Z';
    await people.put({
      ...{ id: 'newt', name: 'N', roles: ['viewer'], slackUser: null, mail: null, active: true },
    });
    expect(await people.hasToken('newt')).toBe(false);
    await people.addToken({
      ...{ personId: 'newt', sha256: 'd'.repeat(64), label: 'old', expiresAt: past },
      ...{ canApprove: false, scopes: ['read'] },
    });
    expect(await people.byToken('d'.repeat(64))).toBeNull();
    expect(await people.hasToken('newt')).toBe(true);
  });

  test('tokens of sources open their source until they end, and are told from people’s', async () => {
    const { people, sources } = stores.api();
    const sha256 = (letter: string): string => letter.repeat(64);
    const made = { source: 'prod', madeBy: 'vera', madeAt: AT };
    const future = '2099-01-01T00:00:00.000Z';
    await sources.addToken({ ...made, sha256: sha256('e'), label: 'one', expiresAt: future });
    const past = '2020-01-01T00:00:00.000Z';
    await sources.addToken({ ...made, sha256: sha256('f'), label: 'old', expiresAt: past });
    expect(await sources.tokensOf('prod')).toMatchObject([{ label: 'one', madeBy: 'vera' }]);
    expect([await sources.byToken(sha256('e')), await sources.byToken(sha256('f'))]).toEqual([
      'prod',
      null,
    ]);
    expect(await people.byToken(sha256('e'))).toBeNull();
    const id = 'e'.repeat(16);
    expect(await sources.revokeToken({ source: 'other', id })).toBe(false);
    expect(await sources.revokeToken({ source: 'prod', id })).toBe(true);
    expect(await sources.byToken(sha256('e'))).toBeNull();
  });
});

describe('roles on single objects', () => {
  test('come back with the person by every way in, and ask for a fresh sign-in like any role', async () => {
    const { people, accounts } = stores.api();
    const grants = [{ role: 'legal', on: 'team', name: 'fraud' }] as const;
    const gina = { id: 'gina', name: 'G', roles: [], slackUser: 'T1/G', mail: null, active: true };
    await people.put({ ...gina, grants });
    expect(await people.get('gina')).toEqual({ ...gina, grants });
    expect((await people.bySlackUser('T1/G'))?.grants).toEqual(grants);
    expect(await accounts.approversSignInSince(['legal'])).toBeNull();
    await accounts.put(account('gina', LATER));
    expect(await accounts.approversSignInSince(['legal'])).toBe(LATER);
    await accounts.begin({ ...SESSION, personId: 'gina', sha256: 'g' });
    expect((await see('g'))?.person.grants).toEqual(grants);
    await people.put(gina);
    expect(await people.get('gina')).toEqual(gina);
  });

  test('a list for some models holds exactly theirs, page by page', async () => {
    const models = ['fraud', 'shop', null, 'fraud', 'shop', 'fraud'];
    for (const [index, model] of models.entries()) {
      const id = await openIncident(stores.api(), `listed-${index.toString()}`);
      if (model !== null) await stores.worker().incidents.change(id, { model });
      await stores.worker().approvals.open({
        ...{ id: `apr-${index.toString()}`, incidentId: id, operation: 'o', round: 1, title: 't' },
        ...{ approvalClass: 'R2', quorum: { people: 1, roles: [] }, plans: [], planDigest: 'd' },
        ...{ requestedBy: null, createdAt: AT, expiresAt: END },
      });
    }
    const { incidents, approvals } = stores.api();
    const first = await incidents.list(
      { states: null, models: ['fraud'] },
      { cursor: null, limit: 2 },
    );
    expect(first.items.map(({ model }) => model)).toEqual(['fraud', 'fraud']);
    const rest = { cursor: first.next, limit: 2 };
    const second = await incidents.list({ states: null, models: ['fraud'] }, rest);
    expect([second.items.map(({ model }) => model), second.next]).toEqual([['fraud'], null]);
    const all = { cursor: null, limit: 50 };
    expect((await incidents.list({ states: null, models: [] }, all)).items).toEqual([]);
    expect((await incidents.list({ states: null, models: null }, all)).items).toHaveLength(6);
    const ofShop = { status: null, incidentId: null, models: ['shop'] };
    const listed = await approvals.list(ofShop, all);
    expect(listed.items.map(({ id }) => id)).toEqual(['apr-4', 'apr-1']);
  });
});

test('a first password and a first token approve by the word of somebody else than who made them', async () => {
  const { people, accounts } = stores.api();
  const id = 'first-key';
  await people.put({
    ...{ id, name: id, roles: ['approver-security'], slackUser: null, mail: null, active: true },
  });
  const account = { personId: id, secret: 's', madeAt: '2026-11-23T10:00:00.000Z' };
  await accounts.put({
    ...account,
    endsAt: '2026-11-24T10:00:00.000Z',
    canApprove: false,
    pendingBy: 'root',
  });
  expect(await accounts.confirm({ personId: id, by: 'rita' })).toBe(false);
  await accounts.put({ ...account, endsAt: null, canApprove: false, pendingBy: 'root' });
  for (const by of ['root', id]) expect(await accounts.confirm({ personId: id, by })).toBe(false);
  expect(await people.everApproving()).not.toContain(id);
  expect(await accounts.confirm({ personId: id, by: 'rita' })).toBe(true);
  expect(await accounts.confirm({ personId: id, by: 'rita' })).toBe(false);
  expect((await accounts.get(id))?.canApprove).toBe(true);
  expect(await people.everApproving()).toContain(id);
  const token = { personId: id, sha256: 'ab'.repeat(32), label: 'l', scopes: ['decide'] as const };
  await people.addToken({ ...token, expiresAt: null, canApprove: false, pendingBy: 'root' });
  const [made] = await people.tokensOf(id);
  expect(made?.pendingBy).toBe('root');
  const tokenId = made?.id ?? '';
  const confirm = (by: string) => people.confirmToken({ personId: id, id: tokenId, by });
  for (const by of ['root', id]) expect(await confirm(by)).toBe(false);
  expect([await confirm('rita'), await confirm('rita')]).toEqual([true, false]);
  expect(await people.tokensOf(id)).toMatchObject([{ canApprove: true, pendingBy: null }]);
});
