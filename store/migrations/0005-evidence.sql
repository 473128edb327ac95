-- Evidence by digest with its chain of custody, and the lineage graph.

create table firebreak.evidence (
  id text primary key,
  number bigint generated always as identity unique,
  incident_id text not null references firebreak.incident (id),
  title text not null,
  operation text not null,
  sha256 text not null,
  bytes bigint not null,
  media_type text not null,
  source text not null,
  collected_at timestamptz not null,
  truncated boolean not null,
  moment text not null check (moment in ('before-containment', 'after-containment')),
  unique (incident_id, operation, sha256)
);

create table firebreak.custody (
  evidence_id text not null references firebreak.evidence (id),
  sequence bigint not null,
  action text not null check (action in ('collected', 'verified', 'read', 'exported')),
  by text not null,
  -- As hashed, to the letter.
  at text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  previous_hash bytea not null,
  hash bytea not null,
  primary key (evidence_id, sequence)
);
create trigger custody_immutable before update or delete or truncate on firebreak.custody
  for each statement execute function firebreak.refuse_change();
create trigger evidence_immutable before update or delete or truncate on firebreak.evidence
  for each statement execute function firebreak.refuse_change();

-- Links one entry to the last of its evidence; an unknown evidence raises FB003.
create function firebreak.add_custody(
  p_evidence text, p_action text, p_by text, p_at text, p_sha256 text
) returns firebreak.custody
language plpgsql security definer set search_path = pg_catalog as $$
declare
  entry firebreak.custody%rowtype;
begin
  perform from firebreak.evidence where id = p_evidence for update;
  if not found then
    raise exception 'no evidence %', p_evidence using errcode = 'FB003';
  end if;
  select c.sequence + 1, c.hash into entry.sequence, entry.previous_hash
    from firebreak.custody c where c.evidence_id = p_evidence order by c.sequence desc limit 1;
  entry.evidence_id := p_evidence;
  entry.sequence := coalesce(entry.sequence, 1);
  entry.previous_hash := coalesce(entry.previous_hash, decode(repeat('00', 32), 'hex'));
  entry.action := p_action;
  entry.by := p_by;
  entry.at := p_at;
  entry.sha256 := p_sha256;
  entry.hash := sha256(
    convert_to(E'firebreak/custody/1\n', 'UTF8')
    || firebreak.length_prefixed(p_evidence)
    || int8send(entry.sequence)
    || firebreak.length_prefixed(p_action)
    || firebreak.length_prefixed(p_by)
    || firebreak.length_prefixed(p_at)
    || decode(p_sha256, 'hex')
    || entry.previous_hash
  );
  insert into firebreak.custody values (entry.*);
  return entry;
end
$$;
revoke all on function firebreak.add_custody(text, text, text, text, text) from public;
grant execute on function firebreak.add_custody(text, text, text, text, text)
  to firebreak_api, firebreak_worker;

create table firebreak.lineage_node (
  id text primary key,
  kind text not null check (kind in ('dataset', 'run', 'model', 'deployment')),
  name text not null,
  version text,
  digest text,
  created_at timestamptz,
  complete boolean not null
);

create table firebreak.lineage_edge (
  from_id text not null,
  to_id text not null,
  source text not null,
  primary key (from_id, to_id, source)
);
create index lineage_edge_to on firebreak.lineage_edge (to_id, from_id);

grant select on firebreak.evidence, firebreak.custody to firebreak_api, firebreak_worker;
grant insert on firebreak.evidence to firebreak_worker;
grant select, insert, update on firebreak.lineage_node to firebreak_api, firebreak_worker;
grant select, insert on firebreak.lineage_edge to firebreak_api, firebreak_worker;
