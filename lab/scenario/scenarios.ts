import { modelDrift } from './model-drift.ts';
import { poisonedData } from './poisoned-data.ts';
import type { Scenario } from './scenario.ts';
import { fullRollout, tamperedArtifact } from './tampered-artifact.ts';

/** Names of the stories that the lab can tell: those of the playbooks that answer them, and one that goes further. */
export const SCENARIO_NAMES = [
  'poisoned-data',
  'model-drift',
  'tampered-artifact',
  'full-rollout',
] as const;

/** Name of a story. */
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** The stories, each as it happened up to a moment: last night is the night before it. */
export const SCENARIOS: Readonly<Record<ScenarioName, (now: Date) => Scenario>> = {
  'poisoned-data': poisonedData,
  'model-drift': modelDrift,
  'tampered-artifact': tamperedArtifact,
  'full-rollout': fullRollout,
};
