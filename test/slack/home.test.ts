// Goal: the home of the app shows each person what is open to them and what waits for their answer, as it is when they open it and after
// they answered, never an older state over a newer one.
// Method: the real Bolt over the Slack twin, both ways in; the store is in memory.
import { describe, expect, test } from '@jest/globals';
import { WebClient } from '@slack/web-api';
import { APPROVAL, INCIDENT, NOW } from '../../api/test-api.ts';
import { approvalCard } from '../../render/slack-approval.ts';
import { closersAfterEach } from '../closers.ts';
import { CHANNEL, ENTRY, putMember, slackStage, WAYS, type SlackStage } from './stage.ts';

const closers = closersAfterEach();

async function stage(way: (typeof WAYS)[number] = 'socket'): Promise<SlackStage> {
  const holding = { destroys: () => undefined, inventory: () => [ENTRY], written: () => [ENTRY] };
  const made = await slackStage(() => ({ holding }), { way, api: { clock: () => new Date(NOW) } });
  closers.push(() => made.close());
  if (way === 'socket') await made.twin.connected();
  return made;
}

const shown = ({ twin }: SlackStage, userId: string): string =>
  JSON.stringify(twin.home(userId)?.view ?? null);

/** Opens the home and answers what stands in it then. */
async function opened(made: SlackStage, userId: string, times = 1): Promise<string> {
  expect(await made.twin.openHome({ userId })).toBe(1);
  await made.twin.called('views.publish', times);
  return shown(made, userId);
}

describe.each(WAYS)('the home, by %s', (way) => {
  test('shows open incidents and what waits for the person, and no longer once they answered', async () => {
    const made = await stage(way);
    const before = await opened(made, 'U0MONA');
    expect(before).toContain('#7 sev2 open, isolate: fraud-scorer answers strangely');
    expect(before).toContain('R3 Go back to version 6');
    const { twin } = made;
    const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
    const { text, blocks } = approvalCard({
      ...{ approval: APPROVAL, plans: [], approvedBy: [], url: null, decide: true },
    });
    await client.apiCall('chat.postMessage', { channel: CHANNEL, text, blocks });
    const ts = twin.messages(CHANNEL).at(-1)?.ts ?? '';
    await twin.click({ userId: 'U0MONA', channel: CHANNEL, ts, actionId: 'approve' });
    await twin.called('views.publish', 2);
    expect(shown(made, 'U0MONA')).toContain('No approval waits for you.');
    // Nobody else's home is touched; Sam's answer is still wanted.
    expect(await opened(made, 'U0SAM', 3)).toContain('R3 Go back to version 6');
  });
});

describe('the home', () => {
  test.each<[string, Parameters<typeof putMember>[2], readonly [string[], string[]]]>([
    [
      'a viewer',
      { slackUser: 'T0LAB/U0VIC', roles: ['viewer'] },
      [['#7 sev2', 'No approval waits for you.'], ['Go back']],
    ],
    [
      'somebody whose role is not asked for',
      { slackUser: 'T0LAB/U0VIC', roles: ['responder'] },
      [['#7 sev2', 'No approval waits for you.'], ['Go back']],
    ],
    [
      'somebody of another model',
      { slackUser: 'T0LAB/U0VIC', roles: [] },
      [
        ['No incident is open.', 'No approval waits for you.'],
        ['#7', 'Go back'],
      ],
    ],
    [
      'the same member id in another workspace',
      { slackUser: 'T0OTHER/U0VIC', roles: ['approver-security'] },
      [
        ['does not know you here', 'T0LAB/U0VIC'],
        ['#7', 'Go back'],
      ],
    ],
  ])('of %s', async (_name, about, [has, hasNot]) => {
    const made = await stage();
    putMember(made.memory, 'vic', about);
    const vic = made.memory.people.get('vic');
    const grants = [{ role: 'approver-security', on: 'model', name: 'other' }] as const;
    if (vic?.roles.length === 0) made.memory.people.set('vic', { ...vic, grants });
    const home = await opened(made, 'U0VIC');
    for (const words of has) expect(home).toContain(words);
    for (const words of hasNot) expect(home).not.toContain(words);
  });

  test('what has expired, is answered or closed is not in it', async () => {
    const made = await stage();
    const { memory } = made;
    memory.approvals.set('apr_1', { ...APPROVAL, expiresAt: NOW });
    memory.approvals.set('apr_2', { ...APPROVAL, id: 'apr_2', status: 'void' });
    memory.incidents.set('inc_9', { ...INCIDENT, id: 'inc_9', number: 9, state: 'closed' });
    const home = await opened(made, 'U0MONA');
    expect(home).toContain('No approval waits for you.');
    expect(home).not.toContain('#9');
  });

  test('more than Slack takes is counted, and hostile text is inert', async () => {
    const made = await stage();
    const title = '<!channel> <@U0MONA> <https://evil.test|click> *x* \u202e';
    for (let number = 10; number < 130; number += 1) {
      const id = `inc_${number.toString()}`;
      made.memory.incidents.set(id, { ...INCIDENT, id, number, title });
      const approval = { ...APPROVAL, id: `apr_${number.toString()}`, incidentId: id, title };
      made.memory.approvals.set(approval.id, approval);
    }
    const home = await opened(made, 'U0MONA');
    const blocks = made.twin.home('U0MONA')?.view.blocks ?? [];
    expect(blocks.length).toBeLessThanOrEqual(100);
    expect(home.match(/and at least 55 more/gu)).toHaveLength(2);
    expect(home).not.toContain('mrkdwn');
    expect(home).not.toContain('\u202e');
  });

  test('what another process published since is not overwritten by what was read before', async () => {
    const made = await stage();
    await opened(made, 'U0MONA');
    const { twin, memory } = made;
    const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
    const view = { type: 'home' as const, blocks: [{ type: 'divider' as const }] };
    const list = made.desk.store.incidents.list.bind(made.desk.store.incidents);
    let reads = 0;
    Object.assign(made.desk.store.incidents, {
      list: async (...asked: Parameters<typeof list>) => {
        reads += 1;
        const read = await list(...asked);
        if (reads > 1) return read;
        // Meanwhile the incident is renamed, and the other process shows that.
        memory.incidents.set('inc_1', { ...INCIDENT, number: 7, title: 'renamed' });
        await client.views.publish({ user_id: 'U0MONA', view });
        return read;
      },
    });
    expect(await opened(made, 'U0MONA', 3)).toContain('renamed');
    expect(reads).toBe(2);
  });
});
