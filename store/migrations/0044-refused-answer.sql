-- Answers to approvals that were refused, by whatever door: who, why, and what they had been shown. So many rows for one person
-- and approval, and for one approval in all; what comes on top is counted.

create table firebreak.refused_answer (
  id text primary key,
  number bigint generated always as identity unique,
  approval_id text not null references firebreak.approval (id),
  incident_id text not null references firebreak.incident (id),
  -- Of a person whom we know, or whom only the door names.
  person text,
  claimed text,
  name text not null,
  roles text[] not null,
  channel text not null,
  verdict text check (verdict in ('approve', 'reject')),
  plan_digest text,
  request_id text not null,
  code text not null,
  reason text not null,
  refused_at timestamptz not null,
  further integer not null default 0,
  check ((person is null) <> (claimed is null))
);
create index refused_answer_approval on firebreak.refused_answer (approval_id, number);

create trigger refused_answer_kept before delete or truncate on firebreak.refused_answer
  for each statement execute function firebreak.refuse_change();

-- The API refuses; the worker puts it on the timeline.
grant select, insert, update (further) on firebreak.refused_answer to firebreak_api;
grant select on firebreak.refused_answer to firebreak_worker;

alter table firebreak.outbox drop constraint outbox_kind_check;
alter table firebreak.outbox add constraint outbox_kind_check check (kind in (
  'start-incident', 'wake-incident', 'deliver-decision', 'send-message', 'self-check',
  'record-legal-hold', 'record-refused-answer'));
