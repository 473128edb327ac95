-- What a token may be used for. Those that are there go on as they did: each may do whatever its person may.

alter table firebreak.token add column scopes text[] not null
  default array['read', 'ingest', 'open', 'halt', 'steer', 'decide', 'account', 'admin'];
alter table firebreak.token alter column scopes drop default;
alter table firebreak.token add constraint token_scopes check (
  cardinality(scopes) > 0
  and scopes <@ array['read', 'ingest', 'open', 'halt', 'steer', 'decide', 'account', 'admin']
);
create index token_person on firebreak.token (person_id);

-- Tokens of alert sources: identities that are no people, with no role and no sign-in. Each posts to its own source alone.
create table firebreak.source_token (
  sha256 text primary key,
  source text not null,
  label text not null,
  made_by text not null,
  made_at timestamptz not null,
  expires_at timestamptz not null
);
create index source_token_source on firebreak.source_token (source);

grant select, insert on firebreak.source_token to firebreak_api;
grant update (expires_at) on firebreak.source_token to firebreak_api;
