import { z } from 'zod';
import { ROLES } from './approval.ts';
import { DEFAULT_STORM, type Configuration } from './configuration.ts';

/** Largest lists of a configuration. */
const LIST_MAX = 5000;

const name = z
  .string()
  .max(64)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'is not a kebab-case name');
const text = z.string().min(1).max(1000);
const cel = z.string().min(1).max(4096);
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'is not a name of a Kubernetes object');

const webAddress = z.url({ protocol: /^https?$/ }).max(2000);

const instance = z.strictObject({
  name,
  connector: name,
  /** How long an effect must hold before it is read again, in seconds. */
  holdSeconds: z.number().min(0).max(3600).default(30),
  config: z.record(z.string(), z.json()).default({}),
});

const bearer = z.strictObject({
  kind: z.literal('bearer'),
  tokenSha256: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hex'))
    .min(1)
    .max(2),
});
const hmac = z.strictObject({
  kind: z.literal('hmac'),
  secrets: z
    .array(
      z
        .string()
        .min(16)
        .max(1000)
        .refine(
          (secret) =>
            !secret.startsWith('whsec_') || /^whsec_[A-Za-z0-9+/]{22,}={0,2}$/.test(secret),
          'is not whsec_ followed by base64',
        ),
    )
    .min(1)
    .max(2)
    .meta({ secret: true }),
});

const mapping = z.strictObject({
  alerts: cel,
  status: cel,
  startsAt: cel,
  endsAt: cel.nullable().default(null),
  title: cel,
  labels: cel,
  annotations: cel.nullable().default(null),
});

const source = z
  .strictObject({
    name,
    kind: z.enum(['alertmanager', 'cloudevents', 'generic']),
    authentication: z.discriminatedUnion('kind', [bearer, hmac]),
    mapping: mapping.nullable().default(null),
    ignoreLabels: z.array(text).max(100).default([]),
    watchdog: z
      .strictObject({
        alertname: text.default('Watchdog'),
        withinSeconds: z.int().min(60).max(86_400).default(600),
      })
      .nullable()
      .default(null),
    alertmanager: z
      .strictObject({
        url: webAddress,
        token: z.string().min(1).max(8192).nullable().default(null).meta({ secret: true }),
        receiver: text,
      })
      .nullable()
      .default(null),
  })
  .refine((value) => value.alertmanager === null || value.kind === 'alertmanager', {
    message: 'only a source of kind alertmanager can be read',
    path: ['alertmanager'],
  })
  .refine((value) => (value.kind === 'generic') === (value.mapping !== null), {
    message: 'a generic source needs a mapping, and only a generic source has one',
    path: ['mapping'],
  });

const serving = z.strictObject({
  cluster: name.default('kubernetes'),
  namespace: dnsName,
  kind: z.literal('Deployment').default('Deployment'),
  name: dnsName,
  container: dnsName,
  role: z.enum(['stable', 'canary', 'only']).default('only'),
});

const entry = z.strictObject({
  model: text,
  registryName: text,
  alias: text.default('champion'),
  serving: z.array(serving).max(100).default([]),
  service: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'is not of the form namespace/name')
    .nullable()
    .default(null),
  load: z.enum(['alias-at-start', 'pinned-uri', 'baked-image', 'sidecar']),
  replicas: z.int().min(0).max(10_000),
  pipeline: text.nullable().default(null),
  datasets: z.array(text).max(100).default([]),
  datasetPointer: z
    .strictObject({ namespace: dnsName, name: dnsName, key: text })
    .nullable()
    .default(null),
  owner: text,
  onIsolation: z
    .enum(['previous-version', 'fallback-model', 'rules', 'fail-closed', 'fail-open'])
    .nullable()
    .default(null),
  source: z.literal('file').default('file'),
  confidence: z.enum(['high', 'medium', 'low']).default('high'),
});

const selectionRule = z.strictObject({
  name,
  when: cel,
  confidence: z.enum(['high', 'medium', 'low']),
});

const route = z.strictObject({
  name: name.refine((value) => value !== 'unrouted', 'is the name of the built-in last route'),
  when: cel,
  playbook: name,
  mode: z.enum(['observe', 'auto']).default('observe'),
  severity: z.enum(['sev1', 'sev2', 'sev3', 'sev4']).default('sev3'),
  suspect: cel.nullable().default(null),
  reopenWindowSeconds: z.int().min(0).max(2_592_000).default(3600),
});

const storm = z.strictObject({
  /** So many new incidents of one playbook class and severity open by themselves within the window. */
  newIncidentsMax: z.int().min(1).max(10_000).default(DEFAULT_STORM.newIncidentsMax),
  windowSeconds: z.int().min(10).max(86_400).default(DEFAULT_STORM.windowSeconds),
});

const person = z.strictObject({
  id: name,
  name: text,
  roles: z.array(z.enum(ROLES)).min(1).max(ROLES.length),
  slackUser: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,20}$/, 'is not a Slack user id')
    .nullable()
    .default(null),
  mail: z.email().nullable().default(null),
});

const list = <T extends z.ZodType>(item: T) => z.array(item).max(LIST_MAX).default([]);

/** The configuration file with its defaults: unknown keys are refused, absent lists are empty. */
export const configurationSchema = z.strictObject({
  instances: list(instance),
  sources: list(source),
  inventory: list(entry),
  selectionRules: list(selectionRule),
  routes: list(route),
  storm: storm.default(DEFAULT_STORM),
  people: list(person),
  heartbeatUrl: webAddress.nullable().default(null).meta({ secret: true }),
  slackChannel: text.nullable().default(null),
  mailTo: z.array(z.email()).max(100).default([]),
}) satisfies z.ZodType<Configuration>;
