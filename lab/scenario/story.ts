import type { OnIsolation } from '../../domain/inventory.ts';

/** Names and days of a story: everything that the world's parts must agree on. */
export interface Story {
  readonly model: string;
  readonly secondModel: string;
  readonly alias: string;
  readonly namespace: string;
  readonly stable: string;
  /** The Deployment of the trial share; null when there is none. */
  readonly canary: string | null;
  readonly container: string;
  readonly service: string;
  /** How replicas get their model: with their image, or from what the alias names when they start. */
  readonly load: 'baked-image' | 'alias-at-start';
  readonly image: (version: string) => string;
  readonly replicas: number;
  /** How far the new version is: on the canary alone, or on every replica of stable with the canary at zero. */
  readonly rollout: 'canary' | 'full';
  /** What serves instead while the model is isolated. */
  readonly onIsolation: OnIsolation;
  readonly pipeline: string;
  readonly dataset: { readonly namespace: string; readonly name: string };
  readonly pointer: { readonly name: string; readonly key: string };
  /** The switch that closes the way in, and what it does; null when nobody came in. */
  readonly guard: { readonly name: string; readonly key: string; readonly closes: string } | null;
  /** Dataset versions, one a night. */
  readonly days: { readonly older: string; readonly clean: string; readonly latest: string };
  /** What the review finds. */
  readonly finding: string;
}

const DAY_MS = 24 * 3_600_000;

function day(now: Date, before: number): string {
  return new Date(now.getTime() - before * DAY_MS).toISOString().slice(0, 10);
}

/** What all stories have in common: a scorer of card payments, trained each night, as of `now`. */
export function fraudScorer(now: Date): Omit<Story, 'finding' | 'guard'> {
  return {
    model: 'fraud-scorer',
    secondModel: 'chargeback-ranker',
    alias: 'champion',
    namespace: 'ml',
    stable: 'fraud-scorer',
    canary: 'fraud-scorer-canary',
    container: 'server',
    service: 'fraud-scorer',
    load: 'baked-image',
    image: (version) => `registry.example/fraud-scorer:${version}`,
    replicas: 20,
    rollout: 'canary',
    onIsolation: 'previous-version',
    pipeline: 'fraud-training',
    dataset: { namespace: 'warehouse', name: 'transactions' },
    pointer: { name: 'fraud-training', key: 'dataset_version' },
    days: { older: day(now, 3), clean: day(now, 2), latest: day(now, 1) },
  };
}

/** Tasks of the training pipeline, in order. */
export const TRAINING_TASKS = ['fetch-batch', 'train', 'evaluate', 'register'] as const;
