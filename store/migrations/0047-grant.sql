-- Roles of people on single objects: a list of (role, on, name).

alter table firebreak.person add column grants json not null default '[]';

-- Lists of incidents for people who see some models alone.
create index incident_model on firebreak.incident (model, number);
