-- People: who they are, what they are asked, what they decided, what they are told; and small settings.

create table firebreak.approval (
  id text primary key,
  number bigint generated always as identity unique,
  incident_id text not null references firebreak.incident (id),
  operation text not null,
  round integer not null,
  title text not null,
  approval_class text not null,
  quorum json not null,
  quorum_people integer not null,
  plans json not null,
  plan_digest text not null,
  status text not null default 'open'
    check (status in ('open', 'approved', 'rejected', 'void', 'expired')),
  status_reason text,
  requested_by text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  settled_at timestamptz,
  unique (incident_id, operation, round)
);
create index approval_status on firebreak.approval (status, number);

create table firebreak.decision (
  id text primary key,
  number bigint generated always as identity unique,
  incident_id text not null references firebreak.incident (id),
  kind text not null,
  command json not null,
  approval_id text references firebreak.approval (id),
  person text not null,
  actor json not null,
  -- As it was signed, to the letter.
  decided_at text not null,
  signature text not null,
  outcome text not null default 'pending' check (outcome in ('pending', 'accepted', 'refused')),
  reason text
);
create index decision_incident on firebreak.decision (incident_id, number);
create index decision_approval on firebreak.decision (approval_id, number)
  where approval_id is not null;

create trigger decision_kept before delete or truncate on firebreak.decision
  for each statement execute function firebreak.refuse_change();

-- An approval is approved only over enough people's decision rows, which only the API can write.
create function firebreak.guard_approval() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if new.status = 'approved' and current_user in ('firebreak_api', 'firebreak_worker') and (
    select count(distinct d.person) from firebreak.decision d
    where d.approval_id = new.id and d.kind = 'approve' and d.outcome <> 'refused'
  ) < new.quorum_people then
    raise exception 'approval % has too few decisions', new.id using errcode = 'FB005';
  end if;
  return new;
end
$$;
create trigger approval_guard before update of status on firebreak.approval
  for each row execute function firebreak.guard_approval();

create table firebreak.person (
  id text primary key,
  name text not null,
  roles text[] not null,
  slack_user text unique,
  mail text,
  active boolean not null
);

create table firebreak.token (
  sha256 text primary key,
  person_id text not null references firebreak.person (id),
  label text not null,
  expires_at timestamptz,
  can_approve boolean not null
);

create table firebreak.source (
  name text primary key,
  kind text not null check (kind in ('alertmanager', 'cloudevents', 'generic')),
  token_sha256 text[] not null
);

create table firebreak.setting (
  name text primary key,
  value json not null
);

create table firebreak.playbook (
  digest text primary key,
  name text not null,
  document json not null
);

create table firebreak.message (
  id text primary key,
  number bigint generated always as identity unique,
  incident_id text not null references firebreak.incident (id),
  channel text not null check (channel in ('slack', 'mail')),
  purpose text not null,
  subject text not null,
  text text not null,
  state text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
  attempts integer not null default 0,
  external_id text,
  unique (incident_id, channel, purpose)
);

-- The API admits, so it locks and settles; it never asks. The worker asks and lets lapse; it never decides.
grant select on firebreak.approval to firebreak_api, firebreak_worker;
grant insert on firebreak.approval to firebreak_worker;
grant update (status, status_reason, settled_at) on firebreak.approval
  to firebreak_api, firebreak_worker;
grant select, insert on firebreak.decision to firebreak_api;
grant select, update (outcome, reason) on firebreak.decision to firebreak_worker;
grant select, insert, update on firebreak.person, firebreak.token, firebreak.source
  to firebreak_api;
grant select on firebreak.person, firebreak.source to firebreak_worker;
grant select, insert, update on firebreak.setting to firebreak_api, firebreak_worker;
grant select, insert on firebreak.playbook to firebreak_api, firebreak_worker;
grant select on firebreak.message to firebreak_api;
grant select, insert, update on firebreak.message to firebreak_worker;
