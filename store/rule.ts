import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import {
  GROUNDS,
  type RuleAnswer,
  type RuleChange,
  type RuleRevision,
  type Rules,
} from '../domain/rules.ts';
import { anyRow, document } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { RuleTable } from './rule-table.ts';

const CHANGES_MAX = 100;
/** A person answers once, and an installation has no more people. */
const ANSWERS_MAX = 10_000;
const WITH_PLAYBOOK_MAX = 20;

const REVISION = `number, base, digest, rules, ground, armed, change_id as "changeId", by_person as "by",
  former_playbooks as "formerPlaybooks", since, signature`;
const CHANGE = `id, base, digest, rules, proposed_by as "proposedBy", proposed_at as "proposedAt", signature,
  status, status_reason as "statusReason"`;
const ANSWER = `id, change_id as "changeId", digest, verdict, person, reason, answered_at as "answeredAt",
  signature`;

const HEAD = {
  name: 'rule-head',
  text: `select number from firebreak.rule_revision order by number desc limit 1`,
};

const REVISIONS = {
  name: 'rule-revisions',
  text: `select ${REVISION} from firebreak.rule_revision where number > $1 order by number desc limit $2`,
};

const REVISION_GET = {
  name: 'rule-revision',
  text: `select ${REVISION} from firebreak.rule_revision where number = $1`,
};

const WITH_PLAYBOOK = {
  name: 'rule-with-playbook',
  text: `select ${REVISION} from firebreak.rule_revision r
    where exists (select 1 from json_array_elements(r.rules -> 'playbooks') p where p ->> 'digest' = $1)
      or exists (select 1 from json_array_elements_text(r.former_playbooks) f (digest) where f.digest = $1)
    order by number desc limit $2`,
};

const LOCK = {
  name: 'rule-lock',
  text: `select count(pg_advisory_xact_lock(1179795794, 0)) as locked`,
};

const ADD = {
  name: 'rule-add',
  text: `insert into firebreak.rule_revision (number, base, digest, rules, ground, armed, change_id,
      by_person, former_playbooks, since, signature)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
};

const PROPOSE = {
  name: 'rule-propose',
  text: `insert into firebreak.rule_change (id, base, digest, rules, proposed_by, proposed_at, signature)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (base, digest) where status = 'open' do nothing returning ${CHANGE}`,
};

const OPEN = {
  name: 'rule-change-open',
  text: `select ${CHANGE} from firebreak.rule_change where base = $1 and digest = $2 and status = 'open'`,
};

const CHANGE_GET = {
  name: 'rule-change',
  text: `select ${CHANGE} from firebreak.rule_change where id = $1`,
};

const CHANGES = {
  name: 'rule-changes',
  text: `select ${CHANGE} from firebreak.rule_change where ($1::text is null or status = $1)
    order by sequence desc limit $2`,
};

const SETTLE = {
  name: 'rule-settle',
  text: `update firebreak.rule_change set status = $2, status_reason = $3
    where id = $1 and status = 'open' returning ${CHANGE}`,
};

const ANSWER_ADD = {
  name: 'rule-answer',
  text: `insert into firebreak.rule_answer (id, change_id, digest, verdict, person, reason, answered_at,
      signature)
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (change_id, person) do nothing`,
};

const ANSWERS = {
  name: 'rule-answers',
  text: `select ${ANSWER} from firebreak.rule_answer where change_id = $1 order by sequence limit $2`,
};

const revisionRow: z.ZodType<RuleRevision> = z.object({
  number: z.number(),
  base: z.number().nullable(),
  digest: z.string(),
  rules: document<Rules>(),
  ground: z.enum(GROUNDS),
  armed: z.boolean(),
  changeId: z.string().nullable(),
  by: z.string().nullable(),
  formerPlaybooks: document<readonly string[]>(),
  since: z.string(),
  signature: z.string(),
});
const changeRow: z.ZodType<RuleChange> = z.object({
  id: z.string(),
  base: z.number(),
  digest: z.string(),
  rules: document<Rules>(),
  proposedBy: z.string().nullable(),
  proposedAt: z.string(),
  signature: z.string(),
  status: z.enum(['open', 'in-force', 'rejected', 'void']),
  statusReason: z.string().nullable(),
});
const answerRow: z.ZodType<RuleAnswer> = z.object({
  id: z.string(),
  changeId: z.string(),
  digest: z.string(),
  verdict: z.enum(['approve', 'reject']),
  person: z.string(),
  reason: z.string().nullable(),
  answeredAt: z.string(),
  signature: z.string(),
});
const headRow = z.object({ number: z.number() });

async function add(connection: Connection, revision: RuleRevision): Promise<void> {
  const { number, base, digest, rules, ground, armed, changeId, by, since, signature } = revision;
  const former = JSON.stringify(revision.formerPlaybooks);
  await connection.write(ADD, [
    ...[number, base, digest, JSON.stringify(rules), ground, armed, changeId, by],
    ...[former, since, signature],
  ]);
}

async function propose(
  connection: Connection,
  change: Parameters<RuleTable['propose']>[0],
): ReturnType<RuleTable['propose']> {
  const { id, base, digest, rules, proposedBy, proposedAt, signature } = change;
  const values = [id, base, digest, JSON.stringify(rules), proposedBy, proposedAt, signature];
  const inserted = await firstRow(connection.rows(PROPOSE, values, changeRow));
  if (inserted !== null) return { change: inserted, created: true };
  const open = connection.rows(OPEN, [base, digest], changeRow);
  return { change: await requireRow(open, 'The change was not stored.'), created: false };
}

async function answer(connection: Connection, given: RuleAnswer): Promise<void> {
  const { id, changeId, digest, verdict, person, reason, answeredAt, signature } = given;
  const values = [id, changeId, digest, verdict, person, reason, answeredAt, signature];
  if ((await connection.write(ANSWER_ADD, values)) === 1) return;
  throw new AppError('conflict', 'You have answered this already; a person counts once.');
}

/** The rules over a connection; see the contract for what each function answers. */
export function createRuleTable(connection: Connection): RuleTable {
  return {
    head: async () => (await firstRow(connection.rows(HEAD, [], headRow)))?.number ?? null,
    revisions: (above, limit) => connection.rows(REVISIONS, [above, limit], revisionRow),
    revision: (number) => firstRow(connection.rows(REVISION_GET, [number], revisionRow)),
    withPlaybook: (digest) =>
      connection.rows(WITH_PLAYBOOK, [digest, WITH_PLAYBOOK_MAX], revisionRow),
    lock: async () => {
      await connection.rows(LOCK, [], anyRow);
    },
    add: (revision) => add(connection, revision),
    propose: (change) => propose(connection, change),
    change: (id) => firstRow(connection.rows(CHANGE_GET, [id], changeRow)),
    changes: ({ status }) => connection.rows(CHANGES, [status, CHANGES_MAX], changeRow),
    settle: (id, status, reason) =>
      firstRow(connection.rows(SETTLE, [id, status, reason], changeRow)),
    answer: (given) => answer(connection, given),
    answers: (changeId) => connection.rows(ANSWERS, [changeId, ANSWERS_MAX], answerRow),
  };
}
