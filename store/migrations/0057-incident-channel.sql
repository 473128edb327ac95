-- Where an incident is told in Slack, decided once, before its first message: in a channel of its own, or in the common one.
create table firebreak.incident_channel (
  incident_id text primary key references firebreak.incident (id),
  -- Slack's id; no channel is two incidents'. Null: the common channel, because of `problem`.
  channel_id text unique,
  name text,
  -- Why there is none of its own.
  problem text,
  -- True once people were invited, or Slack refused to.
  invited boolean not null default false,
  created_at timestamptz not null default now(),
  check ((channel_id is null) = (problem is not null) and (channel_id is null) = (name is null))
);

grant select on firebreak.incident_channel to firebreak_api;
grant select, insert on firebreak.incident_channel to firebreak_worker;
grant update (invited) on firebreak.incident_channel to firebreak_worker;
