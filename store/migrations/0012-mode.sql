-- A route may let the engine ask before each effect, and people may veto before the first one that goes on by itself.

alter table firebreak.incident drop constraint incident_mode_check;
alter table firebreak.incident add constraint incident_mode_check
  check (mode in ('observe', 'ask', 'auto'));
alter table firebreak.incident
  add column veto_seconds integer not null default 0 check (veto_seconds between 0 and 3600),
  add column veto_until timestamptz;
