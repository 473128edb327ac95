// Goal: an alert takes the first matching route, selects the models that its labels mean and nobody else's, and lands in
// the right incident. Method: tables of labels against a small inventory with traps (look-alikes, shared objects).
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Alert } from '../domain/alert.ts';
import type { Route } from '../domain/configuration.ts';
import {
  DEFAULT_SELECTION_RULES,
  SIMILAR_NAME_RULE,
  skeletonOf,
} from '../domain/inventory-selection.ts';
import type { InventoryEntry, ResolvedTargets, ServingObject } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { createRouter } from './routing.ts';

function serving(name: string, role: ServingObject['role'] = 'stable'): ServingObject {
  return {
    cluster: 'kubernetes',
    namespace: 'ml',
    kind: 'Deployment',
    name,
    container: 'server',
    role,
  };
}

function entry(model: string, change: Partial<InventoryEntry> = {}): InventoryEntry {
  return {
    model,
    registryName: model,
    alias: 'champion',
    serving: [serving(model), serving(`${model}-canary`, 'canary')],
    service: `ml/${model}`,
    load: 'baked-image',
    replicas: 20,
    pipeline: null,
    datasets: [],
    datasetPointer: null,
    owner: 'ml',
    onIsolation: null,
    source: 'file',
    confidence: 'high',
    ...change,
  };
}

const INVENTORY = [
  entry('fraud-scorer'),
  entry('ranker', { registryName: 'chargeback-ranker' }),
  entry('found', { source: 'discovery', confidence: 'low' }),
  entry('shared', { serving: [serving('fraud-scorer')] }),
];

function alertOf(labels: Readonly<Record<string, string>>): Alert {
  return {
    source: 'am',
    status: 'firing',
    fingerprint: 'f'.repeat(64),
    startsAt: '2026-11-20T02:00:00Z',
    endsAt: null,
    title: 'It drifts',
    labels,
    annotations: {},
    details: {},
  };
}

function pinned(name: string, playbookClass = name): PinnedPlaybook {
  const playbook = {
    formatVersion: 1,
    name,
    class: playbookClass,
    title: name,
    parameters: {},
    steps: [],
  } as const;
  return { playbook, digest: name };
}

const PLAYBOOKS = [pinned('model-drift'), pinned('poisoned-data')];

function route(name: string, change: Partial<Route> = {}): Route {
  return {
    name,
    when: 'true',
    playbook: 'poisoned-data',
    mode: 'auto',
    vetoSeconds: 0,
    severity: 'sev2',
    suspect: null,
    reopenWindowSeconds: 60,
    ...change,
  };
}

function routerOf(...routes: readonly Route[]) {
  return createRouter({ routes, inventory: INVENTORY, selectionRules: [], playbooks: PLAYBOOKS });
}

function routed(alert: Alert, ...routes: readonly Route[]) {
  return routerOf(...routes).route({ alert, dedupeKey: 'd' });
}

describe('selection', () => {
  test.each<
    [string, Readonly<Record<string, string>>, ResolvedTargets['status'], readonly string[]]
  >([
    ['model by name', { model: 'fraud-scorer' }, 'resolved', ['fraud-scorer']],
    ['model by registry name', { model: 'chargeback-ranker' }, 'resolved', ['ranker']],
    [
      'a deployment of one model',
      { namespace: 'ml', deployment: 'ranker-canary' },
      'resolved',
      ['ranker'],
    ],
    [
      'a deployment of two models',
      { namespace: 'ml', deployment: 'fraud-scorer' },
      'several',
      ['fraud-scorer', 'shared'],
    ],
    [
      'labels of two models',
      { model: 'ranker', namespace: 'ml', deployment: 'fraud-scorer-canary' },
      'several',
      ['fraud-scorer', 'ranker'],
    ],
    ['a deployment of another namespace', { namespace: 'other', deployment: 'ranker' }, 'none', []],
    ['a service alone', { namespace: 'ml', service: 'ranker' }, 'weak', ['ranker']],
    ['a model that discovery guessed', { model: 'found' }, 'weak', ['found']],
    ['an unknown model', { model: 'nobody' }, 'none', []],
    ['no labels that mean anything', { alertname: 'x' }, 'none', []],
    ['another case', { model: 'Fraud-Scorer' }, 'weak', ['fraud-scorer']],
    ['a Cyrillic letter', { model: 'frаud-scorer' }, 'weak', ['fraud-scorer']],
    ['a digit for a letter', { model: 'fraud-sc0rer' }, 'weak', ['fraud-scorer']],
    ['an invisible character', { model: 'fraud\u200b-scorer' }, 'weak', ['fraud-scorer']],
    ['full width', { model: 'ｆｒａｕｄ-scorer' }, 'weak', ['fraud-scorer']],
    ['an empty model', { model: '' }, 'none', []],
  ])('%s', (...values) => {
    const [, labels, status, models] = values;
    const targets = routerOf().explainTargets(alertOf(labels));
    expect(targets.status).toBe(status);
    expect(targets.entry?.model ?? null).toBe(status === 'resolved' ? models[0] : null);
    expect(targets.candidates.map(({ model }) => model)).toEqual(models);
  });

  test('every rule is told for every entry, with its reason', () => {
    const { steps } = routerOf().explainTargets(alertOf({ model: 'Fraud-Scorer' }));
    expect(steps.filter(({ rule }) => rule !== SIMILAR_NAME_RULE)).toHaveLength(
      INVENTORY.length * DEFAULT_SELECTION_RULES.length,
    );
    expect(steps.find(({ rule }) => rule === SIMILAR_NAME_RULE)?.reason).toMatch(
      /a person decides/,
    );
  });

  test('what a default rule compares decides as its expression does', () => {
    const words = fc.constantFrom(
      ...[
        '',
        'ml',
        'a/b',
        'other',
        'fraud-scorer',
        'ranker',
        'chargeback-ranker',
        'Ranker',
        'f0und',
      ],
      ...['ranker-canary', 'shared', 'found', 'fraud-scorer-canary'],
    );
    const keys = ['model', 'namespace', 'deployment', 'service'] as const;
    const labels = fc.dictionary(fc.constantFrom(...keys), words);
    // Given as rules of one's own, the same expressions are evaluated for every entry.
    const selectionRules = [...DEFAULT_SELECTION_RULES];
    const inventory = [...INVENTORY, entry('odd', { service: 'a/b/ranker' })];
    const shared = { routes: [], inventory, playbooks: PLAYBOOKS };
    const quick = createRouter({ ...shared, selectionRules: [] });
    const plain = createRouter({ ...shared, selectionRules });
    fc.assert(
      fc.property(labels, (given) => {
        const alert = alertOf(given);
        expect(quick.explainTargets(alert)).toEqual(plain.explainTargets(alert));
        // Only what the index leads to is looked at, and nothing is missed.
        const incoming = { alert, dedupeKey: 'd' };
        expect(quick.route(incoming).routing).toEqual(plain.route(incoming).routing);
      }),
      { numRuns: 300 },
    );
  });

  test('an incident keeps the rules that selected, not each one that was tried', () => {
    const { routing } = routed(alertOf({ model: 'ranker' }), route('all'));
    expect(routing.incident.targets?.steps).toEqual([
      expect.objectContaining({ rule: 'model-label', model: 'ranker', matched: true }),
    ]);
  });

  test('a rule that cannot be evaluated says so and matches nothing', () => {
    const selectionRules = [
      { name: 'team', when: 'alert.labels.team == entry.owner', confidence: 'high' },
    ] as const;
    const router = createRouter({
      routes: [],
      inventory: INVENTORY,
      selectionRules,
      playbooks: PLAYBOOKS,
    });
    const { status, steps } = router.explainTargets(alertOf({}));
    expect(status).toBe('none');
    expect(steps[0]?.reason).toMatch(/could not be evaluated: No such key: team/);
  });

  test('names that do not look alike keep their skeletons apart', () => {
    expect(skeletonOf('fraud-scorer')).not.toBe(skeletonOf('fraud-score'));
  });

  test('a plain name is its own skeleton, and that of every name that differs in case only', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z2-9./:-]*$/), (name) => {
        expect(skeletonOf(name)).toBe(name);
        expect(skeletonOf(name.toUpperCase())).toBe(name);
      }),
    );
  });
});

describe('routing', () => {
  test('the first matching route wins; what failed to evaluate is told', () => {
    const { routing, explanation } = routed(
      alertOf({ model: 'fraud-scorer' }),
      route('broken', { when: "alert.labels.nope == 'x'" }),
      route('no', { when: "alert.labels.model == 'ranker'" }),
      route('yes', { when: "alert.labels.model == 'fraud-scorer'" }),
      route('later'),
    );
    expect(explanation.steps.map(({ route: name, matched }) => [name, matched])).toEqual([
      ['broken', false],
      ['no', false],
      ['yes', true],
    ]);
    expect(explanation.steps[0]?.reason).toMatch(/could not be evaluated/);
    expect(routing).toMatchObject({
      reopenWindowSeconds: 60,
      claimTargets: [
        'kubernetes/Deployment/ml/fraud-scorer',
        'kubernetes/Deployment/ml/fraud-scorer-canary',
      ],
    });
    expect(routing.incident).toMatchObject({
      title: 'It drifts',
      severity: 'sev2',
      mode: 'auto',
      route: 'yes',
      playbookName: 'poisoned-data',
      model: 'fraud-scorer',
      suspect: null,
      onsetAt: '2026-11-20T02:00:00Z',
      origin: { kind: 'alert', by: 'am', channel: null },
    });
  });

  test('what no route takes is observed only', () => {
    const { routing } = routed(alertOf({ alertname: 'x' }), route('no', { when: 'false' }));
    expect(routing.incident).toMatchObject({
      route: 'unrouted',
      mode: 'observe',
      playbookName: 'model-drift',
      model: null,
    });
    expect(routing.claimTargets).toEqual([]);
  });

  test('an alert about one serving object claims that one', () => {
    const { routing } = routed(
      alertOf({ model: 'fraud-scorer', namespace: 'ml', deployment: 'fraud-scorer-canary' }),
      route('all'),
    );
    expect(routing.claimTargets).toEqual(['kubernetes/Deployment/ml/fraud-scorer-canary']);
  });

  test('the suspect comes from the route; one that cannot be read is left to a person', () => {
    const suspect = "'dataset:warehouse/transactions@' + alert.labels.dataset_version";
    const named = routed(alertOf({ dataset_version: '2026-11-19' }), route('all', { suspect }));
    expect(named.routing.incident.suspect).toBe('dataset:warehouse/transactions@2026-11-19');
    expect(
      routed(alertOf({ a: 'b' }), route('all', { suspect })).routing.incident.suspect,
    ).toBeNull();
  });

  test('the incident key joins by model and class, else by suspect, else by alert', () => {
    const key = (labels: Readonly<Record<string, string>>, change: Partial<Route> = {}): string =>
      routed(alertOf(labels), route('all', change)).routing.incidentKey;
    const byModel = key({ model: 'fraud-scorer' });
    expect(key({ model: 'fraud-scorer', severity: 'critical' })).toBe(byModel);
    expect(key({ model: 'ranker' })).not.toBe(byModel);
    expect(key({ model: 'fraud-scorer' }, { playbook: 'model-drift' })).not.toBe(byModel);
    const suspect = { suspect: 'alert.labels.s' };
    expect(key({ s: 'one', x: 'a' }, suspect)).toBe(key({ s: 'one', x: 'b' }, suspect));
    expect(key({ s: 'one' }, suspect)).not.toBe(key({ s: 'two' }, suspect));
    expect(key({ x: 'a' })).toBe(key({ x: 'b' }));
  });

  test('what is only observed takes in nothing that a route would act on', () => {
    const key = (mode: Route['mode']): string =>
      routed(alertOf({ model: 'fraud-scorer' }), route('all', { mode })).routing.incidentKey;
    expect(key('auto')).toBe(key('ask'));
    expect(key('observe')).not.toBe(key('ask'));
    expect(key('observe')).toBe(key('observe'));
  });

  test.each<[string, Route]>([
    ['a playbook that is not loaded', route('bad', { playbook: 'nothing' })],
    ['an expression that does not type-check', route('bad', { when: 'alert.nope' })],
  ])('%s is refused at once', (_title, bad) => {
    expect(() => routerOf(bad)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
