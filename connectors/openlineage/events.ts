import { AppError } from '../../domain/error.ts';
import type { CallContext, Probe, ProbeReply } from '../connector.ts';
import type { MarquezClient } from './client.ts';
import { EVENTS_DEFAULT, EVENTS_MAX, eventsManifest, type EventsInput } from './manifest.ts';

const PAGE_EVENTS = 100;
/** Enough pages for the most events that an input may ask for, and one to see whether more is there. */
const PAGES_MAX = EVENTS_MAX / PAGE_EVENTS + 1;
const EVIDENCE_BYTES_MAX = 32 * 1024 * 1024;

interface Walk {
  readonly lines: string[];
  readonly truncated: boolean;
}

async function walkEvents(
  client: MarquezClient,
  input: EventsInput,
  context: CallContext,
): Promise<Walk> {
  const limit = input.limit ?? EVENTS_DEFAULT;
  const { after, before } = input;
  const lines: string[] = [];
  let bytes = 0;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const offset = page * PAGE_EVENTS;
    const events = await client.events({ after, before, limit: PAGE_EVENTS, offset }, context);
    context.heartbeat({ events: lines.length, bytes });
    for (const event of events) {
      const line = `${JSON.stringify(event)}\n`;
      bytes += Buffer.byteLength(line);
      if (lines.length >= limit || bytes > EVIDENCE_BYTES_MAX) return { lines, truncated: true };
      lines.push(line);
    }
    if (events.length < PAGE_EVENTS) return { lines, truncated: false };
  }
  return { lines, truncated: true };
}

/** Probe `events`: the events of a window, oldest first, as their producers sent them. */
export function events(client: MarquezClient): Probe<EventsInput> {
  return {
    manifest: eventsManifest,
    read: async (input, context): Promise<ProbeReply> => {
      if (Date.parse(input.after) >= Date.parse(input.before)) {
        throw new AppError('invalid', 'The window ends before it begins.', {
          field: 'with.before',
        });
      }
      const { lines, truncated } = await walkEvents(client, input, context);
      return {
        value: { events: lines.length, truncated },
        evidence: {
          bytes: Buffer.from(lines.join(''), 'utf8'),
          mediaType: 'application/x-ndjson',
        },
        truncated,
      };
    },
  };
}
