-- What the sync saw, outside of any incident, in two times: when it was so, and when we learned it; and what it finds
-- wrong in that.

create table firebreak.observation (
  id bigint generated always as identity primary key,
  instance text not null,
  kind text not null
    check (kind in ('version', 'alias', 'artifact', 'inputs', 'serving', 'running')),
  subject text not null,
  -- Null: it is gone.
  value json,
  digest text not null,
  -- As the far side says; null where it says nothing.
  valid_from timestamptz,
  recorded_at timestamptz not null,
  -- True for what was there before we first looked: nobody of ours saw it come.
  back_fill boolean not null
);
create index observation_subject on firebreak.observation (kind, subject, instance, id);

create trigger observation_immutable before update or delete or truncate on firebreak.observation
  for each statement execute function firebreak.refuse_change();

-- The newest observation of each subject.
create table firebreak.observation_head (
  instance text not null,
  kind text not null,
  subject text not null,
  observation_id bigint not null references firebreak.observation (id),
  digest text not null,
  gone boolean not null,
  changes integer not null default 1,
  looked_at timestamptz not null,
  primary key (instance, kind, subject)
) with (fillfactor = 80);

-- Stores what differs from the newest observation of its subject, under our own clock, and answers that. Two rounds at
-- once wait for each other; the second one finds nothing new.
create function firebreak.record_observations(
  p_instance text, p_kind text, p_back_fill boolean[], p_subjects text[], p_values json[],
  p_digests text[], p_valid_from timestamptz[]
) returns setof firebreak.observation
language plpgsql security definer set search_path = pg_catalog as $$
declare
  n integer := coalesce(array_length(p_subjects, 1), 0);
  known firebreak.observation_head%rowtype;
  entry firebreak.observation%rowtype;
begin
  if n > 5000 then
    raise exception '% observations at once, at most 5000', n using errcode = 'FB004';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('observation/' || p_instance, 0));
  for i in 1..n loop
    select * into known from firebreak.observation_head h
      where h.instance = p_instance and h.kind = p_kind and h.subject = p_subjects[i];
    if found and known.digest = p_digests[i] then
      continue;
    end if;
    -- What was never there cannot be gone.
    if not found and p_values[i] is null then
      continue;
    end if;
    insert into firebreak.observation
        (instance, kind, subject, value, digest, valid_from, recorded_at, back_fill)
      values (p_instance, p_kind, p_subjects[i], p_values[i], p_digests[i], p_valid_from[i],
        clock_timestamp(), p_back_fill[i])
      returning * into entry;
    insert into firebreak.observation_head as h
        (instance, kind, subject, observation_id, digest, gone, looked_at)
      values (p_instance, p_kind, p_subjects[i], entry.id, entry.digest, entry.value is null,
        entry.recorded_at)
      on conflict (instance, kind, subject) do update set observation_id = excluded.observation_id,
        digest = excluded.digest, gone = excluded.gone, changes = h.changes + 1,
        looked_at = excluded.looked_at;
    return next entry;
  end loop;
end
$$;

revoke all on function firebreak.record_observations(
  text, text, boolean[], text[], json[], text[], timestamptz[]) from public;
grant execute on function firebreak.record_observations(
  text, text, boolean[], text[], json[], text[], timestamptz[]) to firebreak_worker;
grant select on firebreak.observation, firebreak.observation_head
  to firebreak_api, firebreak_worker;
grant update (looked_at) on firebreak.observation_head to firebreak_worker;

-- What is wrong in what was seen; each is told as one alert when it begins and as its end when it is over.
create table firebreak.finding (
  key text primary key,
  kind text not null,
  labels json not null,
  summary text not null,
  began_at timestamptz not null,
  ended_at timestamptz,
  told boolean not null default false
);
create index finding_untold on firebreak.finding (began_at) where not told;
create index finding_standing on firebreak.finding (key) where ended_at is null;

grant select on firebreak.finding to firebreak_api;
grant select, insert, update on firebreak.finding to firebreak_worker;

-- The sync runs with the worker's rights and tells what it finds as alerts, through the same intake as everybody's.
grant insert on firebreak.delivery, firebreak.alert, firebreak.incident to firebreak_worker;

-- Whether an alias was moved by an operation of ours.
create index operation_target on firebreak.operation (target, apply_sequence)
  where apply_sequence is not null;
