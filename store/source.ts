import { z } from 'zod';
import type { Connection } from './connection.ts';
import type { SourceRow, SourceTable } from './source-table.ts';

const SOURCES_MAX = 10_000;

const PUT = {
  name: 'source-put',
  text: `insert into firebreak.source (name, kind, token_sha256) values ($1, $2, $3)
    on conflict (name) do update set kind = excluded.kind, token_sha256 = excluded.token_sha256`,
};

const LIST = {
  name: 'source-list',
  text: `select name, kind, token_sha256 as "tokenSha256" from firebreak.source order by name limit $1`,
};

const sourceRow: z.ZodType<SourceRow> = z.object({
  name: z.string(),
  kind: z.enum(['alertmanager', 'cloudevents', 'generic']),
  tokenSha256: z.array(z.string()),
});

/** Alert sources over a connection; see the contract for what each function answers. */
export function createSourceTable(connection: Connection): SourceTable {
  return {
    put: async (source) => {
      await connection.write(PUT, [source.name, source.kind, source.tokenSha256]);
    },
    list: () => connection.rows(LIST, [SOURCES_MAX], sourceRow),
  };
}
