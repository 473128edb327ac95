import { z } from 'zod';
import {
  actionManifest,
  type ActionManifest,
  type Manifest,
  type ProbeManifest,
} from '../connector.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import { checkHttpAccess, httpAccessFields } from '../http-access-config.ts';
import {
  configMapKeyInput,
  deploymentsInput,
  endpointsInput,
  objectInput,
  ofDeploymentInput,
  quarantinePodInput,
  rollbackInput,
  routeServiceInput,
  runningVersionsInput,
  scaleInput,
  setImageInput,
  type ConfigMapKeyInput,
  type DeploymentsInput,
  type EndpointsInput,
  type ObjectInput,
  type OfDeploymentInput,
  type QuarantinePodInput,
  type RollbackInput,
  type RouteServiceInput,
  type RunningVersionsInput,
  type ScaleInput,
  type SetImageInput,
} from './input-schema.ts';

const { url: address, ...credentials } = httpAccessFields;
const path = z.string().min(1).max(4_096);

/** Namespaces whose rights the health check asks for and that discovery lists; without it, all. */
const namespaces = z
  .array(z.string().min(1).max(63))
  .min(1)
  .max(50)
  .optional()
  .describe('Namespaces that are discovered and whose rights are asked for; all without it.');

/** Configuration of one cluster: a kubeconfig file, or a server and how it lets us in (within a cluster by a token file). */
export const kubernetesConfig = z.union([
  z.strictObject({
    kubeconfig: path.describe(
      'A kubeconfig file; what it names is read again before each request.',
    ),
    context: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe('A context of that file; its current one by default.'),
    namespaces,
  }),
  z
    .strictObject({
      server: address.describe('Address of the API server.'),
      ...credentials,
      namespaces,
    })
    .superRefine(checkHttpAccess),
]);
/** A parsed configuration. */
export type KubernetesConfig = z.infer<typeof kubernetesConfig>;

/** A pod that goes takes with it what only it has. */
const PODS_LOST = 'the pods that it takes away, with their memory, files and logs';

/** True unless replicas are surely not taken away: pods that stay lose nothing. */
function hasFewer(from: Json, to: Json): boolean {
  const [before, after] = [from, to].map((state) =>
    isJsonObject(state) ? state['replicas'] : undefined,
  );
  return typeof before !== 'number' || typeof after !== 'number' || after < before;
}

const deploymentTarget = (input: ObjectInput): string =>
  `Deployment/${input.namespace}/${input.name}`;

/** Action `scale`: an absolute number of replicas. */
export const scaleManifest: ActionManifest<ScaleInput> = {
  title: 'Scale a Deployment',
  input: scaleInput,
  approvalClass: 'R1',
  claim: 'shared',
  reversible: true,
  destroys: { what: PODS_LOST, when: hasFewer },
  takesCapacity: true,
  target: deploymentTarget,
};

/** Action `route-service`: narrow whom a Service sends traffic to. */
export const routeServiceManifest: ActionManifest<RouteServiceInput> = {
  title: 'Set selector keys of a Service',
  input: routeServiceInput,
  approvalClass: 'R1',
  claim: 'shared',
  reversible: true,
  destroys: 'nothing',
  takesCapacity: true,
  target: (input) => `Service/${input.namespace}/${input.name}`,
};

/** Action `quarantine-pod`: set one suspect pod aside and keep it as evidence. */
export const quarantinePodManifest: ActionManifest<QuarantinePodInput> = {
  title: 'Quarantine a suspect pod of a Deployment',
  input: quarantinePodInput,
  approvalClass: 'R1',
  claim: 'shared',
  reversible: true,
  destroys: { what: 'the pod that was set aside', on: 'undo' },
  takesCapacity: true,
  target: (input) => `Deployment/${input.namespace}/${input.deployment}`,
};

/** Action `set-image`: a container's image, with the template's label `version`. */
export const setImageManifest: ActionManifest<SetImageInput> = {
  title: 'Set the image of a Deployment',
  input: setImageInput,
  approvalClass: 'R2',
  claim: 'exclusive',
  reversible: true,
  destroys: { what: PODS_LOST },
  target: deploymentTarget,
};

/** Action `rollback`: the whole pod template of an earlier ReplicaSet. */
export const rollbackManifest: ActionManifest<RollbackInput> = {
  title: 'Roll a Deployment back to the ReplicaSet of an image',
  input: rollbackInput,
  approvalClass: 'R2',
  claim: 'exclusive',
  reversible: true,
  destroys: { what: PODS_LOST },
  target: deploymentTarget,
};

/** Action `config-map-key`: one key of a ConfigMap. */
export const configMapKeyManifest: ActionManifest<ConfigMapKeyInput> = {
  title: 'Set a key of a ConfigMap',
  input: configMapKeyInput,
  approvalClass: 'R3',
  claim: 'exclusive',
  reversible: true,
  destroys: 'nothing',
  target: (input) => `ConfigMap/${input.namespace}/${input.name}`,
};

/** Action `restart`: every pod anew, as `kubectl rollout restart` does. */
export const restartManifest: ActionManifest<ObjectInput> = {
  title: 'Restart the pods of a Deployment',
  input: objectInput,
  approvalClass: 'R2',
  claim: 'exclusive',
  reversible: { because: 'The replaced pods are gone; their successors run the same template.' },
  destroys: { what: PODS_LOST },
  target: deploymentTarget,
};

/** Probe `deployment`: what is wanted, what runs, who else manages it. */
export const deploymentManifest: ProbeManifest<ObjectInput> = {
  title: 'State of a Deployment',
  input: objectInput,
};

/** Probe `deployments`: what annotations and environments say of every Deployment, for discovery. */
export const deploymentsManifest: ProbeManifest<DeploymentsInput> = {
  title: 'Deployments of a namespace or of the cluster',
  input: deploymentsInput,
};

/** Probe `pods`: the pods of a Deployment and those quarantined from it. */
export const podsManifest: ProbeManifest<OfDeploymentInput> = {
  title: 'Pods of a Deployment',
  input: ofDeploymentInput,
};

/** Probe `endpoints`: who gets a Service's traffic. */
export const endpointsManifest: ProbeManifest<EndpointsInput> = {
  title: 'Addresses behind a Service',
  input: endpointsInput,
};

/** Probe `running-versions`: what every replica runs, never what an alias says. */
export const runningVersionsManifest: ProbeManifest<RunningVersionsInput> = {
  title: 'Model versions that replicas run',
  input: runningVersionsInput,
};

/** Probe `all-running-versions`: what the replicas of every Deployment run. */
export const allRunningVersionsManifest: ProbeManifest<DeploymentsInput> = {
  title: 'Model versions that the replicas of every Deployment run',
  input: deploymentsInput,
};

/** Probe `replica-sets`: the revisions that a rollback can reach. */
export const replicaSetsManifest: ProbeManifest<OfDeploymentInput> = {
  title: 'ReplicaSets of a Deployment',
  input: ofDeploymentInput,
};

/** Probe `config-map`: its data. */
export const configMapManifest: ProbeManifest<ObjectInput> = {
  title: 'Data of a ConfigMap',
  input: objectInput,
};

/** Probe `pod-manifests`: the pods as evidence. */
export const podManifestsManifest: ProbeManifest<OfDeploymentInput> = {
  title: 'Manifests of the pods of a Deployment',
  input: ofDeploymentInput,
};

/** What the Kubernetes connector offers. */
export const manifest: Manifest = {
  name: 'kubernetes',
  title: 'Kubernetes',
  lastResort: [
    'kubectl --kubeconfig {kubeconfig} auth whoami   # names the service account that we are',
    'kubectl delete serviceaccount <name> --namespace <namespace>   # its tokens end at once',
    'kubectl delete clusterrolebinding,rolebinding --all-namespaces -l app.kubernetes.io/name=firebreak',
  ],
  config: kubernetesConfig,
  actions: {
    scale: actionManifest(scaleManifest),
    'route-service': actionManifest(routeServiceManifest),
    'quarantine-pod': actionManifest(quarantinePodManifest),
    'set-image': actionManifest(setImageManifest),
    rollback: actionManifest(rollbackManifest),
    'config-map-key': actionManifest(configMapKeyManifest),
    restart: actionManifest(restartManifest),
  },
  probes: {
    deployment: deploymentManifest,
    deployments: deploymentsManifest,
    pods: podsManifest,
    endpoints: endpointsManifest,
    'running-versions': runningVersionsManifest,
    'all-running-versions': allRunningVersionsManifest,
    'replica-sets': replicaSetsManifest,
    'config-map': configMapManifest,
    'pod-manifests': podManifestsManifest,
  },
};
