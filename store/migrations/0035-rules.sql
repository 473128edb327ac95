-- The rules: who may do what, and how far the engine goes by itself. Each state that came into force is a row signed by
-- the API; so is what people were asked about a change, and what each of them answered. The rows stay for good.

create table firebreak.rule_change (
  id text primary key,
  sequence bigint generated always as identity unique,
  base bigint not null,
  digest text not null,
  rules json not null,
  -- Null for the configuration file.
  proposed_by text,
  -- As it was signed, to the letter.
  proposed_at text not null,
  signature text not null,
  status text not null default 'open' check (status in ('open', 'in-force', 'rejected', 'void')),
  status_reason text,
  check (status <> 'open' or status_reason is null)
);
-- The same rules are asked about once as long as the same rules are in force.
create unique index rule_change_open on firebreak.rule_change (base, digest) where status = 'open';

create table firebreak.rule_revision (
  number bigint primary key,
  base bigint references firebreak.rule_revision (number),
  digest text not null,
  rules json not null,
  ground text not null check (ground in ('first', 'set-up', 'tightened', 'approved')),
  armed boolean not null,
  change_id text references firebreak.rule_change (id),
  by_person text,
  former_playbooks json not null,
  since text not null,
  signature text not null
);

create table firebreak.rule_answer (
  id text primary key,
  sequence bigint generated always as identity unique,
  change_id text not null references firebreak.rule_change (id),
  digest text not null,
  verdict text not null check (verdict in ('approve', 'reject')),
  person text not null,
  reason text,
  answered_at text not null,
  signature text not null,
  unique (change_id, person)
);

create trigger rule_revision_immutable before update or delete or truncate on firebreak.rule_revision
  for each statement execute function firebreak.refuse_change();
create trigger rule_answer_immutable before update or delete or truncate on firebreak.rule_answer
  for each statement execute function firebreak.refuse_change();
create trigger rule_change_kept before delete or truncate on firebreak.rule_change
  for each statement execute function firebreak.refuse_change();

grant select, insert on firebreak.rule_revision, firebreak.rule_change, firebreak.rule_answer
  to firebreak_api;
grant update (status, status_reason) on firebreak.rule_change to firebreak_api;
grant select on firebreak.rule_revision, firebreak.rule_change, firebreak.rule_answer
  to firebreak_worker;
