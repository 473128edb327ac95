import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../domain/error.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../domain/json.ts';

const LOOK_MS = 200;
const BYTES_AT_ONCE = 1024 * 1024;

/** A log that is being followed. */
export interface FollowedLog {
  /** Reads what is there still, and ends. */
  close(): Promise<void>;
}

function eventOf(line: string): JsonObject | null {
  try {
    const event = parseJson(line);
    return isJsonObject(event) ? event : null;
  } catch {
    return null;
  }
}

/**
 * Follows an API server's audit log from its present end, as a log agent does: one event a line. Raises `invalid` when
 * the file cannot be read.
 */
export async function followAuditLog(
  file: string,
  take: (event: JsonObject) => void,
): Promise<FollowedLog> {
  const log = await open(file, 'r').catch(() => {
    throw new AppError('invalid', `The audit log ${file} cannot be read.`, { field: 'audit-log' });
  });
  let position = (await log.stat()).size;
  let rest = Buffer.alloc(0);
  const read = async (): Promise<void> => {
    const buffer = Buffer.alloc(BYTES_AT_ONCE);
    for (;;) {
      const { bytesRead } = await log.read(buffer, 0, BYTES_AT_ONCE, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const end = text.lastIndexOf('\n') + 1;
      rest = text.subarray(end);
      const events = text.subarray(0, end).toString('utf8').split('\n').map(eventOf);
      for (const event of events) if (event !== null) take(event);
    }
  };
  const ending = new AbortController();
  const following = (async () => {
    while (!ending.signal.aborted) {
      await read();
      await sleep(LOOK_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
    await read();
  })();
  return {
    close: async () => {
      ending.abort();
      await following;
      await log.close();
    },
  };
}
