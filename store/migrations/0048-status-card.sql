-- The live card of an incident in Slack is the message that opened it, edited in place. A row says what that card shows: how much of the
-- log, and the digest of the words. Nobody who writes a fact writes here: whoever edits cards looks for logs that went on.
create table firebreak.status_card (
  incident_id text primary key references firebreak.incident (id),
  -- The last fact that the card knows of.
  shown bigint not null default 0,
  -- Digest of what it shows; null before its first edit.
  content text,
  -- True once it showed the incident as closed: it is looked at again when something more is told.
  settled boolean not null default false,
  -- Not looked at before: while somebody edits it, for a while after an edit, and longer after a failure.
  due_at timestamptz not null default now(),
  -- Edits that failed since the last one that did not.
  failures integer not null default 0
);
create index status_card_due on firebreak.status_card (due_at) where not settled;

grant select on firebreak.status_card to firebreak_api;
grant select, insert, update on firebreak.status_card to firebreak_worker;
