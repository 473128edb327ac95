import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { CommonLab } from '../lab/lab.ts';
import type { SeededWorld } from '../lab/scenario/scenario.ts';
import { STAND_IN } from './demo-configuration.ts';
import { startDemoFirebreak, type DemoFirebreak } from './demo-firebreak.ts';
import { answering, signInAll } from './demo-doors.ts';
import { followIncident } from './demo-incident.ts';
import { alertTokenOf, openInSlack, receiverOf, startDemoLab } from './demo-lab.ts';
import { questionShower } from './demo-messages.ts';
import { say } from './demo-narration.ts';
import { hire, hireOne } from './demo-people.ts';
import { report } from './demo-report.ts';
import type { DemoOptions, Stage } from './demo-stage.ts';
import { EXIT } from './failure.ts';

/** What one run of the demo is given. */
interface DemoRun {
  readonly options: DemoOptions;
  readonly dataDir: string;
  readonly alertToken: string | null;
  readonly interrupted: AbortSignal;
}

/**
 * Runs the main job on embedded everything, or on real servers where they are named: one real alert through all five
 * steps. Answers the exit code: with `exit` 0 when every step held, 1 when one did not, 130 after Ctrl-C; staying up
 * always ends with 0. Raises `invalid` for wrong options, and what the start of the lab and of the embedded servers raises.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const alertToken = await alertTokenOf(options);
  const interrupted = interruption();
  const lab = await startDemoLab(options);
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-demo-'));
  say(`Firebreak demo · data in ${dataDir}`);
  try {
    const firebreak = await startDemoFirebreak(lab, { options, dataDir, alertToken });
    try {
      say(`Firebreak is up: ${firebreak.url} (API page: ${firebreak.url}/docs)`);
      return await run({ options, dataDir, alertToken, interrupted }, lab, firebreak);
    } finally {
      await firebreak.stop();
    }
  } finally {
    await lab.close();
    if (interrupted.aborted) await rm(dataDir, { recursive: true, force: true });
  }
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    controller.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}

/** One run on a stage that is up: the exit code. Staying up afterwards ends well with Ctrl-C. */
async function run(demo: DemoRun, lab: CommonLab, firebreak: DemoFirebreak): Promise<number> {
  const { options, dataDir, interrupted } = demo;
  const stage = await setStage(demo, lab, firebreak);
  const incidentId = await followIncident(stage);
  const code =
    incidentId === null ? EXIT.interrupted : await report(stage, { incidentId, dataDir });
  if (options.exit) return code;
  if (!interrupted.aborted) await stayUp(interrupted, firebreak.temporalUi);
  return EXIT.ok;
}

/** Somebody says what is wrong: the monitor, or Mona in Slack. */
async function beginStory(
  { options }: DemoRun,
  lab: CommonLab,
  data: Pick<SeededWorld, 'raiseAlert'>,
): Promise<void> {
  if (options.openBy === 'slack') await openInSlack(lab);
  else await data.raiseAlert();
}

/** Lets people in and the story begin, up to the alert. Raises `internal` when nothing takes alerts. */
async function setStage(demo: DemoRun, lab: CommonLab, firebreak: DemoFirebreak): Promise<Stage> {
  const { url, adminToken, sources } = firebreak;
  const { alertToken, options, interrupted } = demo;
  const admin = adminToken ?? '';
  const byPage = options.approveBy === 'page';
  const browsers = byPage ? await signInAll(url, admin) : new Map<string, never>();
  const people = await hire(url, admin);
  const token = alertToken ?? sources.find(({ kind }) => kind === 'alertmanager')?.token;
  if (token === undefined) throw new AppError('internal', 'The first start made no source.');
  const alerts = { url: `${url}/api/v1/alerts/alertmanager`, token };
  const data = await lab.begin({
    alerts,
    emit: async (event) => {
      await people.owner.send('POST', '/lineage', { body: event, schema: z.json() });
    },
    look: async () => {
      await people.owner.send('POST', '/sync', { body: {}, schema: z.json() });
    },
  });
  if (options.real.alertmanager !== null && alertToken === null) {
    say(
      `Configure Alertmanager with this, and reload it:\n${receiverOf({ ...alerts, model: lab.story.model })}`,
    );
  }
  await beginStory(demo, lab, data);
  const { guard, finding } = lab.story;
  return {
    ...people,
    options,
    url,
    interrupted,
    closeEntryPath: () => data.closeEntryPath(),
    showQuestion: questionShower(lab, demo.dataDir),
    answerBy: answering(options.approveBy, {
      ...{ url, browsers, slack: lab.slack },
      standIn: () => hireOne(url, admin, STAND_IN),
    }),
    patch: guard?.closes ?? null,
    finding,
  };
}

async function stayUp(interrupted: AbortSignal, temporalUi: string | null): Promise<void> {
  if (temporalUi !== null) say(`Temporal: ${temporalUi}`);
  say('Ctrl-C ends the demo and removes its data.');
  while (!interrupted.aborted) {
    await sleep(60_000, undefined, { signal: interrupted }).catch(() => undefined);
  }
}
