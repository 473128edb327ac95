import { z } from 'zod';
import { timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { SourceRow, SourceTable, SourceToken } from './source-table.ts';

const SOURCES_MAX = 10_000;
const TOKENS_MAX = 200;

const PUT = {
  name: 'source-put',
  text: `insert into firebreak.source (name, kind, token_sha256) values ($1, $2, $3)
    on conflict (name) do update set kind = excluded.kind, token_sha256 = excluded.token_sha256`,
};

const LIST = {
  name: 'source-list',
  text: `select name, kind, token_sha256 as "tokenSha256" from firebreak.source order by name limit $1`,
};

const ADD_TOKEN = {
  name: 'source-token-add',
  text: `insert into firebreak.source_token (sha256, source, label, made_by, made_at, expires_at)
    values ($1, $2, $3, $4, $5, $6)`,
};

const TOKENS_OF = {
  name: 'source-tokens',
  text: `select left(sha256, 16) as id, label, made_by as "madeBy", made_at as "madeAt",
      expires_at as "expiresAt"
    from firebreak.source_token where source = $1 and expires_at > now()
    order by label, sha256 limit $2`,
};

const REVOKE = {
  name: 'source-token-revoke',
  text: `update firebreak.source_token set expires_at = now()
    where source = $1 and left(sha256, 16) = $2 and expires_at > now()`,
};

const BY_TOKEN = {
  name: 'source-by-token',
  text: `select source from firebreak.source_token where sha256 = $1 and expires_at > now()`,
};

const tokenRow: z.ZodType<SourceToken> = z.object({
  id: z.string(),
  label: z.string(),
  madeBy: z.string(),
  madeAt: timestamp,
  expiresAt: timestamp,
});
const ownerRow = z.object({ source: z.string() });
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
    addToken: async ({ sha256, source, label, madeBy, madeAt, expiresAt }) => {
      await connection.write(ADD_TOKEN, [sha256, source, label, madeBy, madeAt, expiresAt]);
    },
    tokensOf: (source) => connection.rows(TOKENS_OF, [source, TOKENS_MAX], tokenRow),
    revokeToken: async ({ source, id }) => (await connection.write(REVOKE, [source, id])) > 0,
    byToken: async (sha256) =>
      (await firstRow(connection.rows(BY_TOKEN, [sha256], ownerRow)))?.source ?? null,
  };
}
