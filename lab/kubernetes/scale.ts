import type { JsonObject } from '../../domain/json.ts';
import { mapAt, nameOf, namespaceOf, numberAt, textAt, uidOf, withAt } from './object.ts';

/** The Scale sub-resource of a workload, `autoscaling/v1`. */
export function scaleOf(object: JsonObject): JsonObject {
  const selector = Object.entries(mapAt(object, 'spec', 'selector', 'matchLabels'))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: nameOf(object),
      namespace: namespaceOf(object),
      uid: uidOf(object),
      resourceVersion: textAt(object, 'metadata', 'resourceVersion'),
      creationTimestamp: textAt(object, 'metadata', 'creationTimestamp'),
    },
    spec: { replicas: numberAt(object, 'spec', 'replicas') ?? 0 },
    status: { replicas: numberAt(object, 'status', 'replicas') ?? 0, selector },
  };
}

/** The workload as a changed Scale wants it; the Scale's version is the condition. */
export function withScale(object: JsonObject, scale: JsonObject): JsonObject {
  const version = textAt(scale, 'metadata', 'resourceVersion');
  const wanted = withAt(object, ['spec', 'replicas'], numberAt(scale, 'spec', 'replicas') ?? 0);
  return version === '' ? wanted : withAt(wanted, ['metadata', 'resourceVersion'], version);
}
