import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { cleanText } from './column.ts';
import { firstRow, type Connection } from './connection.ts';
import type { IncidentChannel, IncidentChannelTable } from './incident-channel-table.ts';

const PROBLEM_CHARACTERS_MAX = 500;
const COLUMNS = `incident_id as "incidentId", channel_id as "channelId", name, problem, invited`;

const GET = {
  name: 'incident-channel-get',
  text: `select ${COLUMNS} from firebreak.incident_channel where incident_id = $1`,
};

const PUT = {
  name: 'incident-channel-put',
  text: `insert into firebreak.incident_channel (incident_id, channel_id, name, problem) values ($1, $2, $3, $4)
    on conflict do nothing`,
};

const INVITED = {
  name: 'incident-channel-invited',
  text: `update firebreak.incident_channel set invited = true where incident_id = $1`,
};

const INCIDENT_IN = {
  name: 'incident-channel-incident',
  text: `select ${COLUMNS} from firebreak.incident_channel where channel_id = $1`,
};

const channelRow: z.ZodType<IncidentChannel> = z.object({
  incidentId: z.string(),
  channelId: z.string().nullable(),
  name: z.string().nullable(),
  problem: z.string().nullable(),
  invited: z.boolean(),
});

/** Channels of incidents over a connection; see the contract for what each function answers. */
export function createIncidentChannelTable(connection: Connection): IncidentChannelTable {
  const get = (incidentId: string): Promise<IncidentChannel | null> =>
    firstRow(connection.rows(GET, [incidentId], channelRow));
  return {
    get,
    put: async ({ incidentId, channelId, name, problem }) => {
      const why = problem === null ? null : cleanText(problem, PROBLEM_CHARACTERS_MAX);
      await connection.write(PUT, [incidentId, channelId, name, why]);
      const standing = await get(incidentId);
      if (standing !== null) return standing;
      throw new AppError('conflict', 'This channel is another incident’s.');
    },
    invited: async (incidentId) => {
      await connection.write(INVITED, [incidentId]);
    },
    incidentIn: async (channelId) =>
      (await firstRow(connection.rows(INCIDENT_IN, [channelId], channelRow)))?.incidentId ?? null,
  };
}
