import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IntakeRequest } from './element.ts';

/** When the sample requests came; for tests. */
export const RECEIVED = '2026-11-20T03:00:00Z';

/** A request with this body (text, or a value as JSON); for tests. */
export function request(body: unknown, headers: IntakeRequest['headers'] = {}): IntakeRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    body: Buffer.from(text),
    headers,
    source: { name: 'test', ignoreLabels: ['pod'] },
    receivedAt: RECEIVED,
  };
}

/** The text of a captured payload; for tests. */
export async function fixture(name: string): Promise<string> {
  const text = await readFile(join(import.meta.dirname, 'fixtures', name), 'utf8');
  // The specification's examples leave out the bytes.
  return text.replaceAll('... base64 encoded string ...', 'aGk=');
}
