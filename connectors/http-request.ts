import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { encoded } from './redaction.ts';

/** The address of a call: path segments (each is encoded; empty ones and dots are refused) and query. */
export interface HttpAddress {
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
}

/** What a call sends: JSON, or bytes as they are. */
export interface HttpContent {
  readonly json?: Json;
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** Whose headers a request carries. */
export interface HttpIdentity {
  /** The system's name in messages. */
  readonly name: string;
  /** Asked before every request; here goes the credential. */
  headers(): Promise<Readonly<Record<string, string>>>;
}

/** The bytes of a request and what they are; both undefined when nothing is sent. */
interface Body {
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly type: string | undefined;
}

const JSON_TYPE = 'application/json';
/** Names us in the logs of the other side. */
const USER_AGENT = 'firebreak';

function segment(text: string): string {
  const escaped = encoded(text);
  if (escaped === '' || text === '.' || text === '..') {
    throw new AppError('invalid', 'A path segment is empty, made of dots or not Unicode.');
  }
  return escaped;
}

/** The URL of a call below a base address, whose own path is kept. Raises `invalid` for a segment that is none. */
export function addressOf(baseUrl: string, call: HttpAddress): URL {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${call.path.map(segment).join('/')}`;
  for (const [key, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.append(key, value.toString());
  }
  return url;
}

/** The body that a call sends: its JSON, else its bytes. */
export function bodyOf(call: HttpContent): Body {
  if (call.json !== undefined) {
    const bytes = new Uint8Array(Buffer.from(JSON.stringify(call.json)));
    return { bytes, type: call.contentType ?? JSON_TYPE };
  }
  const bytes = call.body === undefined ? undefined : new Uint8Array(call.body);
  return { bytes, type: call.contentType };
}

/** The headers of a request. Raises `invalid` when a credential cannot be a header. */
export async function requestHeaders(
  identity: HttpIdentity,
  contentType: string | undefined,
): Promise<Headers> {
  const given = await identity.headers();
  try {
    const headers = new Headers({ accept: JSON_TYPE, 'user-agent': USER_AGENT, ...given });
    if (contentType !== undefined) headers.set('content-type', contentType);
    return headers;
  } catch {
    // The original error quotes the header's value, which may be the credential: it is not kept.
    throw new AppError('invalid', `A credential for ${identity.name} cannot be a header.`);
  }
}
