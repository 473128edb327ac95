-- The log: one hash chain per incident, written by one function, changed by nobody.

create table firebreak.fact (
  incident_id text not null references firebreak.incident (id),
  sequence bigint not null check (sequence > 0),
  key text not null,
  kind text not null,
  recorded_at timestamptz not null,
  previous_hash bytea not null check (octet_length(previous_hash) = 32),
  hash bytea not null check (octet_length(hash) = 32),
  -- RFC 8785 bytes, made by the caller.
  body bytea not null,
  primary key (incident_id, sequence),
  unique (incident_id, key)
);

create table firebreak.fact_head (
  incident_id text primary key references firebreak.incident (id),
  sequence bigint not null,
  hash bytea not null,
  recorded_at timestamptz not null
) with (fillfactor = 50);

create function firebreak.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
  raise exception 'rows of % are never changed', tg_table_name using errcode = 'FB002';
end
$$;

create trigger fact_immutable before update or delete or truncate on firebreak.fact
  for each statement execute function firebreak.refuse_change();

-- Bodies without a SET clause are inlined where they are called; their names are bound here and now.
create function firebreak.length_prefixed(value text) returns bytea
language sql immutable
return int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8');

create function firebreak.fact_hash(
  incident text, sequence bigint, recorded_at timestamptz, key text, previous bytea, body bytea
) returns bytea
language sql stable
return sha256(
  convert_to(E'firebreak/fact/1\n', 'UTF8')
  || firebreak.length_prefixed(incident)
  || int8send(sequence)
  || int8send((extract(epoch from recorded_at) * 1000000)::bigint)
  || firebreak.length_prefixed(key)
  || previous
  || sha256(body)
);

-- Appends to one incident's chain and answers the new rows. A known key with an equal body is dropped,
-- with another body it raises FB001; an unknown incident raises FB003, too much at once FB004.
create function firebreak.append_facts(
  p_incident text, p_keys text[], p_kinds text[], p_bodies bytea[]
) returns setof firebreak.fact
language plpgsql security definer set search_path = pg_catalog as $$
declare
  head firebreak.fact_head%rowtype;
  entry firebreak.fact%rowtype;
  known bytea;
  n integer := coalesce(array_length(p_keys, 1), 0);
  appended boolean := false;
begin
  if n <> coalesce(array_length(p_kinds, 1), 0) or n <> coalesce(array_length(p_bodies, 1), 0) then
    raise exception 'keys, kinds and bodies differ in number' using errcode = 'FB004';
  end if;
  if n > 5000 then
    raise exception '% facts in one append, at most 5000', n using errcode = 'FB004';
  end if;
  select * into head from firebreak.fact_head where incident_id = p_incident for update;
  if not found then
    if not exists (select from firebreak.incident where id = p_incident) then
      raise exception 'no incident %', p_incident using errcode = 'FB003';
    end if;
    insert into firebreak.fact_head (incident_id, sequence, hash, recorded_at)
      values (p_incident, 0, decode(repeat('00', 32), 'hex'), 'epoch')
      on conflict do nothing;
    select * into strict head from firebreak.fact_head where incident_id = p_incident for update;
  end if;
  for i in 1..n loop
    select f.body into known from firebreak.fact f
      where f.incident_id = p_incident and f.key = p_keys[i];
    if found then
      if known <> p_bodies[i] then
        raise exception 'fact % of % is known with another body', p_keys[i], p_incident
          using errcode = 'FB001';
      end if;
      continue;
    end if;
    head.sequence := head.sequence + 1;
    head.recorded_at := greatest(clock_timestamp(), head.recorded_at);
    entry := row(
      p_incident, head.sequence, p_keys[i], p_kinds[i], head.recorded_at, head.hash,
      firebreak.fact_hash(
        p_incident, head.sequence, head.recorded_at, p_keys[i], head.hash, p_bodies[i]),
      p_bodies[i]
    )::firebreak.fact;
    insert into firebreak.fact values (entry.*);
    head.hash := entry.hash;
    appended := true;
    return next entry;
  end loop;
  if appended then
    update firebreak.fact_head
      set sequence = head.sequence, hash = head.hash, recorded_at = head.recorded_at
      where incident_id = p_incident;
    perform pg_notify('facts', p_incident);
  end if;
end
$$;

-- The same for facts of several incidents, in the order of their ids, so that no two callers wait in a circle.
create function firebreak.append_facts_of(
  p_incidents text[], p_keys text[], p_kinds text[], p_bodies bytea[]
) returns setof firebreak.fact
language plpgsql security definer set search_path = pg_catalog as $$
declare
  part record;
begin
  for part in
    select f.incident, array_agg(f.key order by f.n) as keys, array_agg(f.kind order by f.n) as kinds,
      array_agg(f.body order by f.n) as bodies
    from unnest(p_incidents, p_keys, p_kinds, p_bodies) with ordinality
      as f (incident, key, kind, body, n)
    group by f.incident order by f.incident collate "C"
  loop
    return query select * from firebreak.append_facts(
      part.incident, part.keys, part.kinds, part.bodies);
  end loop;
end
$$;

revoke all on function firebreak.append_facts(text, text[], text[], bytea[]) from public;
revoke all on function firebreak.append_facts_of(text[], text[], text[], bytea[]) from public;
grant execute on function firebreak.append_facts(text, text[], text[], bytea[])
  to firebreak_api, firebreak_worker;
grant execute on function firebreak.append_facts_of(text[], text[], text[], bytea[])
  to firebreak_api, firebreak_worker;
grant select on firebreak.fact, firebreak.fact_head to firebreak_api, firebreak_worker;
