import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendDamaged } from './damage.ts';
import type { Fault, FaultPlan, FaultSubject } from './fault.ts';

/** One request that reached a twin, in order. */
export interface LedgerEntry {
  readonly sequence: number;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** The sender's `user-agent`; empty when it named none. */
  readonly agent: string;
  readonly status: number;
  /** True when the request changed the twin's world (an equal write changes nothing). */
  readonly changed: boolean;
}

/** A running stand-in for one external system. */
export interface Twin {
  readonly name: string;
  readonly url: string;
  /** Every request so far; tests count effective changes here. */
  readonly ledger: readonly LedgerEntry[];
  /** Faults to come; see `fault.ts`. */
  readonly faults: FaultPlan;
  close(): Promise<void>;
}

/** One request as a handler sees it, its body read whole. */
export interface TwinRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What a twin answers. */
export interface TwinReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes go out as they are; anything else as JSON. */
  readonly body?: unknown;
  readonly changed?: boolean;
}

/** An answer as it goes out. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: string | Uint8Array;
}

/** Answers one request, and changes the twin's world when it asks for that. */
export type TwinHandler = (request: TwinRequest) => Promise<TwinReply> | TwinReply;

const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Waits for nothing and changes nothing. */
const NO_FAULT: Fault = { kind: 'delay' };

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const body: AsyncIterable<Uint8Array> = request;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > BODY_BYTES_MAX) throw new Error('twin: body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function readRequest(request: IncomingMessage): Promise<TwinRequest> {
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', 'http://127.0.0.1'),
    headers: request.headers,
    body: await readBody(request),
  };
}

function subjectOf({ method, url, headers, body }: TwinRequest): FaultSubject {
  const { authorization } = headers;
  return {
    method,
    path: url.pathname,
    query: url.search,
    body: body.toString('utf8'),
    agent: headers['user-agent'] ?? '',
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function wireOf({ status, headers, body }: TwinReply): WireReply {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const type = raw ? 'text/plain; charset=utf-8' : 'application/json';
  const bytes = body === undefined ? '' : raw ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': type, ...headers }, bytes };
}

function send(response: ServerResponse, reply: TwinReply): void {
  const { status, headers, bytes } = wireOf(reply);
  response.writeHead(status, headers);
  response.end(bytes);
}

/** Answers what a fault has made of the reply. */
function answer(response: ServerResponse, reply: TwinReply, fault: Fault): void {
  if (fault.kind === 'damage') sendDamaged(response, wireOf(reply), fault.damage);
  else send(response, fault.kind === 'replace' ? fault.reply : reply);
}

async function cut(
  request: IncomingMessage,
  fault: Extract<Fault, { readonly kind: 'cut-before' | 'cut-after' }>,
): Promise<void> {
  await fault.until?.();
  request.socket.destroy();
}

/**
 * Starts a twin on 127.0.0.1: `handler` answers each request, the ledger records it, `faults` may
 * delay, cut or replace the answer before or after the handler ran. Port 0 (the default) takes a free one.
 */
export async function startTwin(options: {
  readonly name: string;
  readonly handler: TwinHandler;
  readonly faults: FaultPlan;
  readonly port?: number;
}): Promise<Twin> {
  const ledger: LedgerEntry[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = await readRequest(request);
    const { method, url } = asked;
    const subject = subjectOf(asked);
    const { body, agent } = subject;
    const fault = options.faults.next(subject) ?? NO_FAULT;
    if (fault.delayMs !== undefined) await sleep(fault.delayMs);
    if (fault.kind === 'cut-before') return cut(request, fault);
    if (fault.kind === 'delay') await fault.until?.();
    const reply = fault.kind === 'reply' ? fault.reply : await options.handler(asked);
    ledger.push({
      sequence: ledger.length + 1,
      method,
      path: `${url.pathname}${url.search}`,
      body,
      agent,
      status: reply.status,
      changed: reply.changed ?? false,
    });
    if (fault.kind === 'cut-after') await cut(request, fault);
    else answer(response, reply, fault);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, { status: 500, body: { message: String(error) } });
      else request.socket.destroy();
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    name: options.name,
    url: `http://127.0.0.1:${port.toString()}`,
    ledger,
    faults: options.faults,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
