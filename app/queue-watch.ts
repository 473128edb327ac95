import type { Logger } from 'pino';
import { CREDENTIALS, queueOf, type Credential } from '../domain/credential.ts';
import { toAppError } from '../domain/error.ts';
import type { EngineClient } from './engine-client.ts';

/** Looks whether each credential is served, and says so in the log when one is not. */
export interface QueueWatch {
  look(): Promise<void>;
}

/** The credentials whose queue no process has polled lately. Raises `unavailable` when Temporal does not answer. */
export async function unservedOf(
  engine: Pick<EngineClient, 'taskQueue' | 'isPolled'>,
): Promise<readonly Credential[]> {
  const polled = await Promise.all(
    CREDENTIALS.map((credential) => engine.isPolled(queueOf(engine.taskQueue, credential))),
  );
  return CREDENTIALS.filter((_, index) => polled[index] !== true);
}

/** What to do about a credential that nobody serves. */
export function startHint(credential: Credential): string {
  return `firebreak start --role worker --credential ${credential}`;
}

/** A watch that repeats itself at each look while something is missing: nobody should have to scroll back for it. */
export function createQueueWatch(engine: EngineClient, log: Logger): QueueWatch {
  return {
    look: async () => {
      try {
        for (const credential of await unservedOf(engine)) {
          const start = startHint(credential);
          log.error({ credential, start }, 'no process has this credential: its effects are held');
        }
      } catch (error) {
        log.warn(`the task queues cannot be looked at: ${toAppError(error).message}`);
      }
    },
  };
}
