-- What people put on record about the clocks of regulators is a decision; the minute's look for reminders reads which
-- incidents have any.
create index decision_declared on firebreak.decision (incident_id) where kind = 'declare';
