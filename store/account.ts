import { z } from 'zod';
import type { Account, AccountTable, PageSession } from './account-table.ts';
import { timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { personRow } from './person.ts';

/** Old rows that one statement clears away. */
const CLEARED_MAX = 1000;
/** Where counting stops: nothing asks for more. */
const ATTEMPTS_MAX = 100_000;

const PUT = {
  name: 'account-put',
  text: `with ended as (delete from firebreak.session where person_id = $1)
    insert into firebreak.account (person_id, secret, made_at, ends_at, can_approve, pending_by)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (person_id) do update set secret = excluded.secret, ends_at = excluded.ends_at,
      can_approve = excluded.can_approve, pending_by = excluded.pending_by`,
};

const CONFIRM = {
  name: 'account-confirm',
  text: `update firebreak.account set can_approve = true, pending_by = null, confirmed_by = $2
    where person_id = $1 and pending_by <> $2 and person_id <> $2 and ends_at is null`,
};

const GET = {
  name: 'account-get',
  text: `select person_id as "personId", secret, made_at as "madeAt", ends_at as "endsAt",
      can_approve as "canApprove", pending_by as "pendingBy"
    from firebreak.account where person_id = $1`,
};

const ENSURE = {
  name: 'account-ensure',
  text: `insert into firebreak.account (person_id, secret, made_at, ends_at, can_approve)
    values ($1, null, $2, null, true) on conflict (person_id) do nothing`,
};

const SINCE = {
  name: 'account-approvers-since',
  text: `select min(a.made_at) as since from firebreak.account a join firebreak.person p on p.id = a.person_id
    where p.active and (cardinality($1::text[]) = 0 or p.roles && $1 or exists (
      select from json_array_elements(p.grants) g where g ->> 'role' = any($1)))`,
};

const BEGIN = {
  name: 'session-begin',
  text: `with cleared as (
      delete from firebreak.session where sha256 in (
        select sha256 from firebreak.session where ends_at < $3 limit $7 for update skip locked)
    )
    insert into firebreak.session (sha256, person_id, signed_in_at, seen_at, ends_at, must_choose, can_approve)
    values ($1, $2, $3, $3, $4, $5, $6)`,
};

const SEE = {
  name: 'session-see',
  text: `update firebreak.session s set seen_at = $2 from firebreak.person p
    where s.sha256 = $1 and p.id = s.person_id and p.active and s.ends_at > $2 and s.seen_at > $3
    returning p.id, p.name, p.roles, p.grants, p.slack_user as "slackUser", p.issuer, p.subject, p.mail, p.active,
      s.sha256, s.person_id as "personId", s.signed_in_at as "signedInAt", s.ends_at as "endsAt",
      s.must_choose as "mustChoose", s.can_approve as "canApprove"`,
};

const END = { name: 'session-end', text: `delete from firebreak.session where sha256 = $1` };

const CLEAR_ATTEMPTS = {
  name: 'sign-in-attempt-clear',
  text: `delete from firebreak.sign_in_attempt where subject in (
      select subject from firebreak.sign_in_attempt where began_at <= $1 limit $2 for update skip locked)`,
};

const ATTEMPT = {
  name: 'sign-in-attempt',
  text: `insert into firebreak.sign_in_attempt as a (subject, began_at, attempts)
    select subject, $2, 1 from unnest($1::text[]) as subject order by subject
    on conflict (subject) do update set
      began_at = case when a.began_at <= $3 then excluded.began_at else a.began_at end,
      attempts = case when a.began_at <= $3 then 1 else least(a.attempts + 1, $4) end
    returning a.subject, a.began_at as "beganAt", a.attempts`,
};

const FORGIVE = {
  name: 'sign-in-forgive',
  text: `update firebreak.sign_in_attempt
    set attempts = case when subject = $1 then 0 else greatest(attempts - 1, 0) end
    where subject in ($1, $2)`,
};

const accountRow: z.ZodType<Account> = z
  .object({
    personId: z.string(),
    secret: z.string().nullable(),
    madeAt: timestamp,
    endsAt: timestamp.nullable(),
    canApprove: z.boolean(),
    pendingBy: z.string().nullable(),
  })
  .transform(({ pendingBy, ...account }) =>
    pendingBy === null ? account : { ...account, pendingBy },
  );
const sinceRow = z.object({ since: timestamp.nullable() });
const sessionRow: z.ZodType<PageSession> = z.object({
  sha256: z.string(),
  personId: z.string(),
  signedInAt: timestamp,
  endsAt: timestamp,
  mustChoose: z.boolean(),
  canApprove: z.boolean(),
});
const seenRow = personRow
  .and(sessionRow)
  .transform(({ sha256, personId, signedInAt, endsAt, mustChoose, canApprove, ...person }) => ({
    person,
    session: { sha256, personId, signedInAt, endsAt, mustChoose, canApprove },
  }));
const attemptRow = z.object({ subject: z.string(), beganAt: timestamp, attempts: z.int() });

/** Accounts and sessions over a connection; see the contract for what each function answers. */
export function createAccountTable(connection: Connection): AccountTable {
  return {
    put: async ({ personId, secret, madeAt, endsAt, canApprove, pendingBy = null }) => {
      await connection.write(PUT, [personId, secret, madeAt, endsAt, canApprove, pendingBy]);
    },
    confirm: async ({ personId, by }) => (await connection.write(CONFIRM, [personId, by])) > 0,
    ensure: async ({ personId, madeAt }) => {
      await connection.write(ENSURE, [personId, madeAt]);
    },
    get: (personId) => firstRow(connection.rows(GET, [personId], accountRow)),
    approversSignInSince: async (roles) => {
      const row = await firstRow(connection.rows(SINCE, [roles], sinceRow));
      return row?.since ?? null;
    },
    begin: async ({ sha256, personId, signedInAt, endsAt, mustChoose, canApprove }) => {
      const values = [sha256, personId, signedInAt, endsAt, mustChoose, canApprove];
      await connection.write(BEGIN, [...values, CLEARED_MAX]);
    },
    see: ({ sha256, at, idleSince }) =>
      firstRow(connection.rows(SEE, [sha256, at, idleSince], seenRow)),
    end: async (sha256) => {
      await connection.write(END, [sha256]);
    },
    attempt: async (subjects, { at, since }) => {
      const [, counted] = await Promise.all([
        connection.write(CLEAR_ATTEMPTS, [since, CLEARED_MAX]),
        connection.rows(ATTEMPT, [subjects, at, since, ATTEMPTS_MAX], attemptRow),
      ]);
      return counted;
    },
    forgive: async ({ account, address }) => {
      await connection.write(FORGIVE, [account, address]);
    },
  };
}
