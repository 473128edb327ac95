-- How people sign in on our pages: a password of their own, sessions on the server, and how often it was tried.

create table firebreak.account (
  person_id text primary key references firebreak.person (id),
  -- What scrypt makes of the password, with its parameters and salt.
  secret text not null,
  -- The person had a sign-in from then on.
  made_at timestamptz not null,
  -- When a password that somebody else knows ends; null for one that the person chose.
  ends_at timestamptz,
  can_approve boolean not null
);

create table firebreak.session (
  sha256 text primary key,
  person_id text not null references firebreak.person (id),
  signed_in_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null,
  -- True while the person has to choose a password first.
  must_choose boolean not null,
  can_approve boolean not null
);
create index session_person on firebreak.session (person_id);
create index session_end on firebreak.session (ends_at);

create table firebreak.sign_in_attempt (
  subject text primary key,
  began_at timestamptz not null,
  attempts integer not null
);
create index sign_in_attempt_began on firebreak.sign_in_attempt (began_at);

-- Who signs in is the API's affair. The worker learns since when somebody can, and nothing that helps to do so.
grant select, insert, update on firebreak.account to firebreak_api;
grant select, insert, update, delete on firebreak.session, firebreak.sign_in_attempt to firebreak_api;
grant select (person_id, made_at) on firebreak.account to firebreak_worker;
