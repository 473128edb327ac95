import { z } from 'zod';
import { ROLES } from '../domain/approval.ts';
import { grantSchema, GRANTS_MAX } from '../domain/grant-schema.ts';
import { SCOPES } from '../domain/scope.ts';
import { anyRow, idRow, timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { Person, PersonTable, StoredToken } from './person-table.ts';

const PEOPLE_MAX = 10_000;
const TOKENS_MAX = 200;
const COLUMNS = `id, name, roles, grants, slack_user as "slackUser", issuer, subject, mail, active`;

const PUT = {
  name: 'person-put',
  text: `insert into firebreak.person (id, name, roles, slack_user, mail, active, grants, issuer, subject)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (id) do update set name = excluded.name, roles = excluded.roles,
      slack_user = excluded.slack_user, mail = excluded.mail, active = excluded.active,
      grants = excluded.grants, issuer = excluded.issuer, subject = excluded.subject`,
};

const GET = { name: 'person-get', text: `select ${COLUMNS} from firebreak.person where id = $1` };

const BY_SLACK_USER = {
  name: 'person-by-slack-user',
  text: `select ${COLUMNS} from firebreak.person where slack_user = $1`,
};

const BY_IDENTITY = {
  name: 'person-by-identity',
  text: `select ${COLUMNS} from firebreak.person where issuer = $1 and subject = $2 and active`,
};

const LIST = {
  name: 'person-list',
  text: `select ${COLUMNS} from firebreak.person order by id limit $1`,
};

const ADD_TOKEN = {
  name: 'token-add',
  text: `insert into firebreak.token (sha256, person_id, label, expires_at, can_approve, scopes, pending_by)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (sha256) do update set label = excluded.label, expires_at = excluded.expires_at,
      can_approve = excluded.can_approve, scopes = excluded.scopes, pending_by = excluded.pending_by
    where token.person_id = excluded.person_id`,
};

const EVER_APPROVING = {
  name: 'person-ever-approving',
  text: `select person_id as id from firebreak.token where can_approve
    union select person_id from firebreak.account where can_approve limit $1`,
};

const CONFIRM_TOKEN = {
  name: 'token-confirm',
  text: `update firebreak.token set can_approve = true, pending_by = null, confirmed_by = $3
    where person_id = $1 and left(sha256, 16) = $2 and pending_by <> $3 and person_id <> $3
      and (expires_at is null or expires_at > now())`,
};

const HAS_TOKEN = {
  name: 'person-has-token',
  text: `select 1 as one from firebreak.token where person_id = $1 limit 1`,
};

const TOKENS_OF = {
  name: 'person-tokens',
  text: `select left(sha256, 16) as id, label, expires_at as "expiresAt", can_approve as "canApprove",
      scopes, pending_by as "pendingBy"
    from firebreak.token where person_id = $1 and (expires_at is null or expires_at > now())
    order by label, sha256 limit $2`,
};

const REVOKE = {
  name: 'token-revoke',
  text: `update firebreak.token set expires_at = now()
    where person_id = $1 and left(sha256, 16) = $2 and (expires_at is null or expires_at > now())`,
};

const BY_TOKEN = {
  name: 'person-by-token',
  text: `select ${COLUMNS}, t.can_approve as "canApprove", t.scopes
    from firebreak.token t join firebreak.person p on p.id = t.person_id
    where t.sha256 = $1 and (t.expires_at is null or t.expires_at > now())`,
};

/** A person as their row says. */
export const personRow: z.ZodType<Person> = z
  .object({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    grants: z.array(grantSchema).max(GRANTS_MAX),
    slackUser: z.string().nullable(),
    issuer: z.string().nullable(),
    subject: z.string().nullable(),
    mail: z.string().nullable(),
    active: z.boolean(),
  })
  .transform(({ grants, issuer, subject, ...person }) => ({
    ...person,
    ...(grants.length === 0 ? {} : { grants }),
    ...(issuer === null || subject === null ? {} : { identity: { issuer, subject } }),
  }));
const storedTokenRow: z.ZodType<StoredToken> = z.object({
  id: z.string(),
  label: z.string(),
  expiresAt: timestamp.nullable(),
  canApprove: z.boolean(),
  scopes: z.array(z.enum(SCOPES)),
  pendingBy: z.string().nullable(),
});
const tokenRow = z
  .object({ canApprove: z.boolean(), scopes: z.array(z.enum(SCOPES)) })
  .and(personRow)
  .transform(({ canApprove, scopes, ...person }) => ({ person, canApprove, scopes }));

/** People and their tokens over a connection; see the contract for what each function answers. */
export function createPersonTable(connection: Connection): PersonTable {
  return {
    put: async (person) => {
      await connection.write(PUT, [
        person.id,
        person.name,
        person.roles,
        person.slackUser,
        person.mail,
        person.active,
        JSON.stringify(person.grants ?? []),
        person.identity?.issuer ?? null,
        person.identity?.subject ?? null,
      ]);
    },
    get: (id) => firstRow(connection.rows(GET, [id], personRow)),
    bySlackUser: (slackUser) => firstRow(connection.rows(BY_SLACK_USER, [slackUser], personRow)),
    byIdentity: ({ issuer, subject }) =>
      firstRow(connection.rows(BY_IDENTITY, [issuer, subject], personRow)),
    list: () => connection.rows(LIST, [PEOPLE_MAX], personRow),
    addToken: async (token) => {
      await connection.write(ADD_TOKEN, [
        token.sha256,
        token.personId,
        token.label,
        token.expiresAt,
        token.canApprove,
        token.scopes,
        token.pendingBy ?? null,
      ]);
    },
    confirmToken: async ({ personId, id, by }) =>
      (await connection.write(CONFIRM_TOKEN, [personId, id, by])) > 0,
    tokensOf: (personId) => connection.rows(TOKENS_OF, [personId, TOKENS_MAX], storedTokenRow),
    revokeToken: async ({ personId, id }) => (await connection.write(REVOKE, [personId, id])) > 0,
    everApproving: async () => {
      const rows = await connection.rows(EVER_APPROVING, [PEOPLE_MAX], idRow);
      return rows.map(({ id }) => id);
    },
    hasToken: async (personId) => (await connection.rows(HAS_TOKEN, [personId], anyRow)).length > 0,
    byToken: (sha256) => firstRow(connection.rows(BY_TOKEN, [sha256], tokenRow)),
  };
}
