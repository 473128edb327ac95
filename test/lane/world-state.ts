import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import type { Lab } from '../../lab/lab.ts';
import { createJsonClient } from '../../lab/scenario/json-client.ts';

const named = z.object({ metadata: z.object({ name: z.string() }) });

const deployment = named.extend({
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string() })) }),
    }),
  }),
});
const service = named.extend({ spec: z.object({ selector: z.record(z.string(), z.string()) }) });
const configMap = named.extend({ data: z.record(z.string(), z.string()).optional() });
const model = z.object({
  registered_model: z.object({
    aliases: z.array(z.object({ alias: z.string(), version: z.string() })).default([]),
    tags: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
  }),
});
const dag = z.object({ is_paused: z.boolean() });

/** Everything in the lab that an incident may change and take back: plain, sorted, comparable. */
export async function worldState(lab: Lab): Promise<Json> {
  const { story } = lab;
  const kubernetes = createJsonClient(lab.kubernetes.url);
  const list = async <T>(path: string, item: z.ZodType<T>): Promise<readonly T[]> =>
    z.object({ items: z.array(item) }).parse(await kubernetes.send('GET', path)).items;
  const core = `/api/v1/namespaces/${story.namespace}`;
  const deployments = await list(
    `/apis/apps/v1/namespaces/${story.namespace}/deployments`,
    deployment,
  );
  const services = await list(`${core}/services`, service);
  // The guard of the entry path is the platform engineer's, and stays closed.
  const configMaps = (await list(`${core}/configmaps`, configMap)).filter(
    ({ metadata }) => metadata.name !== story.guard?.name,
  );
  const policies = await list(
    `/apis/networking.k8s.io/v1/namespaces/${story.namespace}/networkpolicies`,
    named,
  );
  const name = encodeURIComponent(story.model);
  const registry = model.parse(
    await createJsonClient(lab.mlflow.url).send(
      'GET',
      `/api/2.0/mlflow/registered-models/get?name=${name}`,
    ),
  );
  const pipeline = dag.parse(
    await createJsonClient(lab.airflow.url).send('GET', `/api/v2/dags/${story.pipeline}`),
  );
  return {
    deployments: Object.fromEntries(
      deployments.map(({ metadata, spec }) => [
        metadata.name,
        {
          replicas: spec.replicas,
          images: spec.template.spec.containers.map(({ image }) => image),
        },
      ]),
    ),
    services: Object.fromEntries(
      services.map(({ metadata, spec }) => [metadata.name, spec.selector]),
    ),
    configMaps: Object.fromEntries(
      configMaps.map(({ metadata, data }) => [metadata.name, data ?? {}]),
    ),
    policies: policies.map(({ metadata }) => metadata.name),
    aliases: registry.registered_model.aliases.map(({ alias, version }) => `${alias}=${version}`),
    tags: registry.registered_model.tags.map(({ key, value }) => `${key}=${value}`),
    paused: pipeline.is_paused,
  };
}
