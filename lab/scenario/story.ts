/** Names and days of the poisoned-batch story: everything that the world's parts must agree on. */
export interface Story {
  readonly model: string;
  readonly secondModel: string;
  readonly alias: string;
  readonly namespace: string;
  readonly stable: string;
  readonly canary: string;
  readonly container: string;
  readonly service: string;
  readonly image: (version: string) => string;
  readonly replicas: number;
  readonly pipeline: string;
  readonly dataset: { readonly namespace: string; readonly name: string };
  readonly pointer: { readonly name: string; readonly key: string };
  readonly guard: { readonly name: string; readonly key: string };
  /** Dataset versions, one a night: two clean ones, then the poisoned one. */
  readonly days: { readonly older: string; readonly clean: string; readonly poisoned: string };
  readonly suspect: string;
}

const DAY_MS = 24 * 3_600_000;

function day(now: Date, before: number): string {
  return new Date(now.getTime() - before * DAY_MS).toISOString().slice(0, 10);
}

/** The story as it happened up to `now`: last night's batch is the poisoned one. */
export function storyOf(now: Date): Story {
  const days = { older: day(now, 3), clean: day(now, 2), poisoned: day(now, 1) };
  const dataset = { namespace: 'warehouse', name: 'transactions' };
  return {
    model: 'fraud-scorer',
    secondModel: 'chargeback-ranker',
    alias: 'champion',
    namespace: 'ml',
    stable: 'fraud-scorer',
    canary: 'fraud-scorer-canary',
    container: 'server',
    service: 'fraud-scorer',
    image: (version) => `registry.example/fraud-scorer:${version}`,
    replicas: 20,
    pipeline: 'fraud-training',
    dataset,
    pointer: { name: 'fraud-training', key: 'dataset_version' },
    guard: { name: 'ingest-guard', key: 'signed-batches-only' },
    days,
    suspect: `dataset:${dataset.namespace}/${dataset.name}@${days.poisoned}`,
  };
}

/** Tasks of the training pipeline, in order. */
export const TRAINING_TASKS = ['fetch-batch', 'train', 'evaluate', 'register'] as const;
