import { createMailTwin } from '../../lab/mail/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-mail-90c2ab';

/** Mail: one irreversible action; the far side cannot be read back. */
export const fixture: ContractFixture = {
  connector: 'mail',
  start: async () => {
    const twin = await createMailTwin({ user: 'firebreak', password: CANARY });
    return {
      config: {
        url: twin.url.replace('smtp://', `smtp://firebreak:${CANARY}@`),
        from: 'firebreak@lab.test',
      },
      canary: CANARY,
      twin,
      actions: [
        {
          action: 'send',
          input: {
            to: ['mona@lab.test'],
            subject: 'Incident 7 opened',
            text: 'fraud-scorer drifted.',
            messageId: '<7.opened@firebreak>',
          },
          meddle: null,
          snapshot: () =>
            Promise.resolve(twin.received.map(({ to, messageId }) => ({ to: [...to], messageId }))),
        },
      ],
      probes: [],
      stop: () => twin.close(),
    };
  },
};
