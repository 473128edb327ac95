-- Break-glass: keys that two administrators make for one person, each good once; what was broken with them, for one incident and an hour
-- at most; and the review that each break owes.

create table firebreak.break_glass_key (
  id text primary key,
  number bigint generated always as identity unique,
  person_id text not null references firebreak.person (id),
  asked_by text not null,
  asked_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > asked_at and expires_at <= asked_at + interval '90 days'),
  confirmed_by text,
  confirmed_at timestamptz,
  -- Of the secret, which the person alone was shown.
  sha256 text unique,
  taken_at timestamptz,
  revoked_by text,
  revoked_at timestamptz,
  -- Three different people: who asks, who confirms, whose it is.
  check (asked_by <> person_id and confirmed_by <> asked_by and confirmed_by <> person_id),
  check ((confirmed_by is null) = (confirmed_at is null)),
  check ((sha256 is null) = (taken_at is null) and (sha256 is null or confirmed_by is not null)),
  check ((revoked_by is null) = (revoked_at is null))
);

create table firebreak.glass_break (
  id text primary key,
  number bigint generated always as identity unique,
  -- A key breaks the glass once.
  key_id text not null unique references firebreak.break_glass_key (id),
  incident_id text not null references firebreak.incident (id),
  person_id text not null references firebreak.person (id),
  reason text not null check (btrim(reason) <> ''),
  channel text not null check (channel in ('api', 'cli')),
  broken_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > broken_at and ends_at <= broken_at + interval '60 minutes')
);
create index glass_break_incident on firebreak.glass_break (incident_id, number);
create index glass_break_person on firebreak.glass_break (person_id, incident_id, ends_at);

create table firebreak.break_glass_review (
  break_id text primary key references firebreak.glass_break (id),
  owner_role text not null,
  due_at timestamptz not null,
  closed_at timestamptz,
  closed_by text,
  closed_through text,
  finding text check (btrim(finding) <> ''),
  check ((closed_at is null) = (closed_by is null) and (closed_at is null) = (finding is null))
);
create index break_glass_review_open on firebreak.break_glass_review (due_at) where closed_at is null;

create trigger break_glass_key_kept before delete or truncate on firebreak.break_glass_key
  for each statement execute function firebreak.refuse_change();
create trigger glass_break_immutable before update or delete or truncate on firebreak.glass_break
  for each statement execute function firebreak.refuse_change();
create trigger break_glass_review_kept before delete or truncate on firebreak.break_glass_review
  for each statement execute function firebreak.refuse_change();

-- Whoever writes it: a key is asked for by one, then confirmed, taken and revoked, each once; nothing else of it changes.
create function firebreak.guard_break_glass_key() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'INSERT' then
    if new.confirmed_by is not null or new.sha256 is not null or new.revoked_by is not null then
      raise exception 'break-glass key % begins as asked for', new.id using errcode = 'FB005';
    end if;
    return new;
  end if;
  if (to_jsonb(old) - '{confirmed_by,confirmed_at,sha256,taken_at,revoked_by,revoked_at}'::text[])
      is distinct from (to_jsonb(new) - '{confirmed_by,confirmed_at,sha256,taken_at,revoked_by,revoked_at}'::text[])
    or (old.confirmed_by is not null and new.confirmed_by is distinct from old.confirmed_by)
    or (old.sha256 is not null and new.sha256 is distinct from old.sha256)
    or (old.revoked_by is not null and new.revoked_by is distinct from old.revoked_by) then
    raise exception 'break-glass key % changes no more', old.id using errcode = 'FB002';
  end if;
  return new;
end
$$;
create trigger break_glass_key_guarded before insert or update on firebreak.break_glass_key
  for each row execute function firebreak.guard_break_glass_key();

-- Glass is broken with a key of this person's that was confirmed and taken, in its time.
create function firebreak.guard_glass_break() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if not exists (
    select from firebreak.break_glass_key k
    where k.id = new.key_id and k.person_id = new.person_id and k.taken_at is not null
      and k.revoked_at is null and k.expires_at > new.broken_at
  ) then
    raise exception 'break-glass key % opens nothing', new.key_id using errcode = 'FB007';
  end if;
  return new;
end
$$;
create trigger glass_break_guarded before insert on firebreak.glass_break
  for each row execute function firebreak.guard_glass_break();

-- A review is closed once, by somebody else than who broke the glass, with what they found.
create function firebreak.guard_break_glass_review() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'INSERT' then
    if new.closed_at is not null then
      raise exception 'review of % begins open', new.break_id using errcode = 'FB005';
    end if;
    return new;
  end if;
  if (to_jsonb(old) - '{closed_at,closed_by,closed_through,finding}'::text[])
      is distinct from (to_jsonb(new) - '{closed_at,closed_by,closed_through,finding}'::text[])
    or old.closed_at is not null or new.closed_at is null then
    raise exception 'review of % is closed once, as it stands', old.break_id using errcode = 'FB002';
  end if;
  if exists (select from firebreak.glass_break b where b.id = old.break_id and b.person_id = new.closed_by) then
    raise exception 'review of % is closed by somebody else', old.break_id using errcode = 'FB005';
  end if;
  return new;
end
$$;
create trigger break_glass_review_guarded before insert or update on firebreak.break_glass_review
  for each row execute function firebreak.guard_break_glass_review();

-- An approval is approved over enough people's decision rows, or over one of a person who broke the glass for this incident, while its time
-- lasts; never alone above R3.
create or replace function firebreak.guard_approval() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  if new.status = 'approved' and current_user in ('firebreak_api', 'firebreak_worker') and (
    select count(distinct d.person) from firebreak.decision d
    where d.approval_id = new.id and d.kind = 'approve' and d.outcome <> 'refused'
      and d.actor -> 'brokenGlass' is null
  ) < new.quorum_people and not exists (
    select from firebreak.decision d
    join firebreak.glass_break b on b.id = d.actor #>> '{brokenGlass,id}'
    where d.approval_id = new.id and d.kind = 'approve' and d.outcome <> 'refused'
      and b.person_id = d.person and b.incident_id = new.incident_id and b.ends_at > clock_timestamp()
      and new.approval_class in ('R2', 'R3') and new.requested_by is distinct from d.person
  ) then
    raise exception 'approval % has too few decisions', new.id using errcode = 'FB005';
  end if;
  return new;
end
$$;

-- Keys and reviews are the API's affair; the worker tells people what was broken and how it was reviewed.
grant select, insert on firebreak.break_glass_key, firebreak.glass_break, firebreak.break_glass_review
  to firebreak_api;
grant update (confirmed_by, confirmed_at, sha256, taken_at, revoked_by, revoked_at) on firebreak.break_glass_key
  to firebreak_api;
grant update (closed_at, closed_by, closed_through, finding) on firebreak.break_glass_review
  to firebreak_api;
grant select on firebreak.glass_break, firebreak.break_glass_review to firebreak_worker;
