import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issueCertificate } from '../../lab/kubernetes/certificate.ts';
import { createMailTwin } from '../../lab/mail/twin.ts';
import type { ContractFixture } from './fixture.ts';

const CANARY = 'canary-mail-90c2ab';

/** Mail, over STARTTLS and with a login: one irreversible action; the far side cannot be read back. */
export const fixture: ContractFixture = {
  connector: 'mail',
  start: async () => {
    const authority = createAuthority('mail authority');
    const tls = issueCertificate(authority, 'mail relay');
    const folder = await mkdtemp(join(tmpdir(), 'firebreak-mail-'));
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, authority.cert);
    const twin = await createMailTwin({ user: 'firebreak', password: CANARY, tls });
    return {
      config: {
        caFile,
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
            html: '<p>fraud-scorer drifted.</p>',
            messageId: '<7.opened@firebreak>',
          },
          meddle: null,
          snapshot: () =>
            Promise.resolve(twin.received.map(({ to, messageId }) => ({ to: [...to], messageId }))),
        },
      ],
      probes: [],
      stop: async () => {
        await twin.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};
