import type { JsonObject } from '../../domain/json.ts';
import { at, listAt, mapAt, recordAt, textAt, withAt } from './object.ts';
import type { Resource } from './resource.ts';

function podSpec(spec: JsonObject): JsonObject {
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
    ...spec,
    containers: listAt(spec, 'containers').map((container) => ({
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: textAt(container, 'image').endsWith(':latest') ? 'Always' : 'IfNotPresent',
      ...recordAt(container),
    })),
  };
}

function template(object: JsonObject): JsonObject {
  const given = recordAt(object, 'spec', 'template');
  return {
    ...given,
    metadata: { creationTimestamp: null, ...recordAt(given, 'metadata') },
    spec: podSpec(recordAt(given, 'spec')),
  };
}

function deployment(object: JsonObject): JsonObject {
  const spec = recordAt(object, 'spec');
  const strategy = at(spec, 'strategy') ?? {
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
  };
  return {
    ...object,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
      strategy,
      template: template(object),
    },
  };
}

function networkPolicy(object: JsonObject): JsonObject {
  const given = listAt(object, 'spec', 'policyTypes');
  const egress = at(object, 'spec', 'egress') === undefined ? [] : ['Egress'];
  const types = given.length > 0 ? given : ['Ingress', ...egress];
  // An empty list is dropped: the Go type omits it when it is written.
  const kept = Object.entries(recordAt(object, 'spec')).filter(
    ([key]) => !(['ingress', 'egress'].includes(key) && listAt(object, 'spec', key).length === 0),
  );
  return { ...object, spec: { podSelector: {}, ...Object.fromEntries(kept), policyTypes: types } };
}

function service(object: JsonObject): JsonObject {
  const spec = recordAt(object, 'spec');
  const ports = listAt(spec, 'ports').map((port) => ({
    protocol: 'TCP',
    targetPort: at(port, 'port') ?? null,
    ...recordAt(port),
  }));
  return {
    ...object,
    spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec, ports },
    status: { loadBalancer: {} },
  };
}

function withoutEmptyMaps(object: JsonObject): JsonObject {
  return ['labels', 'annotations'].reduce(
    (kept, key) =>
      Object.keys(mapAt(kept, 'metadata', key)).length === 0
        ? withAt(kept, ['metadata', key], undefined)
        : kept,
    object,
  );
}

/** The object with the defaults of its kind, as the API server fills them in. */
export function withDefaults(resource: Resource, given: JsonObject): JsonObject {
  const object = withoutEmptyMaps(given);
  switch (resource.kind) {
    case 'Deployment':
      return deployment(object);
    case 'ReplicaSet':
      return {
        ...object,
        spec: { replicas: 1, ...recordAt(object, 'spec'), template: template(object) },
      };
    case 'Pod':
      return { ...object, spec: podSpec(recordAt(object, 'spec')) };
    case 'Service':
      return service(object);
    case 'NetworkPolicy':
      return networkPolicy(object);
    case 'Namespace':
      return { ...object, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
    default:
      return object;
  }
}
