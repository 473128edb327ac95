import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { Plan, Receipt } from '../../domain/plan.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { standingOf, verdictOf } from '../level-set.ts';
import { dagByHand } from './by-hand.ts';
import type { AirflowClient } from './client.ts';
import { triggerManifest, type TriggerInput } from './manifest.ts';
import { dagRunReply } from './reply-schema.ts';

const state = z.strictObject({
  runId: z.string(),
  exists: z.boolean(),
  conf: z.record(z.string(), z.json()).nullable(),
});
/** Our run: whether it exists, and with which configuration. */
type RunState = z.infer<typeof state>;

const DIGEST_CHARACTERS = 24;

/** The id of the run that a key starts: the same for every attempt. */
export function runIdOf(idempotencyKey: string): string {
  const digest = createHash('sha256').update(idempotencyKey).digest('hex');
  return `firebreak-${digest.slice(0, DIGEST_CHARACTERS)}`;
}

async function observeRun(
  client: AirflowClient,
  asked: { readonly dag: string; readonly runId: string },
  context: CallContext,
): Promise<RunState> {
  const run = await client.run(asked.dag, asked.runId, context);
  return { runId: asked.runId, exists: run !== null, conf: run === null ? null : (run.conf ?? {}) };
}

async function planTrigger(
  client: AirflowClient,
  input: TriggerInput,
  context: CallContext,
): Promise<Plan<RunState>> {
  const { dag, conf } = input;
  const { is_paused: paused } = await client.dag(dag, context);
  const runId = runIdOf(context.idempotencyKey);
  const found = await observeRun(client, { dag, runId }, context);
  const waiting = paused ? ' The DAG is paused: the run waits until it is not.' : '';
  return {
    summary: `Trigger DAG ${dag} as run ${runId} with ${JSON.stringify(conf)}.${waiting}`,
    targets: [triggerManifest.target(input)],
    before: found,
    after: { runId, exists: true, conf },
    token: null,
    undo: 'None: what a run has done cannot be taken back by ending the run.',
  };
}

/** Creates the run; 409 means that it is there already, ours or not: the caller looks. */
async function createRun(
  client: AirflowClient,
  made: { readonly dag: string; readonly runId: string; readonly conf: Json },
  context: CallContext,
): Promise<void> {
  await client.call(
    {
      method: 'POST',
      path: ['dags', made.dag, 'dagRuns'],
      json: {
        dag_run_id: made.runId,
        // Some servers want the key present: null means "no data interval".
        logical_date: null,
        conf: made.conf,
        note: `Firebreak incident ${context.incidentId}`,
      },
      schema: z.union([dagRunReply, z.looseObject({ detail: z.unknown() })]),
      accept: [409],
      permission: `DAG runs of ${made.dag}: create`,
    },
    context,
  );
}

async function applyTrigger(
  client: AirflowClient,
  input: TriggerInput,
  work: { readonly plan: Plan<RunState>; readonly context: CallContext },
): Promise<Receipt> {
  const { plan, context } = work;
  const asked = { dag: input.dag, runId: plan.after.runId };
  if (standingOf(plan, await observeRun(client, asked, context)) === 'before') {
    await createRun(client, { ...asked, conf: plan.after.conf }, context);
    const made = await observeRun(client, asked, context);
    if (!made.exists) {
      throw new AppError(
        'outcome_unknown',
        `Airflow took run ${asked.runId} but does not show it.`,
      );
    }
    standingOf({ ...plan, before: plan.after }, made);
  }
  return { externalId: asked.runId, origin: 'ours' };
}

/**
 * Action `trigger`: one run whose id follows from the key, so that a second attempt finds the first one's run. It
 * holds when the run exists with our configuration; whether the run succeeds is for the probe `run`. Raises
 * `not_found` for an unknown DAG and `conflict` when the run has another configuration.
 */
export function createTrigger(client: AirflowClient): AnyAction {
  return defineAction<TriggerInput, RunState>({
    manifest: triggerManifest,
    before: state,
    reversible: false,
    because: 'What a run has done cannot be taken back by ending the run.',
    plan: (input, context) => planTrigger(client, input, context),
    byHand: ({ dag }, { after: { runId, conf } }) =>
      dagByHand('POST', [dag, 'dagRuns'], {
        body: { dag_run_id: runId, logical_date: null, conf },
      }),
    apply: (input, plan, context) => applyTrigger(client, input, { plan, context }),
    verify: (input, plan, context) =>
      verdictOf(plan, () =>
        observeRun(client, { dag: input.dag, runId: plan.after.runId }, context),
      ),
  });
}
