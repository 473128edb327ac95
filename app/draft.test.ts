// Goal: a draft says no more than what was seen, says why, and is a configuration whatever the names in it are. Method: surveys of
// worlds that nobody prepared; each text goes back through the reader of configurations.
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { DiscoveredDeployment } from '../intake/inventory-annotations.ts';
import { readConfiguration } from './config-file.ts';
import { configurationReferences } from './configuration-references.ts';
import { rbacManifests } from './draft-rbac.ts';
import { configurationText, receiverText, type DraftFrame } from './draft-text.ts';
import { draftOf } from './draft.ts';
import type { Survey } from './survey.ts';

const FRAME: DraftFrame = {
  kubeconfig: '/home/ada/.kube/config',
  own: {
    server: 'https://cluster.example.com:6443',
    caFile: '/home/ada/draft/cluster-ca.crt',
    tokenFile: '/home/ada/draft/cluster-token',
  },
  context: null,
  namespaces: null,
  registryUrl: 'https://mlflow.example.com',
  registryToken: null,
  tokenSha256: 'ab'.repeat(32),
};
const references = await configurationReferences({ MLFLOW_TOKEN: 'canary' });

function deployment(
  path: string,
  more: { image?: string; env?: Record<string, string>; annotations?: Record<string, string> } = {},
): DiscoveredDeployment {
  const [namespace = '', name = ''] = path.split('/');
  const { image = 'registry.example.com/server:1', env = {}, annotations = {} } = more;
  const containers = [{ name: 'server', image, env }];
  return { cluster: 'kubernetes', namespace, name, replicas: 3, annotations, containers };
}

function survey(
  deployments: readonly DiscoveredDeployment[],
  models: Readonly<Record<string, readonly string[]>>,
  services: readonly string[] = [],
): Survey {
  return {
    deployments,
    models: Object.entries(models).map(([name, aliases]) => ({ name, aliases })),
    services: new Set(services),
    truncated: false,
  };
}

/** `model alias confidence service: serving` of each entry. */
function linesOf(found: Survey): readonly string[] {
  return draftOf(found).entries.map(({ entry }) => {
    const serving = entry.serving.map(
      ({ namespace, name, role }) => `${namespace}/${name}=${role}`,
    );
    const { model, alias, confidence, service } = entry;
    return `${model} ${alias} ${confidence} ${service ?? '-'}: ${serving.join(' ')}`;
  });
}

describe('an inventory', () => {
  test('is sure of annotations, less sure of environments, and least of names', () => {
    const deployments = [
      deployment('ml/scores', { annotations: { 'firebreak.dev/model': 'credit' } }),
      deployment('ml/a', { env: { MODEL: 'models:/fraud@prod' } }),
      deployment('ml/b', { env: { MODEL: 'models:/ghost/7' } }),
      deployment('risk/churn-model-server'),
      deployment('risk/web'),
    ];
    const models = { credit: [], fraud: ['prod'], churn_model: ['staging', 'live'], lonely: [] };
    const found = survey(deployments, models, ['risk/churn-model-server']);
    expect(linesOf(found)).toEqual([
      'credit champion high -: ml/scores=only',
      'fraud prod medium -: ml/a=only',
      'ghost champion low -: ml/b=only',
      'churn_model live low risk/churn-model-server: risk/churn-model-server=only',
    ]);
    const { unserved, unregistered } = draftOf(found);
    expect(unserved.map(({ name }) => name)).toEqual(['lonely']);
    expect(unregistered).toEqual(['ghost (ml/b)']);
  });

  test('knows a canary beside the others, and the Service of both', () => {
    const env = { URI: 'models:/fraud@champion' };
    const deployments = [deployment('ml/fraud', { env }), deployment('ml/fraud-canary', { env })];
    expect(linesOf(survey(deployments, { fraud: ['champion'] }, ['ml/fraud']))).toEqual([
      'fraud champion medium ml/fraud: ml/fraud=stable ml/fraud-canary=canary',
    ]);
  });

  test('knows a model by its image, and not by half of its name', () => {
    const image = 'registry.example.com:5000/team/FraudScorer@sha256:abc';
    const found = survey([deployment('ml/serve', { image })], { 'fraud-scorer': [], fraud_v2: [] });
    expect(linesOf(found)).toEqual(['fraud-scorer champion low -: ml/serve=only']);
  });
});

describe('the file', () => {
  test.each([
    ['plain', 'fraud-scorer'],
    ['a boolean', 'true'],
    ['a number', '7'],
    ['quotes', `it's "x"`],
    ['a comment', 'a # b: c'],
    ['a line break', 'a\nroutes: []\n# b'],
    ['a line separator', 'a\u2028routes: []'],
    ['braces', '{ env: HOME }'],
  ])('of a model called %s is read as it was meant', (_kind, name) => {
    const annotations = { 'firebreak.dev/model': name, 'firebreak.dev/owner': name };
    const models = { [name]: [], [`${name} of nobody`]: [] };
    const found = survey([deployment('ml/web', { annotations })], models);
    const text = configurationText(draftOf(found), { ...FRAME, namespaces: ['ml', 'no'] });
    const read = readConfiguration(text, 'firebreak.yaml', references);
    expect(read.inventory.map(({ model, owner }) => [model, owner])).toEqual([[name, name]]);
    expect(read.routes.map(({ mode }) => mode)).toEqual(['observe']);
    expect(read.instances[0]?.config['namespaces']).toEqual(['ml', 'no']);
  });

  test('leaves out what could not be read, and says so', () => {
    const annotations = { 'firebreak.dev/model': 'fraud', 'firebreak.dev/service': 'No Service!' };
    const draft = draftOf(survey([deployment('ml/web', { annotations })], {}));
    expect(draft.unusable).toEqual(['fraud (ml/web): service is not of the form namespace/name']);
    const text = configurationText(draft, FRAME);
    expect(readConfiguration(text, 'firebreak.yaml', references).inventory).toEqual([]);
    expect(text).toContain('# Left out: fraud (ml/web)');
  });

  test('names the variable of a token, never the token', () => {
    const frame = { ...FRAME, registryToken: 'MLFLOW_TOKEN', context: 'prod' };
    const text = configurationText(draftOf(survey([], {})), frame);
    expect(text).not.toContain('canary');
    const [cluster, registry] = readConfiguration(text, 'f.yaml', references).instances;
    expect(cluster?.config).toMatchObject({ context: 'prod' });
    expect(registry?.config).toMatchObject({ token: 'canary' });
  });
});

describe('an identity of its own', () => {
  const textOf = (frame: DraftFrame): string => configurationText(draftOf(survey([], {})), frame);
  const turned = (text: string): string =>
    text.replace(/^( +)(config: \{ kubeconfig)/m, '$1# $2').replace(/# (config: \{ server)/, '$1');

  test('takes the place of the kubeconfig when two lines change', () => {
    const text = turned(textOf({ ...FRAME, namespaces: ['ml'] }));
    const [cluster] = readConfiguration(text, 'f.yaml', references).instances;
    expect(cluster?.config).toEqual({ ...FRAME.own, namespaces: ['ml'] });
    const own = { server: 'https://public.example.com', caFile: null, tokenFile: '/t' };
    const [open] = readConfiguration(turned(textOf({ ...FRAME, own })), 'f', references).instances;
    expect(open?.config).toEqual({ server: own.server, tokenFile: '/t' });
  });

  test('is left to the person where an address and an authority do not reach', () => {
    const text = textOf({ ...FRAME, own: null });
    expect(text).toContain('a kubeconfig like this one');
    expect(text).not.toContain('server:');
  });
});

test('the receiver gets what means a model of the inventory, and takes nothing from others', () => {
  const env = { URI: 'models:/fraud@prod' };
  const found = survey(
    [deployment('ml/a.b', { env }), deployment('ml/c', { env }), deployment('web/shop')],
    { fraud: ['prod'] },
  );
  const text = receiverText('https://firebreak.example.com', draftOf(found).entries);
  expect(parse(text)).toMatchObject({
    receivers: [{ name: 'firebreak', webhook_configs: [{ max_alerts: 0 }] }],
    route: {
      routes: [
        { receiver: 'firebreak', continue: true, matchers: ['model!=""'] },
        { continue: true, matchers: ['namespace="ml"', 'deployment=~"a[.]b|c"'] },
      ],
    },
  });
});

test('rights are asked for in the named namespaces, else in the whole cluster', () => {
  const named = rbacManifests(['ml', 'risk'], []);
  expect(named.observe.match(/^kind: Role$/gm)).toHaveLength(2);
  expect(named.observe).not.toMatch(/patch|delete|create\b.*\]/);
  expect(named.act).toContain('namespace: risk');
  const whole = rbacManifests(null, []);
  expect(whole.act.match(/^kind: ClusterRole$/gm)).toHaveLength(1);
  expect(whole.act).not.toMatch(/kind: Role\b/);
});
