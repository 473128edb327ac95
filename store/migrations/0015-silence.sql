-- Silences keep alerts from opening incidents; snoozes hold messages about one incident back. The rows stay for good: who
-- asked for quiet, why, and until when.

create table firebreak.silence (
  id text primary key,
  number bigint generated always as identity unique,
  matchers json not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  owner text not null,
  reason text not null,
  created_by text not null,
  channel text not null,
  created_at timestamptz not null,
  -- Ended by a person before its time.
  ended_at timestamptz,
  ended_by text,
  ended_reason text,
  suppressed_count integer not null default 0,
  last_suppressed_at timestamptz,
  -- What it had suppressed and still fired when it was over has been taken in again.
  readmitted_at timestamptz,
  check (ends_at > starts_at),
  check ((ended_at is null) = (ended_by is null)),
  check ((ended_at is null) = (ended_reason is null))
);
create index silence_waiting on firebreak.silence (ends_at) where readmitted_at is null;

create trigger silence_kept before delete or truncate on firebreak.silence
  for each statement execute function firebreak.refuse_change();

create function firebreak.guard_silence() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if old.ended_at is not null and new.ended_at is distinct from old.ended_at then
    raise exception 'silence % was ended already', old.id using errcode = 'FB002';
  end if;
  return new;
end
$$;
create trigger silence_ended_once before update on firebreak.silence
  for each row execute function firebreak.guard_silence();

alter table firebreak.alert add column silence_id text references firebreak.silence (id);
create index alert_silence on firebreak.alert (silence_id, sequence) where silence_id is not null;
-- An alert by what it says of itself, whatever incident it is in: its ends, and its starts. Not by source first, which
-- would tempt the planner to read all of a source while the table is small.
create index alert_identity on firebreak.alert (fingerprint, source);

-- The newest row of an incident holds; one whose end is past ends the quiet.
create table firebreak.snooze (
  number bigint generated always as identity primary key,
  id text not null unique,
  incident_id text not null references firebreak.incident (id),
  ends_at timestamptz not null,
  reason text not null,
  person text not null,
  channel text not null,
  created_at timestamptz not null
);
create index snooze_incident on firebreak.snooze (incident_id, number);
create trigger snooze_immutable before update or delete or truncate on firebreak.snooze
  for each statement execute function firebreak.refuse_change();

grant select, insert on firebreak.silence to firebreak_api;
grant update (ended_at, ended_by, ended_reason, suppressed_count, last_suppressed_at, readmitted_at)
  on firebreak.silence to firebreak_api;
grant select on firebreak.silence to firebreak_worker;
grant update (incident_id, silence_id) on firebreak.alert to firebreak_api;
grant select, insert on firebreak.snooze to firebreak_api;
grant select on firebreak.snooze to firebreak_worker;
