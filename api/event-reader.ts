import { AppError } from '../domain/error.ts';

/** One server-sent event. */
export interface ReceivedEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** An event that is longer is not one of ours. */
const EVENT_CHARACTERS_MAX = 8 * 1024 * 1024;

function parse(block: string): ReceivedEvent | null {
  let id: string | null = null;
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, '');
    const field = line.slice(0, colon);
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { id, event, data: data.join('\n') };
}

/** The events of a stream as they come; comments are left out. Raises `bad_reply` for an endless event. */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ReceivedEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    if (rest.length > EVENT_CHARACTERS_MAX) {
      throw new AppError('bad_reply', 'The event stream holds an event without end.');
    }
    for (const block of blocks) {
      const event = parse(block);
      if (event !== null) yield event;
    }
  }
}
