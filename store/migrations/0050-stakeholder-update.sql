-- Updates for stakeholders: the words that people outside the response read are rows before anybody can send them. They never
-- change; whoever sends one sends what is written here.

create table firebreak.stakeholder_update (
  id text primary key,
  number bigint generated always as identity unique,
  incident_id text not null references firebreak.incident (id),
  audience text not null,
  reach text not null check (reach in ('internal', 'external')),
  ordinal integer not null check (ordinal > 0),
  notice text not null check (notice in ('first', 'update', 'all-clear', 'resolved')),
  verified boolean not null check (verified or notice <> 'all-clear'),
  recipients json not null,
  slack_channel text,
  subject text not null,
  text text not null,
  template_sha256 text not null,
  text_sha256 text not null,
  drafted_at timestamptz not null,
  state text not null check (state in ('drafted', 'released', 'skipped')),
  settled_at timestamptz,
  settled_by text,
  settled_through text,
  reason text,
  -- Each follows the one before: of two processes that draft the next one, one does.
  unique (incident_id, audience, ordinal),
  check ((state = 'drafted') = (settled_at is null) and (settled_at is null) = (settled_by is null))
);
create index stakeholder_update_drafted on firebreak.stakeholder_update (drafted_at);
create index stakeholder_update_waiting on firebreak.stakeholder_update (drafted_at) where state = 'drafted';

-- What goes outside was seen by a person: no process can write it as sent. What is settled stays so, and no word changes.
create function firebreak.guard_stakeholder_update() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'drafted' and (new.reach = 'external' or new.settled_by <> 'engine') then
      raise exception 'update % has to be seen first', new.id using errcode = 'FB005';
    end if;
    return new;
  end if;
  if old.state <> 'drafted' or new.state = 'drafted' or new.settled_by = 'engine'
    or (to_jsonb(old) - '{state,settled_at,settled_by,settled_through,reason}'::text[])
      is distinct from (to_jsonb(new) - '{state,settled_at,settled_by,settled_through,reason}'::text[]) then
    raise exception 'update % is settled once, as it stands', old.id using errcode = 'FB002';
  end if;
  return new;
end
$$;
create trigger stakeholder_update_guarded before insert or update on firebreak.stakeholder_update
  for each row execute function firebreak.guard_stakeholder_update();
create trigger stakeholder_update_kept before delete or truncate on firebreak.stakeholder_update
  for each statement execute function firebreak.refuse_change();

-- The worker drafts, and sends inside; people settle through the API.
grant select, insert on firebreak.stakeholder_update to firebreak_worker;
grant select on firebreak.stakeholder_update to firebreak_api;
grant update (state, settled_at, settled_by, settled_through, reason) on firebreak.stakeholder_update
  to firebreak_api;

-- A message that goes to a place of its own; its addresses stand in `recipients` from the beginning.
alter table firebreak.message add column slack_channel text;

-- The kinds of work are closed by the code that reads them: an unknown one stays where it is and is told as a problem.
alter table firebreak.outbox drop constraint outbox_kind_check;
