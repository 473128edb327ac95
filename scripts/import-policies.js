// Who may import whom, one policy per row of ARCHITECTURE.md's table. Within an element imports are
// free; everything else is refused unless a policy allows it; the last policy that matches wins.

/** `partialMatch: false`, else `test/workflows` would count as `workflows`. */
const folder = (type, pattern = type) => ({ type, pattern, partialMatch: false });

export const elements = [
  folder('domain'),
  folder('expression'),
  folder('evidence'),
  folder('render'),
  folder('store'),
  folder('lab'),
  folder('playbooks'),
  folder('regimes'),
  folder('intake'),
  { ...folder('connector', 'connectors/*'), capture: ['name'], exclusive: true },
  folder('connector-kit', 'connectors'),
  folder('workflows'),
  folder('activities'),
  folder('worker'),
  folder('api'),
  folder('app'),
  folder('cli'),
  folder('web'),
  folder('bench'),
  folder('scripts'),
  folder('test'),
];

export const fileCategories = [
  { category: 'test', pattern: '**/{*.test,test-*}.ts' },
  { category: 'harness', pattern: 'test/{harness,closers}.ts' },
  { category: 'schema', pattern: 'domain/*-schema.ts' },
  { category: 'digest', pattern: 'evidence/digest.ts' },
  { category: 'manifest', pattern: 'connectors/*/manifest.ts' },
  { category: 'registry', pattern: 'connectors/registry.ts' },
  { category: 'messages', pattern: 'workflows/messages.ts' },
  { category: 'api-client', pattern: 'api/client.ts' },
  {
    category: 'yaml-file',
    pattern: 'playbooks/{expression-place,schema-problems,suggestion,text-file,yaml-document}.ts',
  },
  { category: 'demo', pattern: 'cli/demo*.ts' },
];

const PRODUCT = [
  'domain',
  'expression',
  'evidence',
  'render',
  'store',
  'playbooks',
  'regimes',
  'intake',
  'connector',
  'connector-kit',
  'workflows',
  'activities',
  'worker',
  'api',
  'app',
];
const EVERYTHING = elements.map(({ type }) => type);

const from = (type) => ({ from: { element: { type } } });
const fromFile = (categories) => ({ from: { file: { categories } } });
const to = (...types) => ({ to: { element: { types: { anyOf: types } } } });
const toFile = (...categories) => ({ to: { file: { categories: { anyOf: categories } } } });

const allow = (type, ...types) => ({ ...from(type), allow: to(...types) });
const allowFile = (type, ...categories) => ({ ...from(type), allow: toFile(...categories) });
const allowTypes = (type, ...types) => ({
  ...from(type),
  allow: { ...to(...types), dependency: { kind: 'type' } },
});
const allowDynamic = (type, ...types) => ({
  ...from(type),
  allow: { ...to(...types), dependency: { nodeKind: 'dynamic-import' } },
});

export const policies = [
  { allow: { to: { module: { origin: ['external', 'core'] } } } },
  { ...from('domain'), disallow: { to: { module: { origin: ['external', 'core'] } } } },
  {
    from: { element: { type: 'domain' }, file: { categories: 'schema' } },
    allow: { to: { module: { origin: 'external', source: 'zod' } } },
  },

  ...['expression', 'evidence', 'render', 'store', 'lab'].map((type) => allow(type, 'domain')),

  allow('playbooks', 'domain', 'expression'),
  // The registry is how manifests are reached without naming each connector here.
  allowFile('playbooks', 'manifest', 'registry'),
  allowTypes('playbooks', 'connector-kit'),

  allow('regimes', 'domain', 'expression'),
  // YAML with places, and nothing of what a playbook means.
  allowFile('regimes', 'yaml-file'),

  allow('intake', 'domain', 'expression'),

  allow('connector-kit', 'domain'),
  {
    from: { element: { type: 'connector-kit' }, file: { categories: 'registry' } },
    allow: toFile('manifest'),
  },
  {
    from: { element: { type: 'connector-kit' }, file: { categories: 'registry' } },
    allow: { ...to('connector'), dependency: { nodeKind: 'dynamic-import' } },
  },
  allow('connector', 'domain', 'connector-kit'),
  { ...from('connector'), disallow: toFile('registry') },

  allow('workflows', 'domain'),
  allowTypes('workflows', 'activities'),

  allow('activities', 'domain', 'evidence', 'expression', 'render'),
  allowTypes('activities', 'connector-kit', 'store'),

  allowFile('worker', 'messages'),
  allowTypes('worker', ...EVERYTHING),

  allow('api', 'domain', 'intake', 'render'),
  allowFile('api', 'messages'),
  allowTypes('api', 'workflows', 'store'),

  allow('app', ...PRODUCT),

  allow('cli', 'domain', 'evidence', 'playbooks', 'render'),
  allowFile('cli', 'api-client'),
  allowDynamic('cli', 'app'),
  { from: { element: { type: 'cli' }, file: { categories: 'demo' } }, allow: to('lab') },

  allow('web', 'domain'),
  allowFile('web', 'api-client'),

  ...['bench', 'scripts'].flatMap((type) => [
    allow(type, 'app', 'lab', 'playbooks'),
    allowFile(type, 'api-client'),
  ]),
  // What is generated is derived from the manifests; the build writes the workflow bundle.
  allowFile('scripts', 'registry'),
  allow('scripts', 'worker'),

  ...['playbooks', 'intake', 'store', 'api'].map((type) => allowFile(type, 'digest')),

  { ...fromFile('test'), allow: { to: { module: { origin: ['external', 'core'] } } } },
  { ...fromFile('test'), allow: to('domain', 'lab') },
  { ...fromFile('test'), allow: toFile('harness') },
  allow('test', ...EVERYTHING),
];
