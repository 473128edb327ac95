-- Legal holds: rows that every destructive effect looks for when it is planned, when it is approved, and immediately
-- before it happens. A hold ends by the words of two people; both stay for good.

create table firebreak.legal_hold (
  id text primary key,
  number bigint generated always as identity unique,
  scope text not null check (scope in ('model', 'namespace', 'dataset', 'artefact', 'incident')),
  subject text not null check (subject <> ''),
  reason text not null,
  placed_by text not null,
  channel text not null,
  placed_at timestamptz not null,
  released_at timestamptz
);
-- It is also all that the guard reads. Several people may hold the same thing, each for a reason of their own.
create index legal_hold_in_force on firebreak.legal_hold (number) where released_at is null;

create table firebreak.legal_hold_release (
  number bigint generated always as identity primary key,
  hold_id text not null references firebreak.legal_hold (id),
  person text not null,
  roles text[] not null,
  reason text not null,
  channel text not null,
  at timestamptz not null
);
create index legal_hold_release_hold on firebreak.legal_hold_release (hold_id, number);

create trigger legal_hold_kept before delete or truncate on firebreak.legal_hold
  for each statement execute function firebreak.refuse_change();
create trigger legal_hold_release_immutable
  before update or delete or truncate on firebreak.legal_hold_release
  for each statement execute function firebreak.refuse_change();

-- Whoever writes it, and as which role: nothing of a hold changes but its end, once, over the words of two people
-- (legal, and another who commands) within a day of each other.
create function firebreak.guard_legal_hold() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if (to_jsonb(old) - 'released_at') is distinct from (to_jsonb(new) - 'released_at')
    or old.released_at is not null or new.released_at is null then
    raise exception 'legal hold % only ends, once', old.id using errcode = 'FB002';
  end if;
  if not exists (
    select from firebreak.legal_hold_release l, firebreak.legal_hold_release c
    where l.hold_id = old.id and c.hold_id = old.id and l.person <> c.person
      and 'legal' = any(l.roles) and 'commander' = any(c.roles)
      and l.at > new.released_at - interval '24 hours'
      and c.at > new.released_at - interval '24 hours'
  ) then
    raise exception 'legal hold % has too few words to end', old.id using errcode = 'FB005';
  end if;
  return new;
end
$$;
create trigger legal_hold_ended_by_two before update on firebreak.legal_hold
  for each row execute function firebreak.guard_legal_hold();

-- The worker obeys: it neither holds nor ends a hold.
grant select, insert on firebreak.legal_hold, firebreak.legal_hold_release to firebreak_api;
grant update (released_at) on firebreak.legal_hold to firebreak_api;
grant select on firebreak.legal_hold, firebreak.legal_hold_release to firebreak_worker;

alter table firebreak.outbox drop constraint outbox_kind_check;
alter table firebreak.outbox add constraint outbox_kind_check check (kind in (
  'start-incident', 'wake-incident', 'deliver-decision', 'send-message', 'self-check',
  'record-legal-hold'));
