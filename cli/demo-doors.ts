import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { CommonLab } from '../lab/lab.ts';
import { signedIn, type DemoBrowser } from './demo-browser.ts';
import { DEMO_PEOPLE, MONA_IN_SLACK } from './demo-configuration.ts';
import { SLACK_CHANNEL } from './demo-firebreak.ts';
import { say } from './demo-narration.ts';
import { createDemoPerson } from './demo-person.ts';
import type { DemoApprover } from './demo-stage.ts';

/** The ways by which the demo's people answer. */
export const DEMO_DOORS = ['api', 'cli', 'slack', 'page'] as const;
/** One of `DEMO_DOORS`. */
export type DemoDoorName = (typeof DEMO_DOORS)[number];

/** The question that is answered. */
export interface DemoQuestion {
  readonly id: string;
  readonly planDigest: string;
}

/** Who answered in the end, by their name, and by which door. */
export interface DemoAnswer {
  readonly by: string;
  readonly door: DemoDoorName;
}

/** Takes one person's answer by a door; somebody else may have to give it for them. */
export type AnswerBy = (
  approver: DemoApprover,
  question: DemoQuestion,
  verdict: 'approve' | 'reject',
) => Promise<DemoAnswer>;

const CARD_WITHIN_MS = 20_000;
const LOOK_MS = 50;

async function byApi(
  { person }: DemoApprover,
  { id, planDigest }: DemoQuestion,
  verdict: 'approve' | 'reject',
): Promise<void> {
  const reason = verdict === 'reject' ? { reason: 'rejected at the terminal' } : {};
  const body = { planDigest, verdict, ...reason };
  await person.send('POST', `/approvals/${id}/decision`, { body, schema: z.json() });
}

/** The command line in a process of its own, with the person's token. Raises `unavailable` when it does not end well. */
async function byCli(
  url: string,
  { token }: DemoApprover,
  { id, planDigest }: DemoQuestion,
): Promise<void> {
  const [program = ''] = process.argv.slice(1);
  const command = ['approval', 'approve', id, '--plan-digest', planDigest, '--quiet'];
  const child = spawn(process.execPath, [...process.execArgv, program, ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], FIREBREAK_URL: url, FIREBREAK_TOKEN: token },
  });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new AppError('unavailable', 'The command line did not approve.');
}

/** A click on the card of the approval, once it stands in the channel; false when it shows too little to be answered there. */
async function bySlack(slack: CommonLab['slack'], { id }: DemoQuestion): Promise<boolean> {
  const deadline = Date.now() + CARD_WITHIN_MS;
  const card = () =>
    slack.messages(SLACK_CHANNEL).find(({ blocks = [] }) => JSON.stringify(blocks).includes(id));
  for (let found = card(); ; found = card()) {
    if (found !== undefined) {
      if (found.blocks?.some(({ type }) => type === 'actions') !== true) return false;
      const [, userId = ''] = MONA_IN_SLACK.split('/');
      await slack.click({ userId, channel: SLACK_CHANNEL, ts: found.ts, actionId: 'approve' });
      return true;
    }
    if (Date.now() > deadline) throw new AppError('unavailable', 'No card stands in Slack.');
    await sleep(LOOK_MS);
  }
}

/** The form on the page of the approval, sent by somebody who has just signed in. Raises `internal` for who has not. */
async function byPage(browser: DemoBrowser | undefined, { id }: DemoQuestion): Promise<void> {
  if (browser === undefined) throw new AppError('internal', 'Nobody signed in.');
  const path = `/approvals/${id}`;
  await browser.submit(path, path, { verdict: 'approve', reason: '' });
}

/** Chat alone is not enough for what two approve: who is known in Slack answers there, the other by a token. */
function doorFor(door: DemoDoorName, { id }: DemoApprover): DemoDoorName {
  return door === 'slack' && id !== 'mona' ? 'api' : door;
}

/** A browser for each of the demo's people, signed in: made before their tokens, or no administrator could make a password that approves. */
export async function signInAll(
  url: string,
  adminToken: string,
): Promise<ReadonlyMap<string, DemoBrowser>> {
  const admin = createDemoPerson(url, adminToken);
  const browsers = new Map<string, DemoBrowser>();
  for (const { id } of DEMO_PEOPLE) browsers.set(id, await signedIn(url, admin, id));
  return browsers;
}

/** Where people answer. */
export interface AnsweringPlaces extends Pick<CommonLab, 'slack'> {
  readonly url: string;
  /** Who answers for Mona what no card can show whole. */
  readonly standIn: () => Promise<DemoApprover>;
  /** By person; empty unless people answer on the page. */
  readonly browsers: ReadonlyMap<string, DemoBrowser>;
}

/** How people answer in this demo. A rejection always goes by the API: in Slack and on the page it wants a reason typed in. */
export function answering(
  door: DemoDoorName,
  { url, slack, browsers, standIn }: AnsweringPlaces,
): AnswerBy {
  return async (approver, question, verdict) => {
    const chosen = verdict === 'reject' ? 'api' : doorFor(door, approver);
    switch (chosen) {
      case 'api':
        await byApi(approver, question, verdict);
        break;
      case 'cli':
        await byCli(url, approver, question);
        break;
      case 'slack':
        if (!(await bySlack(slack, question))) {
          const other = await standIn();
          say(`    (the card in Slack cannot show it whole: ${other.name} reads it and answers)`);
          await byApi(other, question, verdict);
          return { by: other.name, door: 'api' };
        }
        break;
      case 'page':
        await byPage(browsers.get(approver.id), question);
        break;
    }
    return { by: approver.name, door: chosen };
  };
}
