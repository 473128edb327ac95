-- The first key that an administrator makes for somebody, once two people could approve, approves when somebody else has confirmed it: until
-- then it stands here who made it.

alter table firebreak.token add column pending_by text, add column confirmed_by text;
alter table firebreak.account add column pending_by text, add column confirmed_by text;
alter table firebreak.token add constraint token_pending check (pending_by is null or not can_approve);
alter table firebreak.account add constraint account_pending check (pending_by is null or not can_approve);
