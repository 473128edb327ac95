import { open } from 'node:fs/promises';
import { createHttpClient, healthContext } from '../connectors/http.ts';
import { AppError, isAppError } from '../domain/error.ts';
import type { IcalSource } from '../domain/on-call.ts';
import type { CalendarVersion } from '../store/calendar-table.ts';
import {
  CALENDAR_READ_MS,
  NO_VERSION,
  type CalendarAsked,
  type CalendarFound,
} from './calendar-reader.ts';
import { secretUrl } from './secret-url.ts';

/** A calendar of ten years of shifts is smaller; a larger one is not read. */
const BYTES_MAX = 2 * 1024 * 1024;
const NOT_MODIFIED = 304;
const VERSION_CHARACTERS_MAX = 200;

interface Text {
  readonly text: string;
  readonly version: CalendarVersion;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('bad_reply', 'The calendar is no UTF-8.', { cause });
  }
}

/** What the other side calls a version; one that is too long to be sent back is none. */
function versionPart(header: string | null): string | null {
  return header !== null && header.length <= VERSION_CHARACTERS_MAX ? header : null;
}

function conditions(version: CalendarVersion | null): Record<string, string> {
  const { etag, lastModified } = version ?? NO_VERSION;
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  };
}

/** One GET, without following anything. Raises the codes of a read; the address is in no message. */
async function fetchText(url: string, asked: CalendarAsked): Promise<Text | 'unchanged'> {
  const named = { name: 'the calendar', field: `onCall.${asked.schedule.name}.ical.url` };
  const { baseUrl, path, secrets } = secretUrl(url, named);
  const http = createHttpClient({
    ...{ name: 'The calendar', baseUrl, secrets, timeoutMs: CALENDAR_READ_MS },
    headers: () => Promise.resolve({ accept: 'text/calendar', ...conditions(asked.version) }),
  });
  try {
    const context = { ...healthContext(AbortSignal.timeout(CALENDAR_READ_MS)), now: asked.now };
    const { headers, pieces } = await http.bytes({ path, bytesMax: BYTES_MAX }, context);
    const bytes: Uint8Array[] = [];
    for await (const piece of pieces) bytes.push(piece);
    const etag = versionPart(headers.get('etag'));
    const lastModified = versionPart(headers.get('last-modified'));
    return { text: textOf(Buffer.concat(bytes)), version: { etag, lastModified } };
  } catch (error) {
    const status = isAppError(error) ? error.details?.['status'] : undefined;
    if (status === NOT_MODIFIED && asked.version !== null) return 'unchanged';
    throw error;
  } finally {
    await http.close();
  }
}

async function readFileText(path: string): Promise<Text> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new AppError('unavailable', `The file ${path} cannot be read.`, { cause });
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES_MAX + 1), 0, BYTES_MAX + 1, 0);
    if (bytesRead > BYTES_MAX) {
      throw new AppError('too_large', `The file ${path} exceeds ${BYTES_MAX.toString()} bytes.`);
    }
    return { text: textOf(buffer.subarray(0, bytesRead)), version: NO_VERSION };
  } finally {
    await file.close();
  }
}

/**
 * Reads a calendar in the iCalendar format, from its address or its file, within `CALENDAR_READ_MS`. Raises the codes of a read,
 * `invalid` for what is no calendar, `too_large` for one over 2 MiB or that takes too much work.
 */
export async function readIcalSource(
  { url, file, timeZone }: IcalSource,
  asked: CalendarAsked,
): Promise<CalendarFound> {
  const found = url === undefined ? await readFileText(file ?? '') : await fetchText(url, asked);
  if (found === 'unchanged') return found;
  // Loaded only where a calendar is read.
  const { readIcal } = await import('../intake/ical.ts');
  return { ...readIcal(found.text, { ...asked.window, timeZone }), version: found.version };
}
