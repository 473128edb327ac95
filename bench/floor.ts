import { join } from 'node:path';
import { z } from 'zod';
import { sourceProgram, startChild } from './child.ts';
import type { Timing } from './load.ts';

const ready = z.object({ ready: z.literal(true) });
const timed = z.object({
  timings: z.array(z.object({ acknowledged: z.number(), first: z.number(), fifth: z.number() })),
});
const rated = z.object({ perSecond: z.number() });

/** The bare floor: an empty five-activity workflow, in a process of its own on a server of ours. */
export interface Floor {
  alone(ids: readonly string[]): Promise<readonly Timing[]>;
  /** Workflows a second, so many at the same time. */
  saturated(ids: readonly string[], atOnce: number): Promise<number>;
  stop(): Promise<void>;
}

/** Starts the floor on the Temporal server at `address`. */
export async function startFloor(address: string, cwd: string): Promise<Floor> {
  const program = join(import.meta.dirname, 'floor-process.ts');
  const child = startChild(sourceProgram(program, address), { cwd });
  await child.said(ready);
  return {
    alone: async (ids) => {
      child.ask({ ids, atOnce: 1 });
      return (await child.said(timed)).timings;
    },
    saturated: async (ids, atOnce) => {
      child.ask({ ids, atOnce });
      return (await child.said(rated)).perSecond;
    },
    stop: () => child.stop(),
  };
}
