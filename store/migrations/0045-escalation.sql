-- Rungs of the ladder that were taken, each once: of an approval that nobody answered, or an incident that nobody acknowledged. And, as
-- the first of an incident's on-call, who was on call when it opened.

create table firebreak.escalation (
  subject text not null check (subject in ('approval', 'incident', 'on-call')),
  subject_id text not null,
  rung integer not null check (rung between 1 and 100),
  incident_id text not null references firebreak.incident (id),
  -- Who is told; nobody where the rung found nobody.
  people text[] not null,
  reached boolean not null,
  taken_at timestamptz not null,
  primary key (subject, subject_id, rung)
);

create trigger escalation_kept before delete or truncate on firebreak.escalation
  for each statement execute function firebreak.refuse_change();

grant select, insert on firebreak.escalation to firebreak_worker;
grant select on firebreak.escalation to firebreak_api;
