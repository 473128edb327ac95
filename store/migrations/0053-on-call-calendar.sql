-- What was last read of the calendars outside that say who is on call, so that one that is down leaves nobody alone.
create table firebreak.on_call_calendar (
  -- Name of the schedule in the configuration.
  schedule text primary key,
  -- Digest of where it is read: an address may be a secret.
  source text not null,
  -- Why the latest try brought nothing; null when it did.
  problem text,
  -- Tries that failed since the last one that did not.
  failures integer not null default 0,
  -- Not read again before.
  due_at timestamptz not null,
  -- Of the last reading that made sense; all null before the first.
  read_at timestamptz,
  covers_from timestamptz,
  covers_until timestamptz,
  entries json,
  findings json,
  -- What the other side calls this version.
  etag text,
  last_modified text,
  check (num_nulls(read_at, covers_from, covers_until, entries, findings) in (0, 5))
);

grant select, insert, update on firebreak.on_call_calendar to firebreak_worker;
grant select on firebreak.on_call_calendar to firebreak_api;
