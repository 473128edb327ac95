import { parseWith, type Connector } from '../connector.ts';
import { createAllRunningVersionsProbe } from './all-running-versions.ts';
import { createKubernetesClient } from './client.ts';
import { createConfigMapKey } from './config-map-key.ts';
import { createConfigMapProbe } from './config-map.ts';
import { createDeploymentProbe } from './deployment.ts';
import { createDeploymentsProbe } from './deployments.ts';
import { createEndpointsProbe } from './endpoints.ts';
import { healthOf } from './health.ts';
import { kubernetesConfig, manifest } from './manifest.ts';
import { createPodManifestsProbe } from './pod-manifests.ts';
import { createPodsProbe } from './pods.ts';
import { createQuarantinePod } from './quarantine-pod.ts';
import { readyReplicasOf } from './ready-replicas.ts';
import { createReplicaSetsProbe } from './replica-sets.ts';
import { createRestart } from './restart.ts';
import { createRollback } from './rollback.ts';
import { createRouteService } from './route-service.ts';
import { createRunningVersionsProbe } from './running-versions.ts';
import { createScale } from './scale.ts';
import { createSetImage } from './set-image.ts';

/** A connector of one cluster. Raises `invalid` for a wrong configuration; the first call connects. */
export function create(config: unknown): Connector {
  const parsed = parseWith(kubernetesConfig, config, { code: 'invalid', name: 'kubernetes' });
  const client = createKubernetesClient(parsed);
  return {
    name: manifest.name,
    actions: {
      scale: createScale(client),
      'route-service': createRouteService(client),
      'quarantine-pod': createQuarantinePod(client),
      'set-image': createSetImage(client),
      rollback: createRollback(client),
      'config-map-key': createConfigMapKey(client),
      restart: createRestart(client),
    },
    probes: {
      deployment: createDeploymentProbe(client),
      deployments: createDeploymentsProbe(client, parsed.namespaces),
      pods: createPodsProbe(client),
      endpoints: createEndpointsProbe(client),
      'running-versions': createRunningVersionsProbe(client),
      'all-running-versions': createAllRunningVersionsProbe(client, parsed.namespaces),
      'replica-sets': createReplicaSetsProbe(client),
      'config-map': createConfigMapProbe(client),
      'pod-manifests': createPodManifestsProbe(client),
    },
    readyReplicas: (object, context) => readyReplicasOf(client, object, context),
    health: (signal) => healthOf(client, parsed.namespaces, signal),
    close: () => client.close(),
  };
}
