-- A drill is a rehearsal: fixed when the incident is opened, by whoever opened it.

alter table firebreak.incident add column drill boolean not null default false;

create function firebreak.keep_drill() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'incident % stays what it was opened as', old.id using errcode = 'FB002';
end
$$;
create trigger incident_drill_fixed before update on firebreak.incident
  for each row when (new.drill is distinct from old.drill) execute function firebreak.keep_drill();

-- Whoever plans an effect says of which side it is: a process that does not know of drills yet plans none of them.
alter table firebreak.operation add column drill boolean not null default false;

create function firebreak.check_side() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if new.drill is distinct from (select drill from firebreak.incident where id = new.incident_id) then
    raise exception 'operation of % is of the other side', new.incident_id using errcode = 'FB006';
  end if;
  return new;
end
$$;
create trigger operation_side before insert or update of drill, incident_id on firebreak.operation
  for each row execute function firebreak.check_side();

-- Claims of drills are a namespace of their own: neither side ever waits for the other.
alter table firebreak.claim add column drill boolean not null default false;
drop index firebreak.claim_exclusive;
create unique index claim_exclusive on firebreak.claim (target, drill) where mode = 'exclusive';
