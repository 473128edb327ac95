-- People are paged as well; and a rung whose page nobody got, and that told nobody otherwise, has reached nobody.
alter table firebreak.message drop constraint message_channel_check;
alter table firebreak.message
  add constraint message_channel_check check (channel in ('slack', 'mail', 'page'));
grant update (reached) on firebreak.escalation to firebreak_worker;
