import { z } from 'zod';

/** Characters of an image reference. */
const IMAGE_MAX = 1_000;
/** Characters of a ConfigMap value that an action writes. */
export const VALUE_MAX = 65_536;
/** Keys of a selector that one action sets. */
const SELECTOR_KEYS_MAX = 20;
/** Deployments that one probe reads. */
const DEPLOYMENTS_MAX = 50;
/** Replicas that one action asks for. */
const REPLICAS_MAX = 10_000;

const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const LABEL_KEY =
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

const namespace = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is not a namespace');
const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'is not a name');
const labelValue = z.string().regex(LABEL_VALUE, 'is not a label value');
const labelKey = z.string().regex(LABEL_KEY, 'is not a label key');
const image = z
  .string()
  .max(IMAGE_MAX)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/, 'is not an image reference');
const configMapKey = z.string().regex(/^[A-Za-z0-9._-]{1,253}$/, 'is not a ConfigMap key');

/** A named object of a namespace. */
export const objectInput = z.strictObject({ namespace, name });
/** Parsed input of that shape. */
export type ObjectInput = z.infer<typeof objectInput>;

/** The Deployments of a namespace; null: all that the instance is configured for. */
export const deploymentsInput = z.strictObject({ namespace: namespace.nullable() });
/** Parsed input of that shape. */
export type DeploymentsInput = z.infer<typeof deploymentsInput>;

/** What belongs to a Deployment. */
export const ofDeploymentInput = z.strictObject({ namespace, deployment: name });
/** Parsed input of that shape. */
export type OfDeploymentInput = z.infer<typeof ofDeploymentInput>;

/** What stands behind a Service. */
export const endpointsInput = z.strictObject({ namespace, service: name });
/** Parsed input of that shape. */
export type EndpointsInput = z.infer<typeof endpointsInput>;

/** What the replicas of these Deployments run. */
export const runningVersionsInput = z.strictObject({
  namespace,
  deployments: z.array(name).min(1).max(DEPLOYMENTS_MAX),
});
/** Parsed input of that shape. */
export type RunningVersionsInput = z.infer<typeof runningVersionsInput>;

/** Absolute number of replicas, so that repeating is harmless. */
export const scaleInput = z.strictObject({
  namespace,
  name,
  replicas: z.int().min(0).max(REPLICAS_MAX),
});
/** Parsed input of that shape. */
export type ScaleInput = z.infer<typeof scaleInput>;

/** Selector keys that the Service shall have; other keys stay. */
export const routeServiceInput = z.strictObject({
  namespace,
  name,
  selector: z
    .record(labelKey, labelValue)
    .refine((selector) => Object.keys(selector).length > 0, 'needs at least one key')
    .refine((selector) => Object.keys(selector).length <= SELECTOR_KEYS_MAX, 'has too many keys'),
});
/** Parsed input of that shape. */
export type RouteServiceInput = z.infer<typeof routeServiceInput>;

/** Which Deployment's suspect pod is set aside, why, by whom and until when. */
export const quarantinePodInput = z.strictObject({
  namespace,
  deployment: name,
  reason: z.string().min(1).max(1_000),
  owner: z.string().min(1).max(200),
  leaseUntil: z.iso.datetime({ offset: true }),
});
/** Parsed input of that shape. */
export type QuarantinePodInput = z.infer<typeof quarantinePodInput>;

/** The image that a container shall run, and the pod template's label `version` with it. */
export const setImageInput = z.strictObject({
  namespace,
  name,
  container: name,
  image,
  version: labelValue.min(1).optional(),
});
/** Parsed input of that shape. */
export type SetImageInput = z.infer<typeof setImageInput>;

/** The image whose ReplicaSet is rolled back to. */
export const rollbackInput = z.strictObject({ namespace, name, container: name, image });
/** Parsed input of that shape. */
export type RollbackInput = z.infer<typeof rollbackInput>;

/** The value that a key of a ConfigMap shall have. */
export const configMapKeyInput = z.strictObject({
  namespace,
  name,
  key: configMapKey,
  value: z.string().max(VALUE_MAX),
});
/** Parsed input of that shape. */
export type ConfigMapKeyInput = z.infer<typeof configMapKeyInput>;
