import type { Scenario } from '../lab/scenario/scenario.ts';
import type { WorldUrls } from './world.ts';

type Story = Scenario['story'];

/** Kubernetes under two names: as it ships, and with nothing to wait for. */
export const CLUSTERS = { shipped: 'kubernetes', hasty: 'kubernetes-no-hold' } as const;
function entryOfStory(story: Story, cluster: string): object {
  const serving = (name: string, role: string): object => ({
    cluster,
    namespace: story.namespace,
    name,
    container: story.container,
    role,
  });
  const { canary, stable, pointer, dataset } = story;
  return {
    model: story.model,
    registryName: story.model,
    alias: story.alias,
    serving: [serving(stable, 'stable'), ...(canary === null ? [] : [serving(canary, 'canary')])],
    service: `${story.namespace}/${story.service}`,
    load: story.load,
    replicas: story.replicas,
    pipeline: story.pipeline,
    datasets: [`${dataset.namespace}/${dataset.name}`],
    datasetPointer: { namespace: story.namespace, ...pointer },
    owner: 'bench',
  };
}

/** What the benchmark's Firebreak is told, as a configuration file. */
export interface BenchConfiguration {
  readonly urls: WorldUrls;
  /** Models of the five-step playbook. */
  readonly models: readonly string[];
  /** Stories by the cluster under whose name they run. */
  readonly stories: readonly { readonly story: Story; readonly cluster: string }[];
}

/** The text of the configuration file: JSON, which is YAML. */
export function configurationText({ urls, models, stories }: BenchConfiguration): string {
  const instance = (name: string, connector: string, config: object): object => ({
    name,
    connector,
    holdSeconds: 0,
    config,
  });
  const route = { mode: 'auto', vetoSeconds: 0, severity: 'sev2', reopenWindowSeconds: 0 };
  return JSON.stringify({
    instances: [
      { name: CLUSTERS.shipped, connector: 'kubernetes', config: { server: urls.kubernetes } },
      instance(CLUSTERS.hasty, 'kubernetes', { server: urls.kubernetes }),
      instance('mlflow', 'mlflow', { url: urls.mlflow }),
      instance('airflow', 'airflow', { url: urls.airflow }),
      instance('prometheus', 'prometheus', { url: urls.prometheus }),
      instance('loki', 'loki', { url: urls.loki }),
    ],
    inventory: [
      ...models.map((model) => ({
        model,
        registryName: model,
        load: 'pinned-uri',
        replicas: 1,
        owner: 'bench',
      })),
      ...stories.map(({ story, cluster }) => entryOfStory(story, cluster)),
    ],
    routes: [
      {
        ...route,
        name: 'poisoned-data',
        when: "'dataset_version' in alert.labels",
        playbook: 'poisoned-data',
        suspect: "'dataset:' + alert.labels.dataset + '@' + alert.labels.dataset_version",
      },
      { ...route, name: 'five-steps', when: 'true', playbook: 'five-steps', suspect: null },
    ],
    // Every incident of the benchmark is of one kind; none of them is a storm.
    storm: { newIncidentsMax: 10_000 },
    // Far more incidents than a source may open by itself in an hour elsewhere.
    caps: { source: { incidentsPerHour: null } },
    people: [{ id: 'bench', name: 'Bench', roles: ['responder'] }],
  });
}
