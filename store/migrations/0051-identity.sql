-- Whom an OpenID Connect issuer knows people as, and sign-ins that have begun there and wait for its answer.

alter table firebreak.person add column issuer text;
alter table firebreak.person add column subject text;
alter table firebreak.person add constraint person_identity_whole
  check ((issuer is null) = (subject is null));
-- One person for each identity. Checked at the end of a transaction, so that it can go from one person to another.
alter table firebreak.person add constraint person_identity
  exclude using btree (issuer with =, subject with =) where (active)
  deferrable initially deferred;

-- Who signs in at an issuer has an account, and may have no password of ours.
alter table firebreak.account alter column secret drop not null;

create table firebreak.pending_sign_in (
  -- Of what the browser holds; nothing else of a row proves anything.
  sha256 text primary key,
  -- Where the person wanted to go.
  next text not null,
  -- The session that the browser had, which ends with the new one: it is not sent with the issuer's answer.
  former text,
  began_at timestamptz not null
);
create index pending_sign_in_began on firebreak.pending_sign_in (began_at);

grant select, insert, delete on firebreak.pending_sign_in to firebreak_api;
-- To lock the old rows that are cleared away.
grant update (began_at) on firebreak.pending_sign_in to firebreak_api;
