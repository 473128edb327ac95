// Goal: a person's words open a drill only when the person says so and there is something to drill on. Method: the real
// router over one model that is served twice, in production and in a sandbox.
import { describe, expect, test } from '@jest/globals';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { createRouter } from '../intake/routing.ts';
import { createOpenRequest } from './open-request.ts';

const ENTRY: InventoryEntry = {
  ...{ model: 'm', registryName: 'm', alias: 'champion', service: null, load: 'pinned-uri' },
  ...{ replicas: 1, pipeline: null, datasets: [], datasetPointer: null, owner: 'ada' },
  ...{ onIsolation: null, source: 'file', confidence: 'high' },
  serving: [
    {
      ...{ cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment', name: 'web' },
      ...{ container: 'server', role: 'only' },
    },
  ],
};
const ACTOR = { person: 'ada', name: 'Ada', roles: ['responder'], channel: 'cli' } as const;
const PLAYBOOK: PinnedPlaybook = {
  playbook: {
    ...{ formatVersion: 1, name: 'model-drift', class: 'drift', title: 'Drift', parameters: {} },
    steps: [],
  },
  digest: 'd',
};
const SANDBOXED: InventoryEntry = {
  ...ENTRY,
  owner: 'rehearsal',
  serving: ENTRY.serving.map((one) => ({ ...one, cluster: 'sandbox' })),
};

function requestWith(hasDrills: boolean) {
  const playbooks = [PLAYBOOK];
  return createOpenRequest({
    router: createRouter({
      ...{ routes: [], selectionRules: [], playbooks, inventory: [ENTRY, SANDBOXED] },
      drillInstances: new Set(['sandbox']),
    }),
    playbooks: () => playbooks,
    models: () => [ENTRY.model],
    hasDrills: () => hasDrills,
    now: () => new Date('2026-11-20T02:00:00Z'),
  });
}

const WORDS = 'it drifts model=m playbook=model-drift';

describe('opening by hand', () => {
  test('a drill is one by what is asked, on its own model and key', () => {
    const request = requestWith(true);
    const [drill, real] = [true, false].map((one) => request(WORDS, ACTOR, { drill: one }));
    expect(drill?.incident).toMatchObject({ drill: true, targets: { entry: SANDBOXED } });
    expect(real?.incident).toMatchObject({ drill: false, targets: { entry: ENTRY } });
    expect(drill?.incidentKey).not.toBe(real?.incidentKey);
  });

  test.each([
    ['--drill it drifts'],
    ['it drifts --drill'],
    ['it drifts drill=true'],
    ['drill="no"'],
  ])('what sounds like a drill opens nothing real: %s', (words) => {
    const request = requestWith(true);
    const refused = expect.objectContaining({ code: 'invalid', field: 'text' });
    expect(() => request(words, ACTOR, { drill: false })).toThrow(refused);
    expect(request(words, ACTOR, { drill: true }).incident.drill).toBe(true);
  });

  test('a drill without a sandbox is refused by name', () => {
    const request = requestWith(false);
    const refused = expect.objectContaining({ code: 'invalid', field: 'drill' });
    expect(() => request(WORDS, ACTOR, { drill: true })).toThrow(refused);
    expect(request(WORDS, ACTOR, { drill: false }).incident.drill).toBe(false);
  });
});
