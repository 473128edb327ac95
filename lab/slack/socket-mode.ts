import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { BOT } from './bot.ts';

/** One answer of the app to an envelope. */
export interface SocketAck {
  readonly envelopeId: string;
  readonly payload: unknown;
}

/** An envelope as it goes over the socket. */
export interface Envelope {
  readonly envelope_id: string;
  readonly type: 'slash_commands' | 'interactive' | 'events_api';
  readonly accepts_response_payload: boolean;
  /** Which retry of an event this is, and why; absent for the first delivery. */
  readonly retry_attempt?: number;
  readonly retry_reason?: string;
  readonly payload: object;
}

/** Slack's side of Socket Mode. */
export interface SocketMode {
  /** A fresh WebSocket address, good for one connection. */
  issueUrl(): string;
  /** Sends an envelope and waits for its ack. Rejects when none comes in `timeoutMs` or nobody is connected. */
  deliver(envelope: Envelope, timeoutMs: number): Promise<unknown>;
  readonly acks: readonly SocketAck[];
  /** Connections that are open now. */
  connections(): number;
  /** Resolves once an app is connected. Rejects after `timeoutMs`. */
  connected(timeoutMs: number): Promise<void>;
  /** Asks every app to reconnect, as Slack does when it recycles a host. */
  disconnect(reason: 'refresh_requested' | 'warning'): void;
  /** Cuts every connection without a word. */
  drop(): void;
  close(): Promise<void>;
}

const ackMessage = z.object({ envelope_id: z.string(), payload: z.unknown() });

function withDeadline<T>(
  work: (resolve: (value: T) => void, reject: (error: Error) => void) => () => unknown,
  timeoutMs: number,
  problem: string,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let cleanUp = (): unknown => undefined;
    const timer = setTimeout(() => {
      cleanUp();
      reject(new Error(problem));
    }, timeoutMs);
    cleanUp = work(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Connections, tickets and envelopes under way. */
class SocketHub implements SocketMode {
  readonly acks: SocketAck[] = [];
  private readonly http: Server;
  private readonly server = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  private readonly tickets = new Set<string>();
  private readonly sockets = new Set<WebSocket>();
  private readonly waiting = new Map<string, (payload: unknown) => void>();
  private readonly arrivals = new Set<() => void>();

  constructor(http: Server) {
    this.http = http;
    http.on('upgrade', (request, socket, head) => {
      const ticket = new URL(request.url ?? '/', 'ws://twin').searchParams.get('ticket') ?? '';
      if (!this.tickets.delete(ticket)) {
        socket.end('HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n');
        return;
      }
      this.server.handleUpgrade(request, socket, head, (client) => {
        this.welcome(client);
      });
    });
  }

  private welcome(client: WebSocket): void {
    this.sockets.add(client);
    client.on('close', () => this.sockets.delete(client));
    client.on('error', () => this.sockets.delete(client));
    client.on('message', (data) => {
      this.take(Buffer.isBuffer(data) ? data.toString('utf8') : '');
    });
    client.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.sockets.size,
        debug_info: { host: 'twin', approximate_connection_time: 18_060 },
        connection_info: { app_id: BOT.appId },
      }),
    );
    for (const arrived of [...this.arrivals]) arrived();
  }

  private take(text: string): void {
    const ack = ackMessage.safeParse(JSON.parse(text));
    if (!ack.success) return;
    this.acks.push({ envelopeId: ack.data.envelope_id, payload: ack.data.payload });
    this.waiting.get(ack.data.envelope_id)?.(ack.data.payload);
  }

  issueUrl(): string {
    const ticket = randomUUID();
    this.tickets.add(ticket);
    const address = this.http.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return `ws://127.0.0.1:${port.toString()}/link/?ticket=${ticket}&app_id=${BOT.appId}`;
  }

  deliver(envelope: Envelope, timeoutMs: number): Promise<unknown> {
    return withDeadline<unknown>(
      (resolve, reject) => {
        const client = [...this.sockets].at(-1);
        if (!client) {
          reject(new Error('dispatch_failed: no app is connected'));
          return () => undefined;
        }
        this.waiting.set(envelope.envelope_id, (payload) => {
          this.waiting.delete(envelope.envelope_id);
          resolve(payload);
        });
        client.send(JSON.stringify(envelope));
        return () => this.waiting.delete(envelope.envelope_id);
      },
      timeoutMs,
      'operation_timeout: the app did not acknowledge in time',
    );
  }

  connections(): number {
    return this.sockets.size;
  }

  connected(timeoutMs: number): Promise<void> {
    return withDeadline<undefined>(
      (resolve) => {
        const arrived = (): void => {
          this.arrivals.delete(arrived);
          resolve(undefined);
        };
        if (this.sockets.size > 0) arrived();
        else this.arrivals.add(arrived);
        return () => this.arrivals.delete(arrived);
      },
      timeoutMs,
      'no app connected in time',
    );
  }

  disconnect(reason: 'refresh_requested' | 'warning'): void {
    for (const client of this.sockets) {
      client.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'twin' } }));
      this.sockets.delete(client);
    }
  }

  drop(): void {
    for (const client of this.sockets) {
      this.sockets.delete(client);
      client.terminate();
    }
  }

  async close(): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    this.drop();
    this.server.close();
    this.http.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.http.close(() => {
        resolve();
      });
    });
  }
}

/** Starts the WebSocket side of the twin on a free port of 127.0.0.1. */
export async function startSocketMode(): Promise<SocketMode> {
  const http = createServer((_request, response) => {
    response.writeHead(426).end();
  });
  const hub = new SocketHub(http);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return hub;
}
