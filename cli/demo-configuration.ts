import { DEFAULT_CHANGE_DELAY_SECONDS, DEFAULT_STORM } from '../domain/configuration.ts';
import { DEFAULT_CAPS } from '../domain/cap.ts';
import type { Configuration, InstanceConfiguration, Route } from '../domain/configuration.ts';
import type { InventoryEntry, OnIsolation } from '../domain/inventory.ts';
import type { JsonObject } from '../domain/json.ts';

/** What the demo's configuration must know of the world that it was given. */
export interface DemoWorld {
  readonly model: string;
  readonly alias: string;
  readonly namespace: string;
  readonly stable: string;
  readonly canary: string | null;
  readonly container: string;
  readonly service: string;
  readonly load: InventoryEntry['load'];
  readonly replicas: number;
  readonly onIsolation: OnIsolation;
  readonly pipeline: string;
  readonly dataset: { readonly namespace: string; readonly name: string };
  readonly pointer: { readonly name: string; readonly key: string };
  readonly urls: {
    readonly kubernetes: JsonObject;
    readonly mlflow: JsonObject;
    readonly airflow: string;
    readonly prometheus: string;
    readonly loki: string;
  };
}

/** The demo holds effects for one second before it reads them again; the default is thirty. */
const HOLD_SECONDS = 1;
const REOPEN_SECONDS = 3_600;

/** Mona in the lab's Slack. Whoever is known there gets no token that approves from an administrator. */
export const MONA_IN_SLACK = 'T0LAB/U0MONA';

/** The people of the demo: two who approve, of two roles. */
export const DEMO_PEOPLE = [
  {
    id: 'mona',
    name: 'Mona (model owner)',
    roles: ['responder', 'approver-model-owner'],
    slackUser: null,
    mail: null,
  },
  {
    id: 'sam',
    name: 'Sam (security)',
    roles: ['responder', 'approver-security'],
    slackUser: null,
    mail: null,
  },
] as const;

/** Where Mona answers in Slack: who reads and answers for her what a card cannot show whole. */
export const STAND_IN = {
  id: 'olga',
  name: 'Olga (model owner)',
  roles: ['responder', 'approver-model-owner'],
  slackUser: null,
  mail: null,
} as const;

function instance(name: string, config: JsonObject): InstanceConfiguration {
  return { name, connector: name, holdSeconds: HOLD_SECONDS, config };
}

/** One route for each story: the alert tells which playbook answers it and what is suspected. */
function routesOf({ model, dataset }: DemoWorld): readonly Route[] {
  const shared = { mode: 'auto', vetoSeconds: 0, reopenWindowSeconds: REOPEN_SECONDS } as const;
  return [
    {
      ...shared,
      name: 'poisoned-data',
      when: "'dataset_version' in alert.labels",
      playbook: 'poisoned-data',
      severity: 'sev2',
      suspect: `'dataset:${dataset.namespace}/${dataset.name}@' + alert.labels.dataset_version`,
    },
    {
      ...shared,
      name: 'model-drift',
      when: "alert.labels.alertname == 'ModelDrift'",
      playbook: 'model-drift',
      severity: 'sev3',
      suspect: `'model:${model}@' + alert.labels.version`,
    },
    {
      ...shared,
      name: 'tampered-artifact',
      when: "alert.labels.alertname == 'ModelArtifactMismatch'",
      playbook: 'tampered-artifact',
      severity: 'sev1',
      suspect: `'model:${model}@' + alert.labels.version`,
    },
    {
      ...shared,
      name: 'opened-in-slack',
      when: "'playbook' in alert.labels && alert.labels.playbook == 'poisoned-data'",
      playbook: 'poisoned-data',
      severity: 'sev2',
      suspect: null,
    },
  ];
}

/** A configuration for the lab: only here a route may act by itself from the first start. */
export function demoConfiguration(world: DemoWorld): Configuration {
  const { urls, namespace, container } = world;
  const serving = (name: string, role: 'stable' | 'canary') =>
    ({ cluster: 'kubernetes', namespace, kind: 'Deployment', name, container, role }) as const;
  const shared = {
    alias: world.alias,
    load: world.load,
    source: 'file',
    confidence: 'high',
    onIsolation: world.onIsolation,
  } as const;
  return {
    instances: [
      instance('kubernetes', urls.kubernetes),
      instance('mlflow', urls.mlflow),
      instance('airflow', { url: urls.airflow }),
      instance('prometheus', { url: urls.prometheus }),
      instance('loki', { url: urls.loki }),
    ],
    sources: [],
    inventory: [
      {
        ...shared,
        model: world.model,
        registryName: world.model,
        serving: [
          serving(world.stable, 'stable'),
          ...(world.canary === null ? [] : [serving(world.canary, 'canary')]),
        ],
        service: `${namespace}/${world.service}`,
        replicas: world.replicas,
        pipeline: world.pipeline,
        datasets: [`${world.dataset.namespace}/${world.dataset.name}`],
        datasetPointer: { namespace, ...world.pointer },
        owner: 'mona',
      },
    ],
    selectionRules: [],
    routes: routesOf(world),
    storm: DEFAULT_STORM,
    caps: DEFAULT_CAPS,
    changeDelaySeconds: DEFAULT_CHANGE_DELAY_SECONDS,
    people: DEMO_PEOPLE.map((person) => ({ ...person, roles: [...person.roles] })),
    heartbeatUrl: null,
    slackChannel: null,
    slackIncidentChannels: 'none',
    mailTo: ['on-call@example.com'],
    digest: null,
    updates: [],
  };
}
