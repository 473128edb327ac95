-- Everybody takes the incident before its log. The rows of a fact refer to the incident and so take it anyway; taken
-- after the log's head, one who holds the incident and wants the log would wait in a circle.

-- Appends to one incident's chain and answers the new rows. A known key with an equal body is dropped,
-- with another body it raises FB001; an unknown incident raises FB003, too much at once FB004.
create or replace function firebreak.append_facts(
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
  perform from firebreak.incident where id = p_incident for key share;
  if not found then
    raise exception 'no incident %', p_incident using errcode = 'FB003';
  end if;
  select * into head from firebreak.fact_head where incident_id = p_incident for update;
  if not found then
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
