import { z } from 'zod';
import { markedTitle, type DrillSide } from '../domain/drill.ts';
import type { Message, NewMessage } from '../domain/message.ts';
import { newRecipients, RECIPIENT_STATES } from '../domain/recipient.ts';
import { cleanText, idRow, jsonText } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { freshId } from './identity.ts';
import { addWork } from './outbox.ts';
import type { MessageTable } from './message-table.ts';

const MESSAGES_MAX = 10_000;
const SUBJECT_CHARACTERS_MAX = 500;
const TEXT_CHARACTERS_MAX = 100_000;

const COLUMNS = `id, incident_id as "incidentId", channel, purpose, subject, text, state, attempts,
  external_id as "externalId", recipients, slack_channel as "slackChannel"`;

const PUT = {
  name: 'message-put',
  text: `insert into firebreak.message
      (id, incident_id, channel, purpose, subject, text, recipients, slack_channel)
    select m.id, m.incident_id, m.channel, m.purpose, case when i.drill then m.marked else m.subject end, m.text,
      m.recipients, m.slack_channel
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::json[], $9::text[])
      with ordinality as m (id, incident_id, channel, purpose, subject, text, marked, recipients, slack_channel, n)
    left join firebreak.incident i on i.id = m.incident_id
    order by m.n on conflict do nothing
    returning id`,
};

const GET = { name: 'message-get', text: `select ${COLUMNS} from firebreak.message where id = $1` };

const SENT = {
  name: 'message-sent',
  text: `update firebreak.message set state = 'sent', attempts = attempts + 1, external_id = $2
    where id = $1 and state <> 'sent'`,
};

const MOVED = {
  name: 'message-moved',
  text: `update firebreak.message set external_id = $2 where id = $1 and state = 'sent'`,
};

const FAILED = {
  name: 'message-failed',
  text: `update firebreak.message set attempts = attempts + 1,
      state = case when $2::boolean then 'failed' else state end
    where id = $1 and state = 'pending'`,
};

const MAILED = {
  name: 'message-mailed',
  text: `update firebreak.message set state = $2, attempts = attempts + 1, recipients = $4::json,
      external_id = coalesce($3, external_id)
    where id = $1 and state = 'pending'`,
};

const THREAD_PARENT = {
  name: 'message-thread-parent',
  text: `select ${COLUMNS} from firebreak.message
    where incident_id = $1 and channel = $2 and state = 'sent' and slack_channel is null
      and purpose not like 'update/%'
    order by number limit 1`,
};

const OF_INCIDENT = {
  name: 'message-of-incident',
  text: `select ${COLUMNS} from firebreak.message where incident_id = $1 order by number limit $2`,
};

const IN_SLACK = {
  name: 'message-in-slack',
  text: `select ${COLUMNS} from firebreak.message
    where channel = 'slack' and external_id = any($1::text[]) order by number limit $2`,
};

const messageRow: z.ZodType<Message> = z.object({
  id: z.string(),
  incidentId: z.string().nullable(),
  channel: z.enum(['slack', 'mail', 'page']),
  purpose: z.string(),
  subject: z.string(),
  text: z.string(),
  state: z.enum(['pending', 'sent', 'failed']),
  attempts: z.number(),
  externalId: z.string().nullable(),
  recipients: z
    .array(
      z.object({
        address: z.string(),
        state: z.enum(RECIPIENT_STATES),
        attempts: z.number(),
        said: z.string().nullable(),
      }),
    )
    .nullable(),
  slackChannel: z.string().nullable(),
});

/** A subject as people read it: whoever writes it, one of a drill says so, and no other one does. */
function subjectOf(subject: string, side: DrillSide): string {
  return cleanText(markedTitle(subject, side), SUBJECT_CHARACTERS_MAX);
}

async function put(connection: Connection, messages: readonly NewMessage[]): Promise<void> {
  if (messages.length === 0) return;
  const inserted = await connection.rows(
    PUT,
    [
      messages.map(() => freshId('msg')),
      messages.map((message) => message.incidentId),
      messages.map((message) => message.channel),
      messages.map((message) => message.purpose),
      messages.map(({ subject }) => subjectOf(subject, { drill: false })),
      messages.map((message) => cleanText(message.text, TEXT_CHARACTERS_MAX)),
      messages.map(({ subject }) => subjectOf(subject, { drill: true })),
      messages.map(({ to }) => (to === undefined ? null : jsonText(newRecipients(to)))),
      messages.map(({ slackChannel = null }) => slackChannel),
    ],
    idRow,
  );
  await addWork(
    connection,
    inserted.map((row) => ({ kind: 'send-message', messageId: row.id })),
  );
}

/** Messages to people over a connection; see the contract for what each function answers. */
export function createMessageTable(connection: Connection): MessageTable {
  return {
    put: (messages) => connection.atomic((transaction) => put(transaction, messages)),
    get: (id) => firstRow(connection.rows(GET, [id], messageRow)),
    sent: async (id, externalId) => {
      await connection.write(SENT, [id, externalId]);
    },
    moved: async (id, externalId) => {
      await connection.write(MOVED, [id, externalId]);
    },
    failed: async (id, final) => {
      await connection.write(FAILED, [id, final]);
    },
    mailed: async (id, { state, externalId, recipients }) => {
      await connection.write(MAILED, [id, state, externalId, JSON.stringify(recipients)]);
    },
    threadParent: (incidentId, channel) =>
      firstRow(connection.rows(THREAD_PARENT, [incidentId, channel], messageRow)),
    inSlack: (timestamps) => connection.rows(IN_SLACK, [timestamps, MESSAGES_MAX], messageRow),
    ofIncident: (incidentId) =>
      connection.rows(OF_INCIDENT, [incidentId, MESSAGES_MAX], messageRow),
  };
}
