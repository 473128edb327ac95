/* eslint-disable max-lines -- one noun; a split would part what changes together. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { verifyChain } from '../evidence/chain.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { renderFact } from '../render/terminal.ts';
import { demoConfiguration, DEMO_PEOPLE } from './demo-configuration.ts';
import { createDemoPerson, type DemoPerson } from './demo-person.ts';
import type { DemoFact } from './demo-schema.ts';
import { allFacts, summarise } from './demo-summary.ts';

/** How the demo is run. */
export interface DemoOptions {
  /** Ends after the run instead of staying up. */
  readonly exit: boolean;
  /** One JSON document on standard output; everything else goes to standard error. */
  readonly json: boolean;
  /** Port of the API; 0 takes a free one. */
  readonly port: number;
}

const LOOK_MS = 150;
/** The one channel of the lab's Slack. */
const SLACK_CHANNEL = 'C0INCIDENTS';
const RUN_MAX_MS = 240_000;
const WIDTH_DEFAULT = 110;

const approvalList = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      approvalClass: z.string(),
      planDigest: z.string(),
      plans: z.array(z.object({ summary: z.string(), undo: z.string(), target: z.string() })),
    }),
  ),
});
const incidentList = z.object({ items: z.array(z.object({ id: z.string() })) });
const incidentReply = z.object({
  incident: z.object({ state: z.string(), phase: z.string(), stateReason: z.string().nullable() }),
});
const tokenReply = z.object({ token: z.string() });

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Everything that the demo's run needs. */
interface Stage {
  readonly options: DemoOptions;
  readonly url: string;
  readonly lab: Lab;
  readonly people: readonly { readonly name: string; readonly person: DemoPerson }[];
  readonly closeEntryPath: () => Promise<void>;
  /** Ends with Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/**
 * Runs the main job on embedded everything: one real alert through all five steps. Answers the exit code: 0 when
 * every step held, 1 when one did not, 130 after Ctrl-C.
 */
// eslint-disable-next-line max-lines-per-function, complexity -- a composition: one thing after the other, nothing branches.
export async function runDemo(options: DemoOptions): Promise<number> {
  const { startFirebreak } = await import('../app/firebreak.ts');
  const { cacheFolder } = await import('../app/cache-folder.ts');
  const { createLog, PLAYBOOKS_DIR, programVersion } = await import('../app/start.ts');
  const { processEnvironment } = await import('../app/config.ts');
  const interrupted = interruption();
  const dataDir = await mkdtemp(join(tmpdir(), 'firebreak-demo-'));
  say(`Firebreak demo · data in ${dataDir}`);
  const lab = await startLab();
  say('The lab is up: Kubernetes, MLflow, Airflow, Prometheus, Loki, Slack and mail twins.');
  const { story } = lab;
  const configuration = demoConfiguration({
    ...story,
    urls: {
      kubernetes: { server: lab.kubernetes.url },
      mlflow: lab.mlflow.url,
      airflow: lab.airflow.url,
      prometheus: lab.prometheus.url,
      loki: lab.loki.url,
    },
  });
  const environment = processEnvironment();
  const log = createLog('warn');
  try {
    const firebreak = await startFirebreak({
      dataDir,
      cacheDir: cacheFolder(environment),
      databaseUrl: null,
      temporal: null,
      temporalCliPath: environment['TEMPORAL_CLI_PATH'] ?? null,
      searchPath: environment['PATH'] ?? '',
      temporalUi: !options.exit,
      role: 'all',
      host: '127.0.0.1',
      port: options.port,
      baseUrl: null,
      configuration: { ...configuration, slackChannel: SLACK_CHANNEL },
      playbooksDir: PLAYBOOKS_DIR,
      taskQueue: 'firebreak',
      searchAttributes: true,
      slack: {
        botToken: lab.slack.botToken,
        appToken: lab.slack.appToken,
        apiUrl: lab.slack.apiUrl,
        channel: SLACK_CHANNEL,
      },
      mail: { url: lab.mail.url, from: 'firebreak@example.com' },
      version: await programVersion(),
      log,
      onFailure: (error) => {
        say(`Something ended that must not: ${error.message}`);
      },
    });
    try {
      say(`Firebreak is up: ${firebreak.url} (API page: ${firebreak.url}/docs)`);
      const people = await hire(firebreak.url, firebreak.adminToken ?? '');
      const source = firebreak.sources.find(({ kind }) => kind === 'alertmanager');
      const [first] = people;
      if (!source || !first) throw new AppError('internal', 'The first start made no source.');
      const data = await lab.begin({
        alerts: { url: `${firebreak.url}/api/v1/alerts/alertmanager`, token: source.token },
        emit: async (event) => {
          await first.person.send('POST', '/lineage', { body: event, schema: z.json() });
        },
      });
      await data.raiseAlert();
      const closeEntryPath = (): Promise<void> => data.closeEntryPath();
      const { url } = firebreak;
      const stage: Stage = { options, url, lab, people, closeEntryPath, interrupted };
      const code = await play(stage, dataDir);
      if (!options.exit && !interrupted.aborted) await stayUp(stage, firebreak.temporalUi);
      return interrupted.aborted && !options.exit ? 0 : code;
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

/** Gives the demo's people tokens of their own, through the API, as an administrator would. */
async function hire(url: string, adminToken: string): Promise<Stage['people']> {
  const admin = createDemoPerson(url, adminToken);
  const people: { name: string; person: DemoPerson }[] = [];
  for (const { id, name } of DEMO_PEOPLE) {
    const { token } = await admin.send('POST', `/people/${id}/tokens`, {
      body: { label: 'demo' },
      schema: tokenReply,
    });
    people.push({ name, person: createDemoPerson(url, token) });
  }
  return people;
}

/** Follows the incident from the alert to its close, and does what people do on the way. */
// eslint-disable-next-line complexity -- one case per member of a closed set, or one guard after the other; splitting hides the order.
async function play(stage: Stage, dataDir: string): Promise<number> {
  const [first] = stage.people;
  if (!first) return 1;
  const incidentId = await theIncident(stage, first.person);
  const shown = { sequence: 0 };
  const deadline = Date.now() + RUN_MAX_MS;
  let patched = false;
  let closing = false;
  for (;;) {
    const facts = await allFacts(first.person, incidentId);
    show(facts, shown);
    const { incident } = await first.person.get(`/incidents/${incidentId}`, incidentReply);
    if (incident.state === 'closed') break;
    if (incident.state === 'held' || incident.state === 'stuck' || Date.now() > deadline) {
      say(`It ${incident.state}: ${incident.stateReason ?? 'no progress'}`);
      break;
    }
    if (stage.interrupted.aborted) return 130;
    if (
      !patched &&
      facts.some((fact) => fact.kind === 'step.started' && fact.step === 'redeploy')
    ) {
      patched = true;
      await stage.closeEntryPath();
      say('  (the platform engineer closes the entry path: only signed batches come in)');
    }
    await answerApprovals(stage, incidentId);
    if (incident.phase === 'review' && !closing) {
      closing = true;
      await first.person.send('POST', `/incidents/${incidentId}/close`, {
        body: { verdict: 'confirmed', reason: 'a poisoned batch reached training' },
        schema: z.json(),
      });
    }
    await sleep(LOOK_MS);
  }
  return report(stage, { incidentId, dataDir });
}

async function theIncident(stage: Stage, person: DemoPerson): Promise<string> {
  const deadline = Date.now() + RUN_MAX_MS;
  while (Date.now() < deadline) {
    const { items } = await person.get('/incidents', incidentList);
    const [incident] = items;
    if (incident) return incident.id;
    if (stage.interrupted.aborted) break;
    await sleep(LOOK_MS);
  }
  throw new AppError('unavailable', 'The alert opened no incident.');
}

function show(facts: readonly DemoFact[], shown: { sequence: number }): void {
  const options = {
    color: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
    width: process.stderr.isTTY ? process.stderr.columns : WIDTH_DEFAULT,
  };
  for (const fact of facts) {
    if (fact.sequence <= shown.sequence) continue;
    shown.sequence = fact.sequence;
    say(renderFact(fact, options));
  }
}

/** On a terminal each person is asked; unattended both approve, through the same API. */
async function answerApprovals(stage: Stage, incidentId: string): Promise<void> {
  const [first] = stage.people;
  if (!first) return;
  const open = await first.person.get(
    `/approvals?status=open&incident=${incidentId}`,
    approvalList,
  );
  for (const approval of open.items) {
    say(`\n  Approval ${approval.approvalClass}: ${approval.title}`);
    for (const plan of approval.plans) say(`    • ${plan.summary}  (undo: ${plan.undo})`);
    for (const { name, person } of stage.people) {
      const yes = await asked(stage, name);
      const verdict = yes ? 'approve' : 'reject';
      const body: Json = {
        planDigest: approval.planDigest,
        verdict,
        ...(yes ? {} : { reason: 'rejected at the terminal' }),
      };
      await person.send('POST', `/approvals/${approval.id}/decision`, { body, schema: z.json() });
      say(`    ${name}: ${verdict}`);
      if (!yes) break;
    }
    say('');
  }
}

async function asked(stage: Stage, name: string): Promise<boolean> {
  const interactive =
    process.stdin.isTTY && process.stderr.isTTY && process.env['CI'] === undefined;
  if (!interactive || stage.options.exit || stage.options.json) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`    ${name}, approve? [Y/n] `, {
      signal: stage.interrupted,
    });
    return !answer.trim().toLowerCase().startsWith('n');
  } finally {
    terminal.close();
  }
}

async function report(
  stage: Stage,
  run: { readonly incidentId: string; readonly dataDir: string },
): Promise<number> {
  const [first] = stage.people;
  if (!first) return 1;
  const { incidentId } = run;
  const postmortem = join(run.dataDir, `postmortem-${incidentId}.md`);
  await writeFile(postmortem, await first.person.text(`/incidents/${incidentId}/postmortem.md`));
  const facts = await allFacts(first.person, incidentId);
  const { facts: count, headHash, verified } = await verifyChain(facts);
  const summary = await summarise(first.person, {
    incidentId,
    url: stage.url,
    postmortem,
    facts,
    chain: { facts: count, headHash, verified },
  });
  if (stage.options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else tellSummary(summary, facts);
  return summary['outcome'] === 'succeeded' ? 0 : 1;
}

function secondsBetween(from: string | undefined, to: string | undefined): string {
  if (from === undefined || to === undefined) return 'unknown';
  return `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;
}

/** A value as people read it: text as it is, anything else as JSON. */
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

// eslint-disable-next-line complexity -- one case per member of a closed set, or one guard after the other; splitting hides the order.
function tellSummary(summary: JsonObject, facts: readonly DemoFact[]): void {
  const at = (kind: DemoFact['kind']): string | undefined =>
    facts.find((fact) => fact.kind === kind)?.recordedAt;
  const known = summary['knownGood'];
  const good = isJsonObject(known) ? known : {};
  const rejected = Array.isArray(good['rejected']) ? good['rejected'] : [];
  say(`\nOutcome: ${textOf(summary['outcome'])}`);
  say(
    `Contained after ${secondsBetween(at('incident.opened'), at('containment.verified'))}, verified by probes.`,
  );
  say(`Known good: version ${textOf(good['chosen'])}. Rejected:`);
  for (const one of rejected) {
    if (isJsonObject(one)) say(`  ${textOf(one['candidate'])}: ${textOf(one['reason'])}`);
  }
  const steps = Array.isArray(summary['steps']) ? summary['steps'] : [];
  for (const step of steps) {
    if (!isJsonObject(step)) continue;
    const { startedAt, endedAt } = { startedAt: step['startedAt'], endedAt: step['endedAt'] };
    const time =
      typeof startedAt === 'string' && typeof endedAt === 'string'
        ? secondsBetween(startedAt, endedAt)
        : 'unknown';
    say(`  ${textOf(step['step']).padEnd(10)} ${textOf(step['outcome']).padEnd(12)} ${time}`);
  }
  const evidence = Array.isArray(summary['evidence']) ? summary['evidence'].length : 0;
  say(
    `Evidence sealed: ${evidence.toString()} pieces. Facts: ${facts.length.toString()}, the chain verifies.`,
  );
  say(`Postmortem: ${textOf(summary['postmortem'])}`);
  say(`API: ${textOf(summary['url'])}`);
}

async function stayUp(stage: Stage, temporalUi: string | null): Promise<void> {
  if (temporalUi !== null) say(`Temporal: ${temporalUi}`);
  say('Ctrl-C ends the demo and removes its data.');
  while (!stage.interrupted.aborted) {
    await sleep(60_000, undefined, { signal: stage.interrupted }).catch(() => undefined);
  }
}
