-- How the engine watches itself: a check that goes the way of an alert, and when each source last said that it is alive.

alter table firebreak.outbox drop constraint outbox_kind_check;
alter table firebreak.outbox add constraint outbox_kind_check
  check (kind in ('start-incident', 'wake-incident', 'deliver-decision', 'send-message', 'self-check'));

-- The latest check of each process that takes alerts in.
create table firebreak.self_check (
  process text primary key,
  id text not null unique,
  begun_at timestamptz not null,
  relayed_at timestamptz,
  -- By the worker, when it found that the log takes facts and chains them.
  settled_at timestamptz
);

create table firebreak.source_watchdog (
  source text primary key,
  last_seen_at timestamptz not null
);

-- What people are told about the engine itself belongs to no incident.
alter table firebreak.message alter column incident_id drop not null;
create unique index message_of_engine on firebreak.message (channel, purpose) where incident_id is null;

-- Answers whether the log takes a fact and chains it; takes everything back, so that nothing of it stays.
create function firebreak.check_log() returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
declare
  chained boolean;
begin
  begin
    insert into firebreak.incident (id, number, incident_key, accepting, title, state, severity, phase, mode,
        playbook_name, parameters, origin, opened_at)
      overriding system value
      values ('self-check', 0, 'self-check', false, 'self-check', 'closed', 'sev4', 'closed', 'observe',
        'self-check', '{}', '{}', now());
    perform firebreak.append_facts(
      'self-check', array['self-check'], array['self-check'], array[convert_to('{}', 'UTF8')]);
    select bool_and(f.hash = firebreak.fact_hash(
        f.incident_id, f.sequence, f.recorded_at, f.key, f.previous_hash, f.body))
      into chained from firebreak.fact f where f.incident_id = 'self-check';
    raise exception using errcode = 'FB099', message = case when chained then 'chained' else 'broken' end;
  exception when sqlstate 'FB099' then
    return sqlerrm = 'chained';
  end;
end
$$;

revoke all on function firebreak.check_log() from public;
grant execute on function firebreak.check_log() to firebreak_worker;
grant select, insert, update on firebreak.self_check, firebreak.source_watchdog to firebreak_api;
grant select on firebreak.source_watchdog to firebreak_worker;
grant select on firebreak.self_check to firebreak_worker;
grant update (relayed_at, settled_at) on firebreak.self_check to firebreak_worker;
