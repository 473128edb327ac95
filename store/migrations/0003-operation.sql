-- Operations with their plans, how they ended, and the claims on what they change.

create table firebreak.operation (
  incident_id text not null references firebreak.incident (id),
  operation text not null,
  target text not null,
  round integer not null,
  step text not null,
  use text not null,
  instance text not null,
  input json not null,
  approval_class text not null,
  approval_id text,
  containment boolean not null,
  state text not null check (state in ('planned', 'approved', 'applying', 'applied', 'verified',
    'unverified', 'unknown', 'reverting', 'reverted', 'refused', 'void')),
  fence integer not null default 0,
  generation integer not null,
  plan json not null,
  plan_digest text not null,
  -- Claim keys of the plan's targets.
  claim_targets text[] not null,
  receipt json,
  verdict json,
  reason text,
  apply_sequence bigint,
  superseded boolean not null default false,
  lease_until timestamptz,
  left_owner text,
  left_until timestamptz,
  primary key (incident_id, operation, target, round)
);
create sequence firebreak.apply_sequence;
create index operation_applied on firebreak.operation (incident_id, apply_sequence)
  where apply_sequence is not null;
create index operation_containment on firebreak.operation (apply_sequence)
  where containment and not superseded and state in ('applied', 'verified', 'unverified');

create table firebreak.operation_result (
  incident_id text not null references firebreak.incident (id),
  operation text not null,
  round integer not null,
  step text not null,
  outcome text not null
    check (outcome in ('succeeded', 'failed', 'inconclusive', 'skipped', 'not_run')),
  reason text,
  value json not null,
  started_at timestamptz not null,
  settled_at timestamptz not null,
  primary key (incident_id, operation, round)
);

create table firebreak.claim (
  target text not null,
  incident_id text not null references firebreak.incident (id),
  mode text not null check (mode in ('shared', 'exclusive')),
  taken_at timestamptz not null default now(),
  primary key (target, incident_id)
);
create unique index claim_exclusive on firebreak.claim (target) where mode = 'exclusive';
create index claim_incident on firebreak.claim (incident_id);

-- Who asked for a target in vain and is to be woken when it is free.
create table firebreak.claim_wait (
  target text not null,
  incident_id text not null references firebreak.incident (id),
  primary key (target, incident_id)
);

grant select on firebreak.operation, firebreak.operation_result, firebreak.claim,
  firebreak.claim_wait to firebreak_api;
grant select, insert, update on firebreak.operation to firebreak_worker;
grant usage on sequence firebreak.apply_sequence to firebreak_worker;
grant select, insert on firebreak.operation_result to firebreak_worker;
grant select, insert, update, delete on firebreak.claim, firebreak.claim_wait to firebreak_worker;
