// Goal: with the glass broken one yes is enough for what may be answered alone, by the doors that break glass, and for nothing else; by the other
// doors it is one of two. Method: the API, the whole command line, the page and the Slack door over memory.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { carryOutCommand } from '../../api/slack/commands.ts';
import { APPROVAL, NOW } from '../../api/test-api.ts';
import { addAccount, PASSWORD, TestBrowser } from '../../api/test-browser.ts';
import { GlassStage } from '../../api/test-glass-stage.ts';
import { run } from '../../cli/test-run.ts';

const MINUTE_MS = 60_000;

const stage = new GlassStage();
beforeEach(() => {
  stage.reset();
});
let url: string;
beforeAll(async () => {
  url = await stage.given.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => stage.given.app.close());

/** What must not be answered alone although the glass is broken, and why. */
const REFUSED: readonly (readonly [string, () => void, RegExp])[] = [
  ['when its time is over', () => (stage.nowMs += 30 * MINUTE_MS), /time is over/u],
  [
    'for another plan',
    () => {
      stage.setPlan({}, { planDigest: 'e'.repeat(64) });
    },
    /not those that you saw/u,
  ],
  [
    'for R4',
    () => {
      stage.setPlan(
        { approvalClass: 'R4' },
        { approvalClass: 'R4', quorum: { people: 2, roles: ['approver-model-owner'] } },
      );
    },
    /never reaches R4/u,
  ],
  [
    'where one person is enough',
    () => {
      stage.setPlan(
        {},
        { approvalClass: 'R2', quorum: { people: 1, roles: ['approver-model-owner'] } },
      );
    },
    /one person is enough/u,
  ],
  [
    'by who asked for it',
    () => {
      stage.setPlan({}, { requestedBy: 'olga' });
    },
    /never its only approver/u,
  ],
  [
    'for what comes after the revert',
    () => {
      stage.setPlan({ step: 'redeploy' });
    },
    /isolate and revert/u,
  ],
  [
    'for an undo',
    () => {
      const undone = { action: 'undo of kubernetes.scale', digest: 'f'.repeat(64) };
      stage.setPlan({}, { plans: stage.plans().map((plan) => ({ ...plan, ...undone })) });
    },
    /something else/u,
  ],
  [
    'for no effect at all',
    () => {
      stage.setPlan({}, { plans: [] });
    },
    /something else/u,
  ],
  [
    'under a legal hold, even where nothing is destroyed',
    () => {
      stage.memory.legalHolds.push({
        ...{ id: 'lh_1', scope: 'namespace', subject: 'ml', reason: 'r', placedBy: 'lea' },
        ...{ channel: 'cli', placedAt: NOW, releasedAt: null },
      });
    },
    /legal hold lh_1/u,
  ],
  [
    'while the legal holds cannot be read',
    () => (stage.memory.holdTrouble = new Error('no')),
    /cannot be read/u,
  ],
  [
    'by a token that approves nothing',
    () => {
      stage.setApproving('olga', false);
    },
    /cannot approve|not for that/u,
  ],
  [
    'by who lost the role',
    () => {
      const olga = stage.memory.people.get('olga');
      if (olga) stage.memory.people.set('olga', { ...olga, roles: ['responder'] });
    },
    /roles/u,
  ],
];

describe.each(['api', 'cli'] as const)('with the glass broken, by the %s', (door) => {
  const CLI = ['break-glass', 'approve', 'apr_1', '--plan-digest', APPROVAL.planDigest];
  /** Answers alone by this door; what was said of it. */
  const alone = async (person = 'olga'): Promise<string> => {
    if (door === 'api') return (await stage.answer(person)).body;
    const { out, err } = await run([...CLI, '--reason', 'Sam sleeps', '--token', `fb_${person}`], {
      url,
    });
    return out + err;
  };

  test('one yes is enough, and what is signed says so', async () => {
    stage.giveKey();
    await stage.break();
    await alone();
    expect(stage.status()).toBe('approved');
    const [decision] = stage.memory.decisions.values();
    expect(decision?.actor).toMatchObject({
      ...{ person: 'olga', channel: door, roles: ['approver-model-owner'] },
      brokenGlass: { id: 'brk_1', reason: 'Sam sleeps', endsAt: '2026-11-23T10:30:00.000Z' },
    });
    expect(stage.memory.glassTold).toEqual(['brk_1']);
  });

  test('also after an ordinary yes of the same person', async () => {
    stage.giveKey();
    await stage.answer('olga', { breakGlass: undefined });
    await stage.break();
    await alone();
    expect(stage.status()).toBe('approved');
  });

  test.each(REFUSED)('no yes is enough %s', async (_what, then, why) => {
    stage.giveKey();
    await stage.break();
    then();
    expect(await alone()).toMatch(why);
    expect(stage.memory.decisions.size).toBe(0);
    expect(stage.status()).toBe('open');
  });

  test('nobody else is let through by it', async () => {
    stage.giveKey();
    await stage.break();
    expect(await alone('sam')).toMatch(/not broken the glass/u);
    expect(stage.memory.refusedAnswers).toMatchObject([{ person: 'sam', channel: door }]);
  });
});

test('a yes by the page or in Slack is one of two, whatever glass was broken; Slack says where to go', async () => {
  await addAccount(stage.given, 'olga', ['approver-model-owner']);
  stage.giveKey();
  await stage.break();
  const browser = new TestBrowser(stage.given.app);
  await browser.signIn('olga', PASSWORD);
  const forged = { verdict: 'approve', reason: '', breakGlass: 'Sam sleeps' };
  expect((await browser.submit('/approvals/apr_1', '/approvals/apr_1', forged)).status).toBe(400);
  await browser.submit('/approvals/apr_1', '/approvals/apr_1', { verdict: 'approve', reason: '' });
  expect(stage.status()).toBe('open');
  const olga = stage.memory.people.get('olga');
  if (olga) stage.memory.people.set('olga', { ...olga, slackUser: 'T1/U1' });
  const desk = { ...stage.given.dependencies, inventory: () => [], channel: 'C0INCIDENTS' };
  const typed = { words: 'break-glass inc_1', who: { team: 'T1', user: 'U1' }, requestId: 'r' };
  expect((await carryOutCommand(desk, typed)).text).toContain('not broken from Slack');
});

test('a no, and the same id for another yes, are not made alone', async () => {
  stage.giveKey();
  await stage.break();
  expect((await stage.answer('olga', { verdict: 'reject', reason: 'no' })).statusCode).toBe(400);
  await stage.answer('olga', { decisionId: 'd1', breakGlass: undefined });
  expect((await stage.answer('olga', { decisionId: 'd1' })).statusCode).toBe(409);
  expect(stage.status()).toBe('open');
});
