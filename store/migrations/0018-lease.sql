-- Leases of containments: how often one was written again since it was last left alone, and who had moved it.

alter table firebreak.operation
  add column restores integer not null default 0 check (restores >= 0),
  add column restored_at timestamptz,
  add column moved_by text;
