import { defineProbe, type AnyProbe } from '../connector.ts';
import type { AirflowClient } from './client.ts';
import { runManifest } from './manifest.ts';

const ABSENT = { exists: false, state: null, conf: null, startedAt: null, endedAt: null };

/** Probe `run`: `{exists, state, conf, startedAt, endedAt}`; all null when it does not exist. */
export function createRunProbe(client: AirflowClient): AnyProbe {
  return defineProbe({
    manifest: runManifest,
    read: async (input, context) => {
      const run = await client.run(input.dag, input.runId, context);
      if (run === null) return { value: ABSENT, truncated: false };
      const value = {
        exists: true,
        state: run.state,
        conf: run.conf,
        startedAt: run.start_date,
        endedAt: run.end_date,
      };
      return { value, truncated: false };
    },
  });
}
