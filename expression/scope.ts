import { Environment } from '@marcbachmann/cel-js';
import type { Alert } from '../domain/alert.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { Json } from '../domain/json.ts';
import { registerFunctions } from './functions.ts';

/** The variables of each scope, as the caller gives them. */
export interface ScopeContexts {
  /** Playbook operations. */
  readonly operation: EvaluationContext;
  /** Routes. */
  readonly alert: { readonly alert: Alert };
  /** Selection rules of the inventory. */
  readonly selection: { readonly alert: Alert; readonly entry: InventoryEntry };
  /** Mappings of generic payloads. */
  readonly mapping: { readonly body: Json; readonly item: Json };
  /** When a regulator's rule applies. */
  readonly regime: { readonly facts: Readonly<Record<string, boolean>> };
}

/** Where an expression stands, which decides the variables that it may read. */
export type Scope = keyof ScopeContexts;

const LIMITS = {
  maxAstNodes: 2000,
  maxDepth: 48,
  maxListElements: 200,
  maxMapEntries: 200,
  maxCallArguments: 8,
};

const INCIDENT_FIELDS = {
  id: 'string',
  number: 'int',
  title: 'string',
  severity: 'string',
  model: 'dyn',
  suspect: 'dyn',
  onsetAt: 'dyn',
  openedAt: 'string',
  mode: 'string',
  playbook: 'string',
  owner: 'dyn',
};

const OPERATION_ALERT_FIELDS = {
  labels: 'map<string, string>',
  annotations: 'map<string, string>',
  startsAt: 'dyn',
  title: 'dyn',
  source: 'dyn',
};

const ALERT_FIELDS = {
  labels: 'map<string, string>',
  annotations: 'map<string, string>',
  source: 'string',
  status: 'string',
  fingerprint: 'string',
  startsAt: 'string',
  endsAt: 'dyn',
  title: 'string',
  details: 'map<string, dyn>',
};

const ENTRY_FIELDS = {
  model: 'string',
  registryName: 'string',
  alias: 'string',
  serving: 'list<dyn>',
  service: 'dyn',
  load: 'string',
  replicas: 'int',
  pipeline: 'dyn',
  datasets: 'list<string>',
  datasetPointer: 'dyn',
  owner: 'string',
  onIsolation: 'dyn',
  source: 'string',
  confidence: 'string',
};

function createEnvironment(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
  registerFunctions(environment);
  return environment;
}

function createOperationEnvironment(): Environment {
  return createEnvironment()
    .registerVariable({ name: 'incident', schema: INCIDENT_FIELDS })
    .registerVariable({ name: 'alert', schema: OPERATION_ALERT_FIELDS })
    .registerVariable({ name: 'model', schema: ENTRY_FIELDS })
    .registerVariable('parameters', 'map<string, dyn>')
    .registerVariable('results', 'map<string, dyn>')
    .registerVariable('each', 'dyn')
    .registerVariable('value', 'dyn')
    .registerVariable('now', 'string');
}

/** One environment per scope; built once, never changed afterwards. */
export const ENVIRONMENTS: Readonly<Record<Scope, Environment>> = {
  operation: createOperationEnvironment(),
  alert: createEnvironment().registerVariable({ name: 'alert', schema: ALERT_FIELDS }),
  selection: createEnvironment()
    .registerVariable({ name: 'alert', schema: ALERT_FIELDS })
    .registerVariable({ name: 'entry', schema: ENTRY_FIELDS }),
  mapping: createEnvironment().registerVariable('body', 'dyn').registerVariable('item', 'dyn'),
  regime: createEnvironment().registerVariable('facts', 'map<string, bool>'),
};

/** The variables that each scope offers. */
export const SCOPE_VARIABLES: Readonly<Record<Scope, readonly string[]>> = {
  operation: ['incident', 'alert', 'model', 'parameters', 'results', 'each', 'value', 'now'],
  alert: ['alert'],
  selection: ['alert', 'entry'],
  mapping: ['body', 'item'],
  regime: ['facts'],
};
