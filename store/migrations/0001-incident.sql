-- Incidents, the alerts that belong to them, and the outbox that carries them to the workflows.
-- Documents from outside are of type json, not jsonb: json keeps every text that JSON can hold, \u0000 too.

grant usage on schema firebreak to firebreak_api, firebreak_worker;

create table firebreak.incident (
  id text primary key,
  number bigint generated always as identity unique,
  incident_key text not null,
  accepting boolean not null default true,
  title text not null,
  state text not null check (state in ('pending', 'open', 'held', 'stuck', 'closed')),
  state_reason text,
  owner text,
  severity text not null check (severity in ('sev1', 'sev2', 'sev3', 'sev4')),
  phase text not null,
  mode text not null check (mode in ('observe', 'auto')),
  route text,
  playbook_name text not null,
  playbook_digest text,
  suspect text,
  model text,
  targets json,
  parameters json not null,
  origin json not null,
  first_alert json,
  generation integer not null default 1 check (generation >= 1),
  step text,
  paused boolean not null default false,
  acknowledged_by text,
  verdict text,
  onset_at timestamptz,
  opened_at timestamptz not null,
  contained_at timestamptz,
  restored_at timestamptz,
  stabilised_at timestamptz,
  closed_at timestamptz,
  alert_count integer not null default 0,
  alert_drained integer not null default 0,
  received_count integer not null default 0,
  flapped_count integer not null default 0,
  attached_count integer not null default 0,
  resolved_count integer not null default 0,
  check (alert_drained between 0 and alert_count),
  check (not (accepting and state = 'closed'))
) with (fillfactor = 80);

-- The arbiter of membership: one incident of a key accepts at a time.
create unique index incident_accepting on firebreak.incident (incident_key) where accepting;
create index incident_closed on firebreak.incident (incident_key, closed_at) where state = 'closed';
create index incident_unfinished on firebreak.incident (number) where state <> 'closed';
create index incident_state on firebreak.incident (state, number);

-- Openings by hand, so that a repeated request answers the first one's incident.
create table firebreak.incident_request (
  request_id text primary key,
  incident_id text not null references firebreak.incident (id)
);

create table firebreak.delivery (
  source text not null,
  sha256 bytea not null check (octet_length(sha256) = 32),
  content_type text not null,
  headers json not null,
  raw bytea not null,
  received_at timestamptz not null,
  primary key (source, sha256)
);

create table firebreak.alert (
  id text primary key,
  sequence bigint generated always as identity unique,
  source text not null,
  dedupe_key text not null,
  delivery_sha256 bytea not null,
  incident_id text references firebreak.incident (id),
  status text check (status in ('firing', 'resolved')),
  fingerprint text,
  starts_at text,
  incoming json,
  problem text,
  field text,
  received_at timestamptz not null,
  unique (source, dedupe_key),
  check ((incoming is null) <> (problem is null))
);
create index alert_incident on firebreak.alert (incident_id, sequence);
create index alert_fingerprint on firebreak.alert (incident_id, fingerprint) where status = 'firing';

create table firebreak.outbox (
  id bigint generated always as identity primary key,
  kind text not null
    check (kind in ('start-incident', 'wake-incident', 'deliver-decision', 'send-message')),
  incident_id text,
  work json not null,
  due_at timestamptz not null default now(),
  leased boolean not null default false,
  lease_until timestamptz,
  attempts integer not null default 0,
  problem text,
  created_at timestamptz not null default now()
) with (fillfactor = 70);

-- At most one wake of an incident waits; one that is under way does not count, it may have missed us.
create unique index outbox_wake on firebreak.outbox (incident_id)
  where kind = 'wake-incident' and not leased;
create index outbox_due on firebreak.outbox (due_at, id);

create function firebreak.notify_outbox() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  perform pg_notify('outbox', '');
  return null;
end
$$;

-- An insert that ends as ON CONFLICT DO UPDATE fires it as well: the relay may have skipped the locked row.
create trigger outbox_notify after insert on firebreak.outbox
  for each statement execute function firebreak.notify_outbox();

grant select, insert, update on firebreak.incident to firebreak_api;
grant select, update on firebreak.incident to firebreak_worker;
grant select, insert on firebreak.incident_request to firebreak_api;
grant select, insert on firebreak.delivery to firebreak_api;
grant select on firebreak.delivery to firebreak_worker;
grant select, insert on firebreak.alert to firebreak_api;
grant select on firebreak.alert to firebreak_worker;
grant select, insert, update on firebreak.outbox to firebreak_api;
grant select, insert, update, delete on firebreak.outbox to firebreak_worker;
