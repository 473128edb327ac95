import { z } from 'zod';
import { createSlackTwin } from '../../lab/slack/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'xoxb-canary-slack-3fd7';
const CHANNEL = 'C0INCIDENTS';

const posted = z.object({ ok: z.literal(true), ts: z.string() });

/** Slack: four irreversible actions. */
export const fixture: ContractFixture = {
  connector: 'slack',
  start: async () => {
    const twin = await createSlackTwin({ botToken: CANARY });
    const call = async (method: string, body: object): Promise<unknown> => {
      const response = await fetch(`${twin.apiUrl}${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${CANARY}` },
        body: JSON.stringify({ channel: CHANNEL, ...body }),
      });
      return response.json();
    };
    const { ts } = posted.parse(await call('chat.postMessage', { text: 'a message of ours' }));
    // Without timestamps, which differ from world to world.
    const snapshot = (): Promise<string[]> =>
      Promise.resolve(twin.messages(CHANNEL).map((message) => message.text));
    const channels = (): Promise<string[]> =>
      Promise.resolve(twin.channels().map((one) => JSON.stringify({ ...one, id: '' })));
    return {
      config: { token: CANARY, channel: CHANNEL, apiUrl: twin.apiUrl },
      canary: CANARY,
      twin,
      actions: [
        { action: 'post', input: { text: 'opened' }, meddle: null, snapshot },
        {
          action: 'update',
          input: { ts, text: 'isolated' },
          meddle: async () => {
            // Another instance of us: only our own bot can edit this message.
            const mark = { key: 'other', content: 'other' };
            const metadata = { event_type: 'firebreak_message', event_payload: mark };
            await call('chat.update', { ts, text: 'edited by another', metadata });
          },
          snapshot,
        },
        {
          action: 'open-channel',
          input: { name: 'inc-1-it-drifts-abcdef', purpose: 'Incident #1' },
          meddle: null,
          snapshot: channels,
        },
        {
          action: 'invite',
          input: { channel: CHANNEL, members: ['U0MONA', 'U0SAM'] },
          meddle: null,
          snapshot: channels,
        },
      ],
      probes: [],
      stop: () => twin.close(),
    };
  },
};
