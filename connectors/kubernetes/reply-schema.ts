import { z } from 'zod';

const texts = z.record(z.string(), z.string());
const count = z.int().min(0).nullish();

const managedFields = z.looseObject({
  manager: z.string().default(''),
  time: z.string().nullish(),
  fieldsV1: z.json().optional(),
});
/** Who owns which fields of an object. */
export type ManagedFields = z.infer<typeof managedFields>;

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().nullish(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int().nullish(),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  labels: texts.nullish(),
  annotations: texts.nullish(),
  managedFields: z.array(managedFields).nullish(),
  ownerReferences: z
    .array(
      z.looseObject({
        kind: z.string(),
        name: z.string(),
        uid: z.string(),
        controller: z.boolean().nullish(),
      }),
    )
    .nullish(),
});

const envVariable = z.looseObject({ name: z.string(), value: z.string().nullish() });

const container = z.looseObject({
  name: z.string(),
  image: z.string().nullish(),
  env: z.array(envVariable).nullish(),
});
/** A parsed Container. */
export type Container = z.infer<typeof container>;

const podSpec = z.looseObject({ nodeName: z.string().nullish(), containers: z.array(container) });

const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
});

const labelSelector = z.looseObject({
  matchLabels: texts.nullish(),
  matchExpressions: z
    .array(
      z.looseObject({
        key: z.string(),
        operator: z.string(),
        values: z.array(z.string()).nullish(),
      }),
    )
    .nullish(),
});
/** A parsed LabelSelector. */
export type LabelSelector = z.infer<typeof labelSelector>;

const template = z.looseObject({
  metadata: z.looseObject({ labels: texts.nullish(), annotations: texts.nullish() }).nullish(),
  spec: podSpec,
});
/** A parsed Template. */
export type Template = z.infer<typeof template>;

/** A Deployment: the fields that we read; the others are kept as they came. */
export const deploymentReply = z.looseObject({
  metadata,
  spec: z.looseObject({
    replicas: count,
    paused: z.boolean().nullish(),
    selector: labelSelector,
    template,
  }),
  status: z
    .looseObject({
      observedGeneration: z.int().nullish(),
      replicas: count,
      readyReplicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      conditions: z.array(condition).nullish(),
    })
    .nullish(),
});
/** A parsed Deployment. */
export type Deployment = z.infer<typeof deploymentReply>;

/** A ReplicaSet. */
export const replicaSetReply = z.looseObject({
  metadata,
  spec: z.looseObject({ replicas: count, selector: labelSelector, template }),
});
/** A parsed ReplicaSet. */
export type ReplicaSet = z.infer<typeof replicaSetReply>;

/** A Pod. */
export const podReply = z.looseObject({
  metadata,
  spec: podSpec,
  status: z
    .looseObject({
      phase: z.string().nullish(),
      podIP: z.string().nullish(),
      startTime: z.string().nullish(),
      conditions: z.array(condition).nullish(),
      containerStatuses: z
        .array(z.looseObject({ name: z.string(), imageID: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
});
/** A parsed Pod. */
export type Pod = z.infer<typeof podReply>;

/** A Service. */
export const serviceReply = z.looseObject({
  metadata,
  spec: z.looseObject({ selector: texts.nullish() }),
});
/** A parsed Service. */
export type Service = z.infer<typeof serviceReply>;

/** An EndpointSlice. */
export const endpointSliceReply = z.looseObject({
  metadata,
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: z.looseObject({ ready: z.boolean().nullish() }).nullish(),
        targetRef: z
          .looseObject({ kind: z.string().nullish(), name: z.string().nullish() })
          .nullish(),
      }),
    )
    .nullish(),
});
/** A parsed EndpointSlice. */
export type EndpointSlice = z.infer<typeof endpointSliceReply>;

/** A ConfigMap. */
export const configMapReply = z.looseObject({
  metadata,
  immutable: z.boolean().nullish(),
  data: texts.nullish(),
  binaryData: texts.nullish(),
});
/** A parsed ConfigMap. */
export type ConfigMap = z.infer<typeof configMapReply>;

/** A NetworkPolicy. */
export const networkPolicyReply = z.looseObject({
  metadata,
  spec: z.looseObject({
    podSelector: labelSelector.nullish(),
    policyTypes: z.array(z.string()).nullish(),
    ingress: z.array(z.unknown()).nullish(),
    egress: z.array(z.unknown()).nullish(),
  }),
});
/** A parsed NetworkPolicy. */
export type NetworkPolicy = z.infer<typeof networkPolicyReply>;

/** A HorizontalPodAutoscaler: what it scales. */
export const autoscalerReply = z.looseObject({
  metadata,
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }),
  }),
});

/** A page of a list. */
export function listReply<T>(item: z.ZodType<T>): z.ZodType<ListPage<T>> {
  return z.looseObject({
    metadata: z.looseObject({ continue: z.string().nullish() }),
    items: z.array(item),
  });
}

/** What a page of a list holds. */
export interface ListPage<T> {
  readonly metadata: { readonly continue?: string | null | undefined };
  readonly items: readonly T[];
}

/** Any object: what a write answers, of which nothing is trusted but that it is the object. */
export const objectReply = z.looseObject({ metadata: z.looseObject({ name: z.string() }) });

/** What a deletion answers: the object on its way out, or a Status. */
export const deletionReply = z.looseObject({ kind: z.string(), metadata: z.looseObject({}) });

/** A refusal. */
export const statusReply = z.looseObject({
  kind: z.literal('Status'),
  message: z.string().nullish(),
  reason: z.string().nullish(),
  details: z.looseObject({ name: z.string().nullish() }).nullish(),
});

/** The server's version. */
export const versionReply = z.looseObject({ gitVersion: z.string() });

/** The answer to a SelfSubjectAccessReview. */
export const accessReply = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });
