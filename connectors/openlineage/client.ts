import type { JsonObject } from '../../domain/json.ts';
import type { CallContext, Health } from '../connector.ts';
import { healthOf } from '../health.ts';
import { openHttpAccess } from '../http-access.ts';
import { createHttpClient, healthContext } from '../http.ts';
import type { OpenlineageConfig } from './manifest.ts';
import { eventsReply, lineageReply, namespacesReply, type LineageReply } from './reply-schema.ts';

/** A page of the events of a window, oldest first. */
export interface EventPage {
  readonly after: string;
  readonly before: string;
  readonly limit: number;
  readonly offset: number;
}

/** Calls to one Marquez. */
export interface MarquezClient {
  /** Raises the codes of an HTTP read. */
  events(page: EventPage, context: CallContext): Promise<readonly JsonObject[]>;
  /** Raises `not_found` for a node that Marquez does not know. */
  lineage(
    node: { readonly nodeId: string; readonly depth: number },
    context: CallContext,
  ): Promise<LineageReply>;
  health(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

const API = ['api', 'v1'];
const READ_PERMISSION = 'lineage:read';
const TIMEOUT_MS = 30_000;
const REPLY_BYTES_MAX = 32 * 1024 * 1024;

/** A client of one Marquez. */
export function createMarquezClient(config: OpenlineageConfig): MarquezClient {
  const name = 'Marquez';
  const http = createHttpClient({
    ...openHttpAccess(config, name),
    name,
    timeoutMs: TIMEOUT_MS,
    replyBytesMax: REPLY_BYTES_MAX,
  });
  const get = { method: 'GET', permission: READ_PERMISSION } as const;
  return {
    events: async ({ after, before, limit, offset }, context) => {
      const path = [...API, 'events', 'lineage'];
      const query = { after, before, limit, offset, sortDirection: 'asc' };
      const reply = await http.call({ ...get, path, query, schema: eventsReply }, context);
      return reply.value.events;
    },
    lineage: async ({ nodeId, depth }, context) => {
      const path = [...API, 'lineage'];
      const query = { nodeId, depth };
      return (await http.call({ ...get, path, query, schema: lineageReply }, context)).value;
    },
    health: (signal) =>
      healthOf(async () => {
        const path = [...API, 'namespaces'];
        const call = { ...get, path, query: { limit: 1 }, schema: namespacesReply };
        await http.call(call, healthContext(signal));
        return null;
      }, http),
    close: () => http.close(),
  };
}
