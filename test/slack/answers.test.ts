// Goal: what people are shown and told in Slack when they answer an approval; what every door refuses is in test/doors. Method: the
// real Bolt and the official Web API client against the twin, over a store in memory.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebClient } from '@slack/web-api';
import { addPerson, APPROVAL, as, INCIDENT } from '../../api/test-api.ts';
import type { Approval, Role } from '../../domain/approval.ts';
import { signedPart } from '../../domain/decision.ts';
import { digestOf } from '../../evidence/digest.ts';
import { approvalCard } from '../../render/slack-approval.ts';
import { slackStage, type SlackStage } from './stage.ts';

const CHANNEL = 'C0INCIDENTS';
const TEAM = 'T0LAB';

let made: SlackStage;
let nowMs = 0;

beforeEach(async () => {
  nowMs = Date.parse(APPROVAL.createdAt);
  made = await slackStage(undefined, { api: { clock: () => new Date(nowMs) } });
  for (const [id, role] of [
    ['sue', 'approver-security'],
    ['olga', 'approver-model-owner'],
    ['rex', 'responder'],
    ['root', 'admin'],
  ] as const) {
    put(id, [role]);
  }
  // Of another workspace, under a name that somebody else has here.
  put('guest', ['approver-security'], 'T0OTHER');
  await made.twin.connected();
});
afterEach(() => made.close());

const memberOf = (id: string): string => `U0${id.toUpperCase()}`;

/** A person who comes in by every door: a token, and a member of a workspace. */
function put(id: string, roles: readonly Role[], team = TEAM): void {
  addPerson(made.memory, id, roles);
  const person = { id, name: id, roles, mail: null, active: true };
  made.memory.people.set(id, { ...person, slackUser: `${team}/${memberOf(id)}` });
}

/** Changes the approval as the engine would. */
function change(fields: Partial<Approval>): void {
  made.memory.approvals.set('apr_1', { ...APPROVAL, ...fields });
}

/** Who has lost what they had. */
function lose(
  id: string,
  left: { readonly active?: boolean; readonly roles?: readonly Role[] },
): void {
  const person = made.memory.people.get(id);
  if (person) made.memory.people.set(id, { ...person, ...left });
}

async function postCard(): Promise<string> {
  const { twin } = made;
  const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
  const { text, blocks } = approvalCard({
    ...{ approval: APPROVAL, plans: [], approvedBy: [], url: null, decide: true },
  });
  await client.apiCall('chat.postMessage', { channel: CHANNEL, text, blocks });
  return twin.messages(CHANNEL).at(-1)?.ts ?? '';
}

describe('the card in Slack', () => {
  const click = async (
    person: string,
    actionId = 'approve',
    envelopeId?: string,
  ): Promise<void> => {
    const ts = await postCard();
    await made.twin.click({
      ...{ userId: memberOf(person), channel: CHANNEL, ts, actionId },
      ...(envelopeId === undefined ? {} : { envelopeId, triggerId: envelopeId }),
    });
  };
  const told = async (count: number): Promise<string> => {
    await made.twin.responded(count);
    return JSON.stringify(made.twin.responses[count - 1]);
  };
  const reject = (person: string, deliveries = 1): Promise<unknown> =>
    made.twin.submit({
      userId: memberOf(person),
      viewId: made.twin.views()[0]?.id ?? '',
      values: { reason: ' Wrong model. ' },
      deliveries,
    });

  test('a click is one signed row of the person, however often its envelope comes; the person alone is told', async () => {
    const { decisions } = made.memory;
    const acksAtRow: number[] = [];
    const set = decisions.set.bind(decisions);
    decisions.set = (...row) => {
      acksAtRow.push(made.twin.acks.length);
      return set(...row);
    };
    await click('sam', 'approve', 'e1');
    const first = await told(1);
    expect(first).toMatch(/recorded.*"response_type":"ephemeral"/u);
    await click('sam', 'approve', 'e1');
    // Not "approved already": it is the same decision.
    expect(await told(2)).toBe(first);
    expect([acksAtRow, made.twin.acks.length]).toEqual([[0], 2]);
    const [decision, ...others] = [...made.memory.decisions.values()];
    expect(others).toEqual([]);
    expect(decision).toMatchObject({
      command: { kind: 'approve', approvalId: 'apr_1', planDigest: APPROVAL.planDigest },
      actor: { person: 'sam', channel: 'slack' },
    });
    expect(decision?.signature).toBe(decision && digestOf(signedPart(decision)));
  });

  test('the same member id in another workspace is somebody else', async () => {
    await click('guest');
    expect(await told(1)).toContain('T0LAB/U0GUEST');
    expect(made.memory.decisions.size).toBe(0);
  });

  test('R3 is not approved by chat alone: the second yes has to come another way', async () => {
    await click('olga');
    await click('sue');
    expect(await told(2)).toContain('not approved by chat alone');
    expect(made.memory.approvals.get('apr_1')?.status).toBe('open');
    await made.app.inject({
      method: 'POST',
      url: '/api/v1/approvals/apr_1/decision',
      headers: as('sue'),
      payload: { planDigest: APPROVAL.planDigest, verdict: 'approve' },
    });
    expect(made.memory.approvals.get('apr_1')?.status).toBe('approved');
    expect(made.memory.decisions.size).toBe(2);
  });

  test('reject asks why, and is one row with the reason, however often the form comes', async () => {
    await click('olga', 'reject');
    expect(JSON.stringify(await reject('olga', 2))).toContain('recorded');
    expect([...made.memory.decisions.values()]).toMatchObject([
      { command: { kind: 'reject', reason: 'Wrong model.' }, actor: { person: 'olga' } },
    ]);
    expect(made.memory.approvals.get('apr_1')).toMatchObject({
      status: 'rejected',
      statusReason: 'Wrong model.',
    });
  });

  test.each([
    [
      'a plan that changed',
      () => {
        change({ planDigest: 'e'.repeat(64) });
      },
      'not those that you saw',
    ],
    [
      'a right that is gone',
      () => {
        lose('olga', { roles: ['viewer'] });
      },
      'Your roles do not allow',
    ],
    [
      'an incident that is closed',
      () => {
        made.memory.incidents.set('inc_1', { ...INCIDENT, state: 'closed' });
      },
      'The incident is closed.',
    ],
  ])('a form after %s rejects nothing', async (_name, then, words) => {
    await click('olga', 'reject');
    then();
    expect(JSON.stringify(await reject('olga'))).toContain(words);
    expect(made.memory.decisions.size).toBe(0);
  });

  test('who may not answer gets no form', async () => {
    await click('root', 'reject');
    expect(await told(1)).toContain('Your roles do not allow this.');
    expect(made.twin.views()).toEqual([]);
  });

  test.each(['', 'apr_1', `apr_1 ${'z'.repeat(64)}`, `../x ${'a'.repeat(64)}`])(
    'a button of which the value is %j is none of ours',
    async (value) => {
      await made.twin.sendInteraction({
        ...{ type: 'block_actions', trigger_id: 't', response_url: `${made.twin.url}/actions/x` },
        user: { id: memberOf('olga'), team_id: TEAM },
        team: { id: TEAM },
        actions: [{ type: 'button', action_id: 'approve', block_id: 'b', value }],
      });
      expect(await told(1)).toContain('none of Firebreak');
      expect(made.memory.decisions.size).toBe(0);
    },
  );
});
