// Goal: what the guard counts are signed rows, and R3 does not stand on chat alone, also when admission was got around.
// Method: an approval with two signed rows, and single changes of them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ROLES, type Approval } from '../domain/approval.ts';
import type { Decision } from '../domain/decision.ts';
import { approval as sample } from '../domain/sample-incident.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { checkSignatures } from './guard.ts';

function rowOf(
  person: string,
  role: Decision['actor']['roles'][number],
  channel: string,
): Decision {
  return {
    id: `dec_${person}`,
    incidentId: sample.incidentId,
    command: { kind: 'approve', approvalId: sample.id, planDigest: sample.planDigest },
    actor: { person, name: person, roles: [role], channel },
    decidedAt: sample.createdAt,
    signature: 'good',
    outcome: 'pending',
    reason: null,
  };
}

const OLGA = rowOf('olga', 'approver-model-owner', 'slack');
const SAM = rowOf('sam', 'approver-security', 'cli');
const SAM_BY_CHAT = rowOf('sam', 'approver-security', 'slack');

interface Situation {
  readonly approval?: Approval;
  readonly now?: string;
  readonly beyondGlass?: () => string | null;
  readonly signInSince?: string | null;
  readonly rolesOn?: ActivityDependencies['rules']['rolesOn'];
}

function check(rows: readonly Decision[], situation: Situation = {}): Promise<void> {
  const { approval = sample, signInSince = null, rolesOn = () => ROLES } = situation;
  const unused = (): never => {
    throw new Error('not asked');
  };
  const decisions: ActivityDependencies['store']['decisions'] = {
    ...{
      insert: unused,
      get: unused,
      settle: unused,
      ofIncident: unused,
      declaredIncidents: unused,
    },
    approvalsOf: () => Promise.resolve(rows),
  };
  const verifySignature: ActivityDependencies['verifySignature'] = (_payload, signature) =>
    signature === 'good';
  const accounts: ActivityDependencies['store']['accounts'] = {
    ...{ put: unused, get: unused, begin: unused, see: unused, end: unused },
    ...{ ensure: unused, attempt: unused, forgive: unused, confirm: unused },
    approversSignInSince: () => Promise.resolve(signInSince),
  };
  const rules = { rolesOn };
  const now = () => new Date(situation.now ?? approval.createdAt);
  return checkSignatures(
    { store: { accounts, decisions }, verifySignature, rules, now },
    approval,
    situation.beyondGlass,
  );
}

describe('signed approvals', () => {
  test('of two people of two roles, one of them not by chat, are enough', async () => {
    await expect(check([OLGA, SAM])).resolves.toBeUndefined();
  });

  test('count by the roles that their people hold now on every target of the plans', async () => {
    const plans: Approval['plans'] = ['kubernetes/Service/ml/scorer', 'kubernetes/Service/x/y'].map(
      (target) => ({
        ...{ operation: 'o', target, round: 1, digest: 'd', summary: 's', action: 'a' },
        ...{ approvalClass: 'R3', undo: 'u' },
      }),
    );
    const approval = { ...sample, plans };
    const seen: (readonly string[])[] = [];
    const holds = (lost: string) => (person: string, targets: readonly string[]) => {
      seen.push(targets);
      return person === lost ? [] : ROLES;
    };
    await expect(
      check([OLGA, SAM], { approval, rolesOn: holds('nobody') }),
    ).resolves.toBeUndefined();
    expect(seen).toEqual([plans, plans].map((list) => list.map(({ target }) => target)));
    for (const { actor } of [OLGA, SAM]) {
      await expect(
        check([OLGA, SAM], { approval, rolesOn: holds(actor.person) }),
      ).rejects.toMatchObject({ code: 'refused' });
    }
  });

  test('of R2 may come by chat', async () => {
    const r2: Approval = {
      ...sample,
      approvalClass: 'R2',
      quorum: { people: 1, roles: ['approver-model-owner'] },
    };
    await expect(check([OLGA], { approval: r2 })).resolves.toBeUndefined();
  });

  test('of R3 need two people, also under a row that says one', async () => {
    const weaker: Approval = { ...sample, quorum: { people: 1, roles: ['approver-security'] } };
    await expect(check([SAM], { approval: weaker })).rejects.toThrow('quorum');
    await expect(check([OLGA, SAM], { approval: weaker })).resolves.toBeUndefined();
  });

  const signedIn = (secondsAgo: number, channel = 'page'): Decision => {
    const at = new Date(Date.parse(sample.createdAt) - secondsAgo * 1000).toISOString();
    return { ...SAM, actor: { ...SAM.actor, channel, signedInAt: at } };
  };

  test.each<[string, readonly Decision[], string | null]>([
    ['who had just signed in', [OLGA, signedIn(0)], null],
    ['who signed in five minutes before', [OLGA, signedIn(300)], null],
    ['who signed in longer ago', [OLGA, signedIn(301)], 'just signed in'],
    ['who signs in later than they decide', [OLGA, signedIn(-1)], 'just signed in'],
    ['with a token', [OLGA, SAM], 'just signed in'],
    ['with a token that says so', [OLGA, signedIn(0, 'cli')], 'just signed in'],
    ['whose row is not signed', [OLGA, { ...signedIn(0), signature: 'bad' }], 'quorum'],
  ])('of R3, once an approver can sign in, need one %s', async (_name, rows, words) => {
    const checked = check(rows, { signInSince: sample.createdAt });
    if (words === null) await expect(checked).resolves.toBeUndefined();
    else await expect(checked).rejects.toThrow(words);
  });

  test('of R3 that was asked before anybody could sign in stay good', async () => {
    const later = new Date(Date.parse(sample.createdAt) + 1).toISOString();
    await expect(check([OLGA, SAM], { signInSince: later })).resolves.toBeUndefined();
  });

  test.each<[string, readonly Decision[], string]>([
    ['by chat alone', [OLGA, SAM_BY_CHAT], 'chat alone'],
    ['one of them not signed', [OLGA, { ...SAM, signature: 'bad' }], 'quorum'],
    ['one of them missing', [SAM], 'quorum'],
    ['one after the end', [OLGA, { ...SAM, decidedAt: '2027-01-01T00:00:00.000Z' }], 'quorum'],
  ])('%s: refused', async (_name, rows, words) => {
    await expect(check(rows)).rejects.toThrow(words);
  });
});

describe('one signed approval of somebody who broke the glass', () => {
  const MINUTE_MS = 60_000;
  const AT_MS = Date.parse(sample.createdAt);
  const at = (ms: number): string => new Date(AT_MS + ms).toISOString();
  const nothing = (): null => null;
  /** Olga's yes alone, half an hour of broken glass from the moment that the approval was asked. */
  const alone = (change: Partial<Decision> = {}, glass: object = {}): Decision => {
    const brokenGlass = { id: 'brk_1', reason: 'r', brokenAt: at(0), endsAt: at(30 * MINUTE_MS) };
    const actor = { ...OLGA.actor, channel: 'cli', brokenGlass: { ...brokenGlass, ...glass } };
    return { ...OLGA, actor, ...change };
  };

  test('is enough in its time, for what it reaches', async () => {
    await expect(check([alone()], { beyondGlass: nothing })).resolves.toBeUndefined();
    await expect(check([alone()])).rejects.toThrow('nobody answers this alone');
    await expect(check([alone()], { beyondGlass: () => 'it is held' })).rejects.toThrow('held');
    // The key stands in for the fresh sign-in; two ordinary yeses still need one.
    const signInSince = sample.createdAt;
    const checked = check([alone()], { beyondGlass: nothing, signInSince });
    await expect(checked).resolves.toBeUndefined();
  });

  test.each<[string, Decision, Situation, string]>([
    ['by chat', alone({ actor: { ...alone().actor, channel: 'slack' } }), {}, 'command line'],
    ['on the page', alone({ actor: { ...alone().actor, channel: 'page' } }), {}, 'command line'],
    ['without a reason', alone({}, { reason: ' ' }), {}, 'no reason'],
    ['not signed', alone({ signature: 'bad' }), {}, 'quorum'],
    ['of who asked', alone(), { approval: { ...sample, requestedBy: 'olga' } }, 'only approver'],
    ['of R4', alone(), { approval: { ...sample, approvalClass: 'R4' } }, 'R4'],
    ['for a longer time than there is', alone({}, { endsAt: at(61 * MINUTE_MS) }), {}, 'time'],
    ['for a time that is none', alone({}, { endsAt: 'x' }), {}, 'time'],
    ['of who lost the role', alone(), { rolesOn: () => ['viewer'] }, 'quorum'],
  ])('is not enough %s', async (...[, row, situation, words]) => {
    await expect(check([row], { beyondGlass: nothing, ...situation })).rejects.toThrow(words);
  });

  test('is none of two', async () => {
    const after = { beyondGlass: nothing, now: at(31 * MINUTE_MS) };
    await expect(check([alone(), SAM], after)).rejects.toThrow('good until');
    await expect(check([OLGA, SAM, alone()], after)).resolves.toBeUndefined();
  });

  test('never passes before, or after its time ended, nor for another plan: property', async () => {
    const digest = fc.constantFrom(sample.planDigest, 'd'.repeat(64));
    const moment = fc.integer({ min: -90, max: 90 }).map((minutes) => minutes * MINUTE_MS);
    const lasts = fc.integer({ min: -10, max: 120 }).map((minutes) => minutes * MINUTE_MS);
    await fc.assert(
      fc.asyncProperty(moment, lasts, moment, moment, digest, async (...given) => {
        const [from, lastsMs, decided, looked, planDigest] = given;
        const row = alone(
          {
            command: { kind: 'approve', approvalId: sample.id, planDigest },
            decidedAt: at(decided),
          },
          { brokenAt: at(from), endsAt: at(from + lastsMs) },
        );
        const passes = await check([row], { beyondGlass: nothing, now: at(looked) }).then(
          () => true,
          () => false,
        );
        const within = (ms: number): boolean => ms >= from && ms < from + lastsMs;
        const isInTime = lastsMs <= 60 * MINUTE_MS && within(decided) && looked < from + lastsMs;
        const isOpen = AT_MS + decided <= Date.parse(sample.expiresAt);
        expect(passes).toBe(isInTime && isOpen && planDigest === sample.planDigest);
      }),
      { numRuns: 300 },
    );
  });
});
