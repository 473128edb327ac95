-- Serving capacity that effects isolate, over all incidents: what the caps count.

create table firebreak.isolation (
  incident_id text not null,
  operation text not null,
  target text not null,
  round integer not null,
  object text not null,
  -- Given out under one lock, so that its order is the order of commits.
  sequence bigint generated always as identity unique,
  model text not null,
  replicas integer not null check (replicas > 0),
  stays boolean not null,
  capacity integer not null,
  remaining integer not null,
  reserved_at timestamptz not null default clock_timestamp(),
  -- Put back, refused, void, or taken over by a later effect.
  ended boolean not null default false,
  primary key (incident_id, operation, target, round, object),
  foreign key (incident_id, operation, target, round) references firebreak.operation
);
create index isolation_reserved on firebreak.isolation (reserved_at);
create index isolation_live on firebreak.isolation (sequence) where not ended;

-- None of these states is ever left again.
create function firebreak.end_isolation() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
  update firebreak.isolation set ended = true
    where incident_id = new.incident_id and operation = new.operation and target = new.target
      and round = new.round and not ended;
  return null;
end
$$;
revoke all on function firebreak.end_isolation() from public;
create trigger operation_ended after update of state, superseded on firebreak.operation
  for each row when (new.superseded or new.state in ('refused', 'void', 'reverted'))
  execute function firebreak.end_isolation();

-- How many incidents a source opened lately.
create index incident_source on firebreak.incident ((origin ->> 'by'), opened_at)
  where origin ->> 'kind' = 'alert';

grant select on firebreak.isolation to firebreak_api;
grant select, insert on firebreak.isolation to firebreak_worker;
