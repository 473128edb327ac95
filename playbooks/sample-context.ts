import type { EvaluationContext } from '../domain/evaluation.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Playbook } from '../domain/playbook.ts';
import { WORLD } from './sample-world.ts';

/** The shipped playbooks that are rehearsed, each with what its incident suspects. */
export const SUSPECTS: Readonly<Record<string, string>> = {
  'model-drift': 'model:fraud-scorer@7',
  'poisoned-data': 'dataset:warehouse/transactions@2026-11-19',
  'tampered-artifact': 'model:fraud-scorer@7',
};

const place = { cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment', container: 'server' };

/** What a playbook's expressions see: its defaults, a model, the sample world and what of it is told otherwise. */
export function contextOf(playbook: Playbook, change: JsonObject = {}): EvaluationContext {
  const parameters = Object.entries(playbook.parameters).map(
    ([name, { default: value }]) => [name, value] as const,
  );
  return {
    incident: {
      id: 'i',
      number: 1,
      title: 't',
      severity: 'sev2',
      model: 'fraud-scorer',
      suspect: SUSPECTS[playbook.name] ?? null,
      onsetAt: '2026-11-20T02:00:00Z',
      openedAt: '2026-11-20T02:01:00.000Z',
      mode: 'auto',
      playbook: playbook.name,
      owner: null,
    },
    alert: { labels: {}, annotations: {}, startsAt: null, title: '', source: '' },
    parameters: Object.fromEntries(parameters),
    model: {
      model: 'fraud-scorer',
      registryName: 'fraud-scorer',
      alias: 'champion',
      serving: [
        { ...place, name: 'fraud-scorer', role: 'stable' },
        { ...place, name: 'fraud-scorer-canary', role: 'canary' },
      ],
      service: 'ml/fraud-scorer',
      load: 'baked-image',
      replicas: 20,
      pipeline: 'fraud-training',
      datasets: ['warehouse/transactions'],
      datasetPointer: { namespace: 'ml', name: 'fraud-training', key: 'dataset_version' },
      owner: 'ml-team',
      onIsolation: null,
      source: 'file',
      confidence: 'high',
    },
    results: { ...WORLD, ...change },
    each: { name: 'fraud-scorer', version: '7' },
    value: null,
    now: '2026-11-20T02:05:00.000Z',
  };
}
