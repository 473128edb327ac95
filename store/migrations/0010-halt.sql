-- Halts: rows that every outside write looks for immediately before it happens. The rows stay for good: who stopped
-- the engine, who let it go on, and why.

create table firebreak.halt (
  id text primary key,
  number bigint generated always as identity unique,
  scope text not null check (scope in ('all', 'playbook', 'model', 'namespace', 'connector')),
  -- Empty exactly for all, so that one index keeps both kinds of rows unique.
  subject text not null,
  reason text not null,
  halted_by text not null,
  channel text not null,
  halted_at timestamptz not null,
  resumed_by text,
  resumed_reason text,
  resumed_at timestamptz,
  check ((scope = 'all') = (subject = '')),
  check ((resumed_at is null) = (resumed_by is null)),
  check ((resumed_at is null) = (resumed_reason is null))
);

-- One switch per subject. It is also all that the guard reads.
create unique index halt_in_force on firebreak.halt (scope, subject) where resumed_at is null;

create trigger halt_kept before delete or truncate on firebreak.halt
  for each statement execute function firebreak.refuse_change();

create function firebreak.guard_halt() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if old.resumed_at is not null then
    raise exception 'halt % was lifted already', old.id using errcode = 'FB002';
  end if;
  return new;
end
$$;
create trigger halt_lifted_once before update on firebreak.halt
  for each row execute function firebreak.guard_halt();

-- The worker obeys: it neither stops itself nor lets itself go on.
grant select, insert on firebreak.halt to firebreak_api;
grant update (resumed_by, resumed_reason, resumed_at) on firebreak.halt to firebreak_api;
grant select on firebreak.halt to firebreak_worker;
