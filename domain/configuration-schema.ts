import { z } from 'zod';
import { audiencesSchema, digestSchema } from './audience-schema.ts';
import { breakGlassSchema } from './break-glass-schema.ts';
import { capsSchema } from './cap-schema.ts';
import { DEFAULT_CHANGE_DELAY_SECONDS, type Configuration } from './configuration.ts';
import { escalationSchema } from './escalation-schema.ts';
import { MODES } from './incident.ts';
import { ON_ISOLATION } from './inventory.ts';
import { nameSchema as name } from './name-schema.ts';
import { personSchema } from './person-schema.ts';
import { onCallSchema } from './on-call-schema.ts';
import { stormSchema } from './storm-schema.ts';

/** Largest lists of a configuration. */
const LIST_MAX = 5000;

const text = z.string().min(1).max(1000);
const cel = z.string().min(1).max(4096);
const dnsName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'is not a name of a Kubernetes object');

const webAddress = z.url({ protocol: /^https?$/ }).max(2000);

const instance = z.strictObject({
  name: name.describe('How playbooks, the inventory and people call this system.'),
  connector: name.describe('Which connector speaks to it.'),
  holdSeconds: z
    .number()
    .min(0)
    .max(3600)
    .default(30)
    .describe('An effect must still hold so many seconds after it was made.'),
  drill: z
    .boolean()
    .default(false)
    .describe(
      'True for a sandbox: drills reach it and nothing real; the others are out of their reach.',
    ),
  config: z
    .record(z.string(), z.json())
    .default({})
    .describe('Where it is and how we are let in; each connector has its own keys, see below.'),
});

const bearer = z.strictObject({
  kind: z.literal('bearer').describe('A token in the header `Authorization`.'),
  tokenSha256: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, 'is not a SHA-256 in lower-case hex'))
    .min(1)
    .max(2)
    .describe('SHA-256 of the token, in lower-case hex; two while it is being changed.'),
});
const hmac = z.strictObject({
  kind: z.literal('hmac').describe('Standard Webhooks: HMAC over the raw body with a timestamp.'),
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
    .meta({ secret: true })
    .describe('Secrets of Standard Webhooks (`whsec_…` or text); two while one is being changed.'),
});

const mapping = z.strictObject({
  alerts: cel.describe('The list of what is an alert; each is `item` in the others.'),
  status: cel.describe('`firing` or `resolved`.'),
  startsAt: cel.describe('When it began, RFC 3339.'),
  endsAt: cel.nullable().default(null).describe('When it ended, or null.'),
  title: cel.describe('One line for people.'),
  labels: cel.describe('A map of texts: what routes and selection rules look at.'),
  annotations: cel.nullable().default(null).describe('A map of texts for people.'),
});

const source = z
  .strictObject({
    name: name.describe('Names the source in the address (`?source=`) and on timelines.'),
    kind: z
      .enum(['alertmanager', 'cloudevents', 'generic'])
      .describe('What it sends: `generic` is any JSON, made alerts by `mapping`.'),
    authentication: z
      .discriminatedUnion('kind', [bearer, hmac])
      .describe('How a request proves that it comes from there: a bearer token or an HMAC.'),
    mapping: mapping
      .nullable()
      .default(null)
      .describe('CEL over `body`, for a generic source only.'),
    ignoreLabels: z
      .array(text)
      .max(100)
      .default([])
      .describe('Labels that do not tell alerts apart (pod, instance).'),
    drill: z
      .boolean()
      .default(false)
      .describe('True: its alerts open drills. Nothing that an alert says can do that.'),
    watchdog: z
      .strictObject({
        alertname: text
          .default('Watchdog')
          .describe('Name of the alert that fires as long as the monitor works.'),
        withinSeconds: z
          .int()
          .min(60)
          .max(86_400)
          .default(600)
          .describe('People are told when it was not heard for so long.'),
      })
      .nullable()
      .default(null)
      .describe('The alert that this source sends all the time; null expects none.'),
    alertmanager: z
      .strictObject({
        url: webAddress.describe('Its own address.'),
        token: z
          .string()
          .min(1)
          .max(8192)
          .nullable()
          .default(null)
          .meta({ secret: true })
          .describe('Bearer token, when it wants one.'),
        receiver: text.describe('Its receiver that sends to us: only alerts of it are read.'),
      })
      .nullable()
      .default(null)
      .describe('Where what the webhook missed is read; null reads nothing.'),
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
  cluster: name.default('kubernetes').describe('The Kubernetes instance it runs in.'),
  namespace: dnsName.describe('Its namespace.'),
  kind: z.literal('Deployment').default('Deployment').describe('Its kind.'),
  name: dnsName.describe('Its name.'),
  container: dnsName.describe('The container that serves the model.'),
  role: z
    .enum(['stable', 'canary', 'only'])
    .default('only')
    .describe('Which part of the traffic it gets.'),
});

const entry = z.strictObject({
  model: text.describe('How people and alerts call the model.'),
  registryName: text.describe('Its name in the registry.'),
  alias: text.default('champion').describe('The alias that means production.'),
  serving: z.array(serving).max(100).default([]).describe('What serves it.'),
  service: z
    .string()
    .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, 'is not of the form namespace/name')
    .nullable()
    .default(null)
    .describe('The Service in front, `namespace/name`.'),
  load: z
    .enum(['alias-at-start', 'pinned-uri', 'baked-image', 'sidecar'])
    .describe(
      'How a replica gets its model: by alias when it starts, by a pinned address, within its image, or from a sidecar.',
    ),
  replicas: z.int().min(0).max(10_000).describe('How many serve it in normal times.'),
  pipeline: text.nullable().default(null).describe('What trains it: an Airflow DAG.'),
  datasets: z
    .array(text)
    .max(100)
    .default([])
    .describe('What it is trained on: `namespace/name` as lineage calls them.'),
  datasetPointer: z
    .strictObject({
      namespace: dnsName.describe('Namespace of the ConfigMap.'),
      name: dnsName.describe('Name of the ConfigMap.'),
      key: text.describe('Key whose value is the version.'),
    })
    .nullable()
    .default(null)
    .describe('The ConfigMap key that says which dataset version training takes.'),
  owner: text.describe('Who answers for it: a person or a team.'),
  // Left out, not null, where nothing is said: the rules of before stay the same to the letter.
  team: name
    .exactOptional()
    .describe('The team that it belongs to: people can have a role for one team alone.'),
  onIsolation: z
    .enum(ON_ISOLATION)
    .nullable()
    .default(null)
    .describe('What may take over when it is isolated; asked for when it is missing.'),
  source: z.literal('file').default('file').describe('Where this entry comes from.'),
  confidence: z
    .enum(['high', 'medium', 'low'])
    .default('high')
    .describe('How sure the entry is; a low one is offered to a person, never acted on.'),
});

const selectionRule = z.strictObject({
  name: name.describe('Names the rule in explanations.'),
  when: cel.describe('CEL over `alert` and `entry`: true when the alert is about the entry.'),
  confidence: z.enum(['high', 'medium', 'low']).describe('How sure a match is.'),
});

const route = z.strictObject({
  name: name
    .refine((value) => value !== 'unrouted', 'is the name of the built-in last route')
    .describe('Names the route in explanations and reports.'),
  when: cel.describe('CEL over `alert`: true takes this route.'),
  playbook: name.describe('The playbook that answers.'),
  mode: z
    .enum(MODES)
    .default('observe')
    .describe(
      'How far it may go by itself: `observe` writes nothing outside, `ask` asks before each R1.',
    ),
  vetoSeconds: z
    .int()
    .min(0)
    .max(3600)
    .nullable()
    .default(null)
    .describe('How long people may veto before the first effect; null: 0 for sev1, else 60.'),
  severity: z
    .enum(['sev1', 'sev2', 'sev3', 'sev4'])
    .default('sev3')
    .describe('Severity of a new incident.'),
  suspect: cel
    .nullable()
    .default(null)
    .describe(
      'CEL over `alert` that names the suspect: a dataset, a run or a model version. Null: the model itself.',
    ),
  reopenWindowSeconds: z
    .int()
    .min(0)
    .max(2_592_000)
    .default(3600)
    .describe('An alert so soon after the close reopens the incident.'),
  // Left out, not false, where nothing is said: the rules of before stay the same to the letter.
  drill: z
    .literal(true)
    .exactOptional()
    .describe(
      'True: only drills take this route, so that a mode can be rehearsed before it is real.',
    ),
});

const list = <T extends z.ZodType>(item: T) => z.array(item).max(LIST_MAX).default([]);

/** The configuration file with its defaults: unknown keys are refused, absent lists are empty. */
export const configurationSchema = z.strictObject({
  instances: list(instance).describe('The systems, each under one identity.'),
  sources: list(source).describe(
    'Who may send alerts. Without any, the first start makes one source per kind.',
  ),
  inventory: list(entry).describe('Which model runs where.'),
  selectionRules: list(selectionRule).describe('Which alerts mean which entry of the inventory.'),
  routes: list(route).describe('Which playbook answers an alert; the first that matches wins.'),
  storm: stormSchema.describe('From when on one incident collects new ones.'),
  caps: capsSchema.describe(
    'Limits over all incidents; beyond one an effect needs an approval of R2.',
  ),
  people: list(personSchema).describe('Who may do what.'),
  escalation: escalationSchema
    .exactOptional()
    .describe('Who is told when nobody answers; without it a ladder of ours is climbed.'),
  onCall: list(onCallSchema).describe('Who is on call when.'),
  breakGlass: breakGlassSchema
    .exactOptional()
    .describe('How long one person may decide alone who broke the glass.'),
  changeDelaySeconds: z
    .int()
    .min(60)
    .max(604_800)
    .default(DEFAULT_CHANGE_DELAY_SECONDS)
    .describe('So long a change of the rules waits at least, once two people must approve it.'),
  heartbeatUrl: webAddress
    .nullable()
    .default(null)
    .meta({ secret: true })
    .describe('Asked once a minute while the whole way in works: a dead man’s switch outside.'),
  slackChannel: text
    .nullable()
    .default(null)
    .describe('Where milestones are posted; null posts none.'),
  slackIncidentChannels: z
    .enum(['none', 'public', 'private'])
    .default('none')
    .describe('Whether Firebreak opens a Slack channel for each incident, and tells it there.'),
  mailTo: z.array(z.email()).max(100).default([]).describe('Who gets every mail.'),
  digest: digestSchema,
  updates: audiencesSchema,
}) satisfies z.ZodType<Configuration>;
