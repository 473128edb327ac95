import { WebClient } from '@slack/web-api';
import { createTestApi, APPROVAL, as } from '../../api/test-api.ts';
import { addAccount, hiddenFields, PASSWORD, TestBrowser } from '../../api/test-browser.ts';
import type { Memory } from '../../api/test-memory.ts';
import { run } from '../../cli/test-run.ts';
import type { Role } from '../../domain/approval.ts';
import { AppError } from '../../domain/error.ts';
import { approvalCard } from '../../render/slack-approval.ts';
import type { SlackTwin } from '../../lab/slack/twin.ts';
import { slackStage } from '../slack/stage.ts';

/** A server over memory, and whatever a door needs beside it. */
export interface DoorStage {
  readonly api: Pick<ReturnType<typeof createTestApi>, 'app' | 'memory' | 'dependencies'>;
  readonly twin: SlackTwin | null;
  close(): Promise<void>;
}

/** A way by which people answer an approval: shows it, then takes their answers to what was shown. */
export interface Door {
  readonly name: string;
  open(): Promise<DoorStage>;
  show(stage: DoorStage): Promise<(person: string) => Promise<unknown>>;
}

const TEAM = 'T0LAB';
const CHANNEL = 'C0INCIDENTS';
const FIRST: Role = 'approver-security';
const PEOPLE: readonly (readonly [id: string, role: Role])[] = [
  ['sam', FIRST],
  ['sue', FIRST],
  ['rex', 'responder'],
  ['root', 'admin'],
];

const memberOf = (id: string): string => `U0${id.toUpperCase()}`;

/** People who come in by every door: a token, a member of a workspace, a password. One has the name of another. */
async function putPeople({ api }: Pick<DoorStage, 'api'>): Promise<void> {
  for (const [id, role] of PEOPLE) {
    await addAccount(api, id, [role]);
    const person = { id, name: id, roles: [role], mail: null, active: true };
    api.memory.people.set(id, { ...person, slackUser: `${TEAM}/${memberOf(id)}` });
  }
  await addAccount(api, 'double', ['viewer']);
  const double = {
    id: 'double',
    name: 'sam',
    roles: ['viewer'],
    mail: null,
    active: true,
  } as const;
  api.memory.people.set('double', { ...double, slackUser: `T0OTHER/${memberOf('sam')}` });
}

async function openApi(): Promise<DoorStage> {
  const api = createTestApi();
  const stage = { api, twin: null, close: () => api.app.close() };
  await putPeople(stage);
  return stage;
}

async function openSlack(): Promise<DoorStage> {
  const { app, memory, dependencies, twin, close } = await slackStage();
  const stage = { api: { app, memory, dependencies }, twin, close };
  await putPeople(stage);
  await twin.connected();
  return stage;
}

const { planDigest } = APPROVAL;

const api: Door = {
  name: 'api',
  open: openApi,
  show: ({ api: { app } }) =>
    Promise.resolve((person) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/approvals/apr_1/decision',
        headers: as(person),
        payload: { planDigest, verdict: 'approve', decisionId: `d-${person}` },
      }),
    ),
};

const cli: Door = {
  name: 'cli',
  open: openApi,
  show: async ({ api: { app } }) => {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const command = ['approval', 'approve', 'apr_1', '--plan-digest', planDigest];
    return (person) => run([...command, '--token', `fb_${person}`], { url });
  },
};

/** Signs a person in and shows them the approval; what they send is what the page gave them, or would have given. */
async function shownTo(app: DoorStage['api']['app'], person: string) {
  const browser = new TestBrowser(app);
  await browser.signIn(person, PASSWORD, '/approvals/apr_1');
  const { body } = await browser.get('/approvals/apr_1');
  const form = hiddenFields(body, '/approvals/apr_1') ?? {
    ...{ ...hiddenFields(body, '/logout'), decisionId: `d-${person}`, planDigest },
  };
  return () => browser.post('/approvals/apr_1', { ...form, verdict: 'approve', reason: '' });
}

const page: Door = {
  name: 'page',
  open: openApi,
  show: async ({ api: { app } }) => {
    const shown = new Map<string, () => Promise<unknown>>();
    for (const id of [...PEOPLE.map(([one]) => one), 'double', 'mallory']) {
      shown.set(id, await shownTo(app, id));
    }
    return (person) => shown.get(person)?.() ?? Promise.reject(new Error(`nobody is ${person}`));
  },
};

/** The card of the approval in the twin's channel; answers its time stamp. */
async function postCard(twin: SlackTwin): Promise<string> {
  const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
  const card = { approval: APPROVAL, plans: [], approvedBy: [], url: null, decide: true };
  const { text, blocks } = approvalCard(card);
  await client.apiCall('chat.postMessage', { channel: CHANNEL, text, blocks });
  return twin.messages(CHANNEL).at(-1)?.ts ?? '';
}

const slack: Door = {
  name: 'slack',
  open: openSlack,
  show: async ({ twin }) => {
    if (twin === null) throw new AppError('internal', 'This door needs the twin.');
    const ts = await postCard(twin);
    return (person) =>
      twin.click({ userId: memberOf(person), channel: CHANNEL, ts, actionId: 'approve' });
  },
};

/** Every door. */
export const DOORS: readonly Door[] = [api, cli, page, slack];

/** Takes from a person what they had. */
export function lose(
  memory: Memory,
  id: string,
  left: { readonly active?: boolean; readonly roles?: readonly Role[] },
): void {
  const person = memory.people.get(id);
  if (person) memory.people.set(id, { ...person, ...left });
}
