-- A mail goes to several people, and the relay answers for each of them: who has it, who was refused, of whom nobody knows.
-- Written with what became of a try, so that nobody who has a mail gets it again because somebody else was refused.

alter table firebreak.message add column recipients json;
