import type { Json } from '../../domain/json.ts';
import type { JsonClient } from './json-client.ts';
import type { TaskRun } from './pipeline.ts';
import type { Story } from './story.ts';

/** The systems that a story plays on: twins or real servers, it cannot tell. */
export interface StorySystems {
  readonly kubernetes: JsonClient;
  readonly mlflow: JsonClient;
  readonly loki: JsonClient;
  readonly alertmanager: JsonClient;
  /** Takes one OpenLineage RunEvent. */
  readonly emit: (event: Json) => Promise<void>;
  /** Whoever watches registry and cluster looks now: what it sees is a record from before what follows. */
  readonly look: () => Promise<void>;
}

/** The seeded world and what can still happen in it. */
export interface SeededWorld {
  /** Executes a task of the training pipeline. */
  runTask(run: TaskRun, task: string): Promise<'success' | 'failed'>;
  /** The monitor speaks. */
  raiseAlert(): Promise<void>;
  /** The platform engineer's patch; nothing where nobody came in. */
  closeEntryPath(): Promise<void>;
}

/** One story that the lab can tell. */
export interface Scenario {
  readonly story: Story;
  /** What the monitor would say of the answers of a version. */
  readonly anomalyScore: (version: string) => number;
  /** How far today's traffic is from what a version was trained on. */
  readonly driftScore: (version: string) => number;
  /** How often the monitor looks, in milliseconds; the lab's default when it does not matter. */
  readonly scrapeMs?: number;
  /** Plays the story up to the moment at which the monitor speaks, through the systems' own APIs only. */
  readonly seed: (systems: StorySystems) => Promise<SeededWorld>;
}

/** An anomaly or drift score that worries nobody. */
export const NORMAL_SCORE = 0.04;
