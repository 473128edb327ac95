import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import { SIGN_IN } from '../domain/sign-in.ts';
import { APPROVAL, as, createTestApi, INCIDENT, NOW, ROW } from './test-api.ts';
import { addAccount, hiddenFields, PASSWORD, TestBrowser } from './test-browser.ts';

// Goal: the page of an approval shows exactly what is asked, and only its own form decides, by the rules of every door.
// Method: the server over a store in memory, and a browser that sends the forms that it was shown.

const PAGE = '/approvals/apr_1';
let given: ReturnType<typeof createTestApi>;
let nowMs = 0;

const PLAN: ApprovedPlan = {
  operation: ROW.operation,
  target: ROW.target,
  round: ROW.round,
  digest: ROW.planDigest,
  summary: ROW.plan.summary,
  action: ROW.use,
  approvalClass: 'R3',
  undo: ROW.plan.undo,
};

function setApproval(change: Partial<Approval>): void {
  const before = given.memory.approvals.get('apr_1') ?? APPROVAL;
  given.memory.approvals.set('apr_1', { ...before, ...change });
}

beforeEach(async () => {
  nowMs = Date.parse(NOW);
  given = createTestApi({ clock: () => new Date(nowMs) });
  for (const [id, role] of [
    ['olga', 'approver-model-owner'],
    ['sam', 'approver-security'],
    ['vera', 'viewer'],
  ] as const) {
    await addAccount(given, id, [role]);
  }
  given.memory.operations.push(ROW);
  setApproval({ plans: [PLAN] });
});
afterEach(() => given.app.close());

async function browserOf(id: string): Promise<TestBrowser> {
  const browser = new TestBrowser(given.app);
  await browser.signIn(id, PASSWORD, PAGE);
  return browser;
}

const answer = (browser: TestBrowser, verdict: string, reason = '') =>
  browser.submit(PAGE, PAGE, { verdict, reason });
const statusOf = () => given.memory.approvals.get('apr_1')?.status;
const byToken = (person: string) =>
  given.app.inject({
    method: 'POST',
    url: '/api/v1/approvals/apr_1/decision',
    headers: as(person),
    payload: { planDigest: APPROVAL.planDigest, verdict: 'approve' },
  });

describe('the page', () => {
  test('shows plan, target, change, undo, class, quorum, who may decide, who did, and until when', async () => {
    await answer(await browserOf('olga'), 'approve');
    const { body } = await (await browserOf('sam')).get(PAGE);
    for (const text of [
      ...[
        'Go back to version 6',
        'Scale to 0',
        'Scale to 2',
        'kubernetes/Deployment/ml/fraud-canary',
      ],
      ...['kubernetes.scale', 'R3', '2 different people', 'one of them has just signed in here'],
      ...['open until 2026-11-23T11:00:00.000Z', 'fraud-scorer answers strangely', 'sev2'],
      ...['<td data-name="Field">replicas</td>', '<pre>2</pre>', '<pre>0</pre>'],
      ...['(sam: approver-security)', '(olga: approver-model-owner)', APPROVAL.planDigest],
    ]) {
      expect(body).toContain(text);
    }
    expect(body).toMatch(/<b>Approved<\/b> by olga/u);
    expect(body).not.toContain('<script');
  });

  test('its policy lets nothing run; nobody keeps a copy of it', async () => {
    const { headers } = await (await browserOf('olga')).get(PAGE);
    expect(headers).toMatchObject({
      ...{
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'referrer-policy': 'same-origin',
      },
      'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'sha256-/u),
    });
  });

  test('looking decides nothing, whatever the address says', async () => {
    const browser = await browserOf('olga');
    const form = hiddenFields((await browser.get(PAGE)).body, PAGE);
    await browser.get(`${PAGE}?${new URLSearchParams({ ...form, verdict: 'approve' }).toString()}`);
    expect(given.memory.decisions.size).toBe(0);
  });

  test('a link brings to signing in, and from there to the approval', async () => {
    const browser = new TestBrowser(given.app);
    const { location } = await browser.get(PAGE);
    expect(location).toBe('/login?next=%2Fapprovals%2Fapr_1');
    expect((await browser.signIn('olga', PASSWORD, PAGE)).location).toBe(PAGE);
  });

  test('who has to choose a password is sent there first, also with an answer', async () => {
    const browser = await browserOf('olga');
    const form = hiddenFields((await browser.get(PAGE)).body, PAGE) ?? {};
    for (const [id, session] of given.memory.sessions) {
      given.memory.sessions.set(id, { ...session, mustChoose: true });
    }
    const to = '/password?next=%2Fapprovals%2Fapr_1';
    expect((await browser.get(PAGE)).location).toBe(to);
    expect((await browser.post(PAGE, { ...form, verdict: 'approve', reason: '' })).location).toBe(
      to,
    );
    expect(given.memory.decisions.size).toBe(0);
  });

  test('who may not answer sees everything and no form; who has no role sees nothing', async () => {
    const vera = await browserOf('vera');
    const { body } = await vera.get(PAGE);
    expect(body).toContain('You cannot approve this now');
    expect(hiddenFields(body, PAGE)).toBeNull();
    const person = given.memory.people.get('vera');
    if (person) given.memory.people.set('vera', { ...person, roles: [] });
    const refused = await vera.get(PAGE);
    expect([refused.status, refused.body.includes('Scale to 0')]).toEqual([403, false]);
  });

  test.each<[string, () => void]>([
    [
      'a plan whose row is gone',
      () => {
        given.memory.operations.length = 0;
      },
    ],
    [
      'more plans than a person reads',
      () => {
        setApproval({ plans: Array.from({ length: 101 }, () => PLAN) });
      },
    ],
    [
      'an undo that does not fit',
      () => {
        setApproval({ plans: [{ ...PLAN, undo: 'u'.repeat(4_001) }] });
      },
    ],
    [
      'a value that does not fit',
      () => {
        const plan = { ...ROW.plan, after: { replicas: 'v'.repeat(20_001) } };
        given.memory.operations.splice(0, 1, { ...ROW, plan });
      },
    ],
  ])('with %s nobody decides here', async (_name, then) => {
    then();
    const { body } = await (await browserOf('olga')).get(PAGE);
    expect(hiddenFields(body, PAGE)).toBeNull();
    expect(body).toContain('firebreak approval show apr_1');
  });

  test('a settled one has no form; one that is not there is said so', async () => {
    setApproval({ status: 'void', statusReason: 'The plan changed.' });
    const browser = await browserOf('olga');
    const { body } = await browser.get(PAGE);
    expect(body).toContain('void: The plan changed.');
    expect(hiddenFields(body, PAGE)).toBeNull();
    expect((await browser.get('/approvals/apr_2')).status).toBe(404);
    expect((await browser.get('/approvals')).body).toContain('Nothing.');
  });

  test('the list shows what is open', async () => {
    const { body } = await (await browserOf('olga')).get('/approvals');
    expect(body).toContain('<a href="/approvals/apr_1">Go back to version 6</a>');
  });
});

describe('an answer', () => {
  test('is one signed row that says when the person signed in; sent twice it stays one', async () => {
    const olga = await browserOf('olga');
    const form = hiddenFields((await olga.get(PAGE)).body, PAGE) ?? {};
    const sent = { ...form, verdict: 'approve', reason: 'I looked.' };
    const replies = await Promise.all([olga.post(PAGE, sent), olga.post(PAGE, sent)]);
    expect(replies.map(({ status, location }) => [status, location])).toEqual([
      [303, PAGE],
      [303, PAGE],
    ]);
    expect([...given.memory.decisions.values()]).toMatchObject([
      { actor: { person: 'olga', channel: 'page', signedInAt: NOW } },
    ]);
  });

  test('no needs a reason, and settles', async () => {
    const olga = await browserOf('olga');
    expect((await answer(olga, 'reject', '  ')).status).toBe(400);
    await answer(olga, 'reject', ' Wrong model. ');
    expect(given.memory.approvals.get('apr_1')).toMatchObject({
      ...{ status: 'rejected', statusReason: 'Wrong model.' },
    });
    expect((await olga.get(PAGE)).body).toMatch(/<b>Rejected<\/b> by olga.*Wrong model\./su);
  });

  test.each<[string, Record<string, string>, number]>([
    ['another token', { token: 'x'.repeat(43) }, 403],
    ['no verdict', { verdict: '' }, 400],
    ['both verdicts', { verdict: 'approve,reject' }, 400],
    ['another digest', { planDigest: 'e'.repeat(64) }, 409],
    ['a digest that is none', { planDigest: 'e' }, 400],
    ['a field more', { person: 'sam' }, 400],
    ['an id with a path', { decisionId: '../x' }, 400],
  ])('with %s is refused', async (_name, change, status) => {
    const olga = await browserOf('olga');
    const form = hiddenFields((await olga.get(PAGE)).body, PAGE);
    const sent = { ...form, verdict: 'approve', reason: '', ...change };
    expect((await olga.post(PAGE, sent)).status).toBe(status);
    expect(given.memory.decisions.size).toBe(0);
  });

  test('with the form of somebody else is refused', async () => {
    const olga = await browserOf('olga');
    const form = hiddenFields((await olga.get(PAGE)).body, PAGE);
    const sam = await browserOf('sam');
    expect((await sam.post(PAGE, { ...form, verdict: 'approve', reason: '' })).status).toBe(403);
    expect(given.memory.decisions.size).toBe(0);
  });

  test('of another origin is refused', async () => {
    const olga = await browserOf('olga');
    const form = hiddenFields((await olga.get(PAGE)).body, PAGE) ?? {};
    const sent = { ...form, verdict: 'approve', reason: '' };
    const reply = await olga.post(PAGE, sent, { origin: 'https://evil.example' });
    expect([reply.status, given.memory.decisions.size]).toEqual([403, 0]);
  });
});

describe('R3, once an approver can sign in', () => {
  test('is not approved by two tokens, nor by a token that says that it is the page', async () => {
    expect((await byToken('olga')).statusCode).toBe(202);
    const reply = await given.app.inject({
      method: 'POST',
      url: '/api/v1/approvals/apr_1/decision',
      headers: { ...as('sam'), 'x-firebreak-channel': 'page' },
      payload: { planDigest: APPROVAL.planDigest, verdict: 'approve' },
    });
    expect([reply.statusCode, statusOf()]).toEqual([403, 'open']);
    expect(reply.body).toContain('/approvals/apr_1');
  });

  test('is approved by a token and somebody who has just signed in, in either order', async () => {
    await byToken('olga');
    await answer(await browserOf('sam'), 'approve');
    expect(statusOf()).toBe('approved');
    given.memory.decisions.clear();
    setApproval({ status: 'open' });
    await answer(await browserOf('sam'), 'approve');
    expect((await byToken('olga')).statusCode).toBe(202);
    expect(statusOf()).toBe('approved');
  });

  test('a sign-in of longer ago says so, and counts again after signing in anew', async () => {
    await byToken('olga');
    const sam = await browserOf('sam');
    const form = hiddenFields((await sam.get(PAGE)).body, PAGE) ?? {};
    nowMs += SIGN_IN.freshMs + 1;
    const { body } = await sam.get(PAGE);
    expect(body).toContain('Sign in anew');
    expect(body).toContain('needs a yes of somebody who has just signed in');
    const late = await sam.post(PAGE, { ...form, verdict: 'approve', reason: '' });
    expect([late.status, statusOf(), given.memory.decisions.size]).toEqual([403, 'open', 1]);
    await sam.signIn('sam', PASSWORD, PAGE);
    await answer(sam, 'approve');
    expect(statusOf()).toBe('approved');
  });

  test('what was asked before anybody could is approved by tokens', async () => {
    setApproval({ createdAt: new Date(Date.parse(NOW) - 1).toISOString() });
    await byToken('olga');
    await byToken('sam');
    expect(statusOf()).toBe('approved');
  });

  test('a session of a password that an administrator made for somebody approves nothing', async () => {
    const account = given.memory.accounts.get('olga');
    if (account) given.memory.accounts.set('olga', { ...account, canApprove: false });
    const olga = await browserOf('olga');
    expect((await olga.get(PAGE)).body).toContain('This token cannot approve');
    expect(given.memory.incidents.get(INCIDENT.id)?.state).toBe('open');
  });
});
