import { z } from 'zod';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { document } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { PlaybookTable } from './tables.ts';

const PUT = {
  name: 'playbook-put',
  text: `insert into firebreak.playbook (digest, name, document) values ($1, $2, $3) on conflict do nothing`,
};

const GET = {
  name: 'playbook-get',
  text: `select digest, document as playbook from firebreak.playbook where digest = $1`,
};

const DIGESTS_MAX = 10_000;
const DIGESTS = {
  name: 'playbook-digests',
  text: `select digest from firebreak.playbook order by digest limit $1`,
};

const playbookRow: z.ZodType<PinnedPlaybook> = z.object({
  digest: z.string(),
  playbook: document<PinnedPlaybook['playbook']>(),
});

const digestRow = z.object({ digest: z.string() });

/** Pinned playbooks over a connection; see the contract for what each function answers. */
export function createPlaybookTable(connection: Connection): PlaybookTable {
  return {
    put: async ({ playbook, digest }) => {
      await connection.write(PUT, [digest, playbook.name, JSON.stringify(playbook)]);
    },
    get: (digest) => firstRow(connection.rows(GET, [digest], playbookRow)),
    digests: async () => {
      const rows = await connection.rows(DIGESTS, [DIGESTS_MAX], digestRow);
      return rows.map(({ digest }) => digest);
    },
  };
}
