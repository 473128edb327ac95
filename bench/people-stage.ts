import { join } from 'node:path';
import { z } from 'zod';
import { api, createClient, type ApiClient } from '../api/client.ts';
import { createFaultPlan, type FaultPlan } from '../lab/fault.ts';
import { createMlflowTwin, type MlflowTwin } from '../lab/mlflow/twin.ts';
import { createOpenTwins } from '../lab/open-twins.ts';
import { createJsonClient } from '../lab/scenario/json-client.ts';
import { createSlackTwin, type SlackTwin } from '../lab/slack/twin.ts';
import { install, startFirebreak, type RunningFirebreak } from './firebreak.ts';
import { STEPS } from './load.ts';
import { createMarks, type Marks } from './marks.ts';

/** Questions that stand open the whole time. */
const OPEN_APPROVALS = 10_000;
const DAY_MS = 86_400_000;
const SIGNING_SECRET = 'be0c4'.padEnd(32, '0');
const CHANNEL = 'C0INCIDENTS';
/** Whom the commands in Slack come from. */
export const RESPONDER = 'U0MONA';
const SET_TAG = '/api/2.0/mlflow/model-versions/set-tag';
const REGISTRY = '/api/2.0/mlflow';

const tagSchema = z.object({ name: z.string(), version: z.string() });
const tokenReply = z.object({ token: z.string() });

/** A Firebreak with people around it, from whom it waits for answers. */
export interface PeopleStage {
  readonly firebreak: RunningFirebreak;
  readonly slack: SlackTwin;
  /** By model: `MODEL/tags` are versions that were tagged, `MODEL/told` and `MODEL/card` messages in Slack. */
  readonly marks: Marks;
  /** Olga, the model owner, who approves. */
  readonly owner: ApiClient;
  /** Number of an incident that is open all the time. */
  readonly incident: number;
  /** Models that no round has used. */
  readonly models: string[];
  close(): Promise<void>;
}

/** A fault plan that never harms: it notes when a model was tagged. */
function tagWatcher(marks: Marks): FaultPlan {
  return {
    ...createFaultPlan(),
    next: ({ path, body }) => {
      if (path !== SET_TAG) return undefined;
      const { name, version } = tagSchema.parse(JSON.parse(body));
      marks.note(`${name}/tags`, version);
      return undefined;
    },
  };
}

/** A fault plan that never harms: it notes when the channel was told of a model, and when a card with buttons stood there. */
function postWatcher(marks: Marks): FaultPlan {
  return {
    ...createFaultPlan(),
    next: ({ path, body }) => {
      const [model] = /asked-\d+/u.exec(decodeURIComponent(body.replaceAll('+', ' '))) ?? [];
      if (!path.endsWith('chat.postMessage') || model === undefined) return undefined;
      marks.note(`${model}/told`, 'first');
      if (body.includes('approve')) marks.note(`${model}/card`, 'first');
      return undefined;
    },
  };
}

function configurationText(models: readonly string[], mlflow: string): string {
  const route = { mode: 'auto', vetoSeconds: 0, severity: 'sev2', reopenWindowSeconds: 0 };
  return JSON.stringify({
    instances: [{ name: 'mlflow', connector: 'mlflow', holdSeconds: 0, config: { url: mlflow } }],
    inventory: models.map((model) => ({
      ...{ model, registryName: model, load: 'pinned-uri', replicas: 1, owner: 'bench' },
    })),
    routes: [{ ...route, name: 'asked', when: 'true', playbook: 'asked', suspect: null }],
    storm: { newIncidentsMax: 10_000 },
    caps: { source: { incidentsPerHour: null } },
    slackChannel: CHANNEL,
    people: [
      { id: 'mona', name: 'Mona', slackUser: `T0LAB/${RESPONDER}`, roles: ['responder'] },
      // Whoever is known in Slack gets no token that approves from an administrator.
      { id: 'olga', name: 'Olga', roles: ['responder', 'approver-model-owner'] },
    ],
  });
}

async function seedModels({ url }: MlflowTwin, models: readonly string[]): Promise<void> {
  const mlflow = createJsonClient(url);
  for (const name of models) {
    await mlflow.send('POST', `${REGISTRY}/registered-models/create`, { body: { name } });
    for (let version = 1; version <= STEPS; version += 1) {
      const source = `s3://models/${name}/${version.toString()}`;
      await mlflow.send('POST', `${REGISTRY}/model-versions/create`, { body: { name, source } });
    }
  }
}

/** The model owner's way in, with a token that an administrator makes. */
async function ownerOf({ url, tokens }: RunningFirebreak): Promise<ApiClient> {
  const expiresAt = new Date(Date.now() + DAY_MS).toISOString();
  const reply = await fetch(`${url}/api/v1/people/olga/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ label: 'bench', scopes: ['read', 'decide', 'steer'], expiresAt }),
  });
  const { token } = tokenReply.parse(await reply.json());
  return createClient({ url, token, channel: 'cli' });
}

/** An open incident with so many approvals that nobody answers. */
async function busyIncident(firebreak: RunningFirebreak, model: string): Promise<number> {
  const id = await firebreak.alert({ alertname: 'Busy', model });
  await firebreak.openApprovals(id, OPEN_APPROVALS);
  const { incident } = await firebreak.client.call(api.incidents.show, { params: { id } });
  return incident.number;
}

/** A Firebreak of its own with a Slack to talk to, and 10,000 questions open. */
export async function openPeopleStage(
  folder: string,
  program: string,
  count: number,
): Promise<PeopleStage> {
  const open = createOpenTwins();
  try {
    const marks = createMarks();
    const mlflow = open.keep(await createMlflowTwin({ faults: tagWatcher(marks) }));
    const slack = open.keep(await createSlackTwin({ faults: postWatcher(marks) }));
    const models = Array.from({ length: count + 1 }, (_, index) => `asked-${index.toString()}`);
    await seedModels(mlflow, models);
    const text = configurationText(models, mlflow.url);
    const installation = await install(join(folder, 'people'), program, text);
    const env = {
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_SIGNING_SECRET: SIGNING_SECRET,
      SLACK_API_URL: slack.apiUrl,
    };
    const firebreak = await startFirebreak({ ...installation, env }, null);
    open.keep({ close: () => firebreak.stop() });
    slack.useRequestUrl({ url: `${firebreak.url}/api/v1/slack`, signingSecret: SIGNING_SECRET });
    const incident = await busyIncident(firebreak, models.shift() ?? '');
    const owner = await ownerOf(firebreak);
    const close = (): Promise<void> => open.close();
    return { firebreak, slack, marks, owner, incident, models, close };
  } catch (error) {
    await open.close();
    throw error;
  }
}
