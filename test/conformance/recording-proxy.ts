import { createFaultPlan } from '../../lab/fault.ts';
import { startTwin, type Twin, type TwinRequest } from '../../lab/twin.ts';

/** A real server as the proxy before it needs it. */
export interface Recorded {
  readonly name: string;
  /** Hands a request on. */
  readonly forward: (request: TwinRequest) => Promise<Response>;
  /** What a change would change, read past the proxy: equal answers before and after mean that nothing changed. */
  readonly observe: (request: TwinRequest) => Promise<string>;
}

const HEADERS_KEPT = ['content-type', 'retry-after', 'www-authenticate', 'audit-id', 'location'];
const BODILESS = [204, 304];

/**
 * A proxy on 127.0.0.1 that keeps a ledger as a twin does, and can cut, delay and replace answers of a real server
 * before or after it acted.
 */
export function startRecordingProxy(recorded: Recorded): Promise<Twin> {
  return startTwin({
    name: recorded.name,
    faults: createFaultPlan(),
    handler: async (request) => {
      const reading = request.method === 'GET';
      const before = reading ? '' : await recorded.observe(request);
      const answer = await recorded.forward(request);
      const body = Buffer.from(await answer.arrayBuffer());
      const changed = !reading && answer.ok && before !== (await recorded.observe(request));
      const headers = HEADERS_KEPT.flatMap((name) => {
        const value = answer.headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
      return {
        status: answer.status,
        headers: Object.fromEntries(headers),
        ...(BODILESS.includes(answer.status) ? {} : { body }),
        changed,
      };
    },
  });
}

/** The headers of a request that go on to the real server. */
export function onward({ headers }: TwinRequest): Readonly<Record<string, string>> {
  const kept = ['accept', 'authorization', 'content-type', 'user-agent'];
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
