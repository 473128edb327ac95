// Goal: an edit is made once and found again; health names what is missing.
// Method: the connector (with Slack's own client) against the Slack twin, faults planned on the wire.
import { describe, expect, test } from '@jest/globals';
import type { SlackTwin } from '../../lab/slack/twin.ts';
import type { Connector } from '../connector.ts';
import { actionOf, callContext } from '../test-connector.ts';
import { CHANNEL, PLAN, world } from './test-world.ts';

describe('slack update', () => {
  async function posted(): Promise<{ twin: SlackTwin; slack: Connector; ts: string }> {
    const made = await world();
    const receipt = await actionOf(made.slack, 'post').apply({ text: 'one' }, PLAN, callContext());
    return { ...made, ts: receipt.externalId };
  }

  test('edits once; the same again changes nothing; the posting is still found', async () => {
    const { twin, slack, ts } = await posted();
    const action = actionOf(slack, 'update');
    const input = { ts, text: 'two' };
    const plan = await action.plan(input, callContext({ idempotencyKey: 'edit' }));
    await action.apply(input, plan, callContext({ idempotencyKey: 'edit' }));
    await action.apply(input, plan, callContext({ idempotencyKey: 'edit' }));
    expect(await action.verify(input, plan, callContext())).toEqual({ holds: 'yes' });
    expect(twin.messages(CHANNEL).map((message) => message.text)).toEqual(['two']);
    expect(twin.ledger.filter((entry) => entry.changed)).toHaveLength(2);
    await actionOf(slack, 'post').apply({ text: 'one' }, PLAN, callContext());
    expect(twin.messages(CHANNEL)).toHaveLength(1);
  });

  test('a lost answer is unknown; the retry adopts', async () => {
    const { twin, slack, ts } = await posted();
    const action = actionOf(slack, 'update');
    const input = { ts, text: 'two' };
    const plan = await action.plan(input, callContext());
    twin.faults.add({ kind: 'cut-after' }, { matches: ({ path }) => path === '/api/chat.update' });
    await expect(action.apply(input, plan, callContext())).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    expect(await action.apply(input, plan, callContext())).toEqual({
      externalId: ts,
      origin: 'ours',
    });
    expect(twin.ledger.filter((entry) => entry.path === '/api/chat.update')).toHaveLength(1);
  });

  test('of whoever knows what was posted, an edit is one call, again the same, and the posting is still found', async () => {
    const { twin, slack, ts } = await posted();
    const action = actionOf(slack, 'update');
    const edit = callContext({ idempotencyKey: 'edit' });
    const input = { ts, text: 'two', postedAs: callContext().idempotencyKey };
    const before = twin.ledger.length;
    const plan = await action.plan(input, edit);
    const receipt = await action.apply(input, plan, edit);
    expect(twin.ledger.slice(before).map(({ path }) => path)).toEqual(['/api/chat.update']);
    expect(await action.apply(input, plan, edit)).toEqual(receipt);
    expect(await action.verify(input, plan, edit)).toEqual({ holds: 'yes' });
    await actionOf(slack, 'post').apply({ text: 'one' }, PLAN, callContext());
    expect(twin.messages(CHANNEL).map(({ text }) => text)).toEqual(['two']);
    twin.remove(CHANNEL, ts);
    await expect(action.apply(input, plan, edit)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('another edit since the plan is a conflict; a message that is gone is not found', async () => {
    const { slack, ts } = await posted();
    const action = actionOf(slack, 'update');
    const plan = await action.plan({ ts, text: 'two' }, callContext());
    const other = await action.plan({ ts, text: 'other' }, callContext());
    await action.apply({ ts, text: 'other' }, other, callContext());
    await expect(action.apply({ ts, text: 'two' }, plan, callContext())).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(action.plan({ ts: '1.000000', text: 'x' }, callContext())).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('slack health', () => {
  test('names what is missing', async () => {
    const signal = new AbortController().signal;
    const { slack } = await world();
    expect(await slack.health(signal)).toEqual({
      reachable: true,
      version: null,
      missing: [],
      problem: null,
    });
    const poor = await world({ missingScopes: ['channels:history', 'groups:history'] });
    expect(await poor.slack.health(signal)).toMatchObject({
      reachable: true,
      missing: ['channels:history'],
    });
    const wrong = await world({}, { token: 'xoxb-wrong' });
    expect(await wrong.slack.health(signal)).toMatchObject({
      reachable: true,
      problem: 'Slack answered invalid_auth.',
    });
  });
});
