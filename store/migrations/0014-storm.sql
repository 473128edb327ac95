-- What a storm of new incidents is told by, and what its one incident collects.

-- Playbook class and severity of an incident that an alert opened, as one digest: new incidents are counted by it.
alter table firebreak.incident add column storm_key text;
create index incident_storm on firebreak.incident (storm_key, opened_at) where storm_key is not null;

-- One row for each incident that would have been opened: the distinct suspects of a storm.
create table firebreak.storm_suspect (
  incident_id text not null references firebreak.incident (id),
  incident_key text not null,
  number integer not null check (number > 0),
  model text,
  suspect text,
  title text not null,
  first_alert_id text not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  alert_count integer not null check (alert_count > 0),
  primary key (incident_id, incident_key)
) with (fillfactor = 80);
create index storm_suspect_key on firebreak.storm_suspect (incident_key);

grant select, insert, update on firebreak.storm_suspect to firebreak_api;
grant select on firebreak.storm_suspect to firebreak_worker;
