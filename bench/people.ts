import { setTimeout as sleep } from 'node:timers/promises';
import { api } from '../api/client.ts';
import { openPeopleStage, RESPONDER, type PeopleStage } from './people-stage.ts';
import type { Figures } from './rows.ts';
import { quantile } from './statistics.ts';

/** Incidents of one round whose first effect a person approves; the first of them does not count. */
const ASKED = 13;
/** The storm: groups of ten alerts, a hundred groups a second. */
const STORM = { groupsPerSecond: 100, alertsPerGroup: 10 } as const;
/** How long it lasts, in seconds: the first one of a process, which makes its code warm, and those that count. */
const STORM_SECONDS = { first: 4, counted: 20 } as const;
const COMMANDS_PER_SECOND = 5;
/** What a command counts that was not acknowledged in time: Slack gives up then. */
const ACK_MAX_MS = 3_000;
const LISTINGS = 20;
const PAGE = 200;
const LOOK_MS = 10;
const WITHIN_MS = 30_000;
/** Between a question and its answer, so that nothing of the way to the question is measured. */
const REST_MS = 300;

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(LOOK_MS);
  }
  throw new Error(`${what} did not come within ${WITHIN_MS.toString()} ms.`);
}

/** One incident whose first effect a person approves, in milliseconds. */
async function ask({ firebreak, owner, marks }: PeopleStage, model: string) {
  const sent = performance.now();
  const incident = await firebreak.alert({ alertname: 'Asked', model });
  const querystring = { status: 'open', incident } as const;
  const question = await until('the question', async () => {
    const { items } = await owner.call(api.approvals.list, { querystring });
    return items[0];
  });
  const [told = sent] = await marks.reached(`${model}/told`, 1);
  const [card = sent] = await marks.reached(`${model}/card`, 1);
  await sleep(REST_MS);
  const { id, planDigest } = question;
  const body = { planDigest, verdict: 'approve', decisionId: `bench-${id}` } as const;
  const decided = performance.now();
  const answered = owner.call(api.approvals.answer, { params: { id }, body });
  const [called = decided] = await marks.reached(`${model}/tags`, 1);
  await answered;
  return { told: told - sent, card: card - sent, call: called - decided };
}

/** Does something so many times a second, whether what was begun before has ended or not; ends when all has. */
async function paced(
  perSecond: number,
  seconds: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const begun = performance.now();
  const running: Promise<void>[] = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const waitMs = begun + (index * 1000) / perSecond - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    running.push(work(index));
  }
  await Promise.all(running);
}

/** What commands in Slack and the alerts beside them took. */
interface Stormed {
  readonly acks: readonly number[];
  readonly alertsPerSecond: number;
}

/** Commands in Slack, each a row, beside a storm of alerts into one incident. */
async function storm(stage: PeopleStage, seconds: number): Promise<Stormed> {
  const { firebreak, slack, models, incident } = stage;
  const model = models.shift() ?? '';
  const acks: number[] = [];
  const begun = performance.now();
  let stormMs = 0;
  const alerts = paced(STORM.groupsPerSecond, seconds, async (index) => {
    const group = Array.from({ length: STORM.alertsPerGroup }, (_, one) => ({
      ...{ alertname: 'Storm', model, instance: `${index.toString()}-${one.toString()}` },
    }));
    await firebreak.alerts(group);
  }).then(() => {
    stormMs = performance.now() - begun;
  });
  const commands = paced(COMMANDS_PER_SECOND, seconds, async (index) => {
    const start = performance.now();
    const text = `note ${incident.toString()} seen ${model} ${index.toString()}`;
    const command = { userId: RESPONDER, command: '/firebreak', text, timeoutMs: ACK_MAX_MS };
    const lost = (): number => ACK_MAX_MS;
    const took = slack.sendSlashCommand(command).then(() => performance.now() - start, lost);
    acks.push(await took);
  });
  await Promise.all([alerts, commands]);
  const sent = STORM.groupsPerSecond * STORM.alertsPerGroup * seconds;
  return { acks, alertsPerSecond: (sent * 1000) / stormMs };
}

async function stormFigures(stage: PeopleStage): Promise<Figures> {
  const { acks, alertsPerSecond } = await storm(stage, STORM_SECONDS.counted);
  return {
    'people.ack': quantile(acks, 0.5),
    'people.ackP99': quantile(acks, 0.99),
    'people.stormPerSecond': alertsPerSecond,
  };
}

async function listings({ owner }: PeopleStage): Promise<Figures> {
  const took: number[] = [];
  for (let left = LISTINGS; left > 0; left -= 1) {
    const start = performance.now();
    const page = await owner.call(api.approvals.list, {
      querystring: { status: 'open', limit: PAGE },
    });
    took.push(performance.now() - start);
    if (page.items.length !== PAGE) throw new Error('The page of open approvals is not full.');
  }
  return { 'people.listed': quantile(took, 0.5) };
}

async function round(stage: PeopleStage): Promise<Figures> {
  const timings = [];
  for (const model of stage.models.splice(0, ASKED)) timings.push(await ask(stage, model));
  const [, ...counted] = timings;
  const of = (pick: (timing: (typeof counted)[number]) => number): number | null =>
    quantile(counted.map(pick), 0.5);
  return {
    'people.call': of(({ call }) => call),
    'people.told': of(({ told }) => told),
    'people.card': of(({ card }) => card),
    ...(await listings(stage)),
    ...(await stormFigures(stage)),
  };
}

/** So many rounds on a Firebreak of its own: one entry each. */
export async function peopleFigures(
  folder: string,
  program: string,
  rounds: number,
): Promise<readonly Figures[]> {
  const stage = await openPeopleStage(folder, program, rounds * (ASKED + 1) + 1);
  try {
    const first = await storm(stage, STORM_SECONDS.first);
    const figures: Figures[] = [];
    while (figures.length < rounds) figures.push(await round(stage));
    const [one = {}, ...others] = figures;
    return [{ ...one, 'people.ackFirst': quantile(first.acks, 0.99) }, ...others];
  } finally {
    await stage.close();
  }
}
