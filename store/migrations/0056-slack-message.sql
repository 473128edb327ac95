-- A reaction in Slack names a message by its timestamp; which incident's thread that is in, the message that we posted there says.
create index message_in_slack on firebreak.message (external_id) where channel = 'slack';
