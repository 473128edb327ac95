import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError } from '../domain/error.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { Incident, Outcome } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import type { OperationResult } from '../domain/operation.ts';
import {
  findOperation,
  isRead,
  type GateOperation,
  type PinnedPlaybook,
  type Playbook,
  type PlaybookOperation,
  type ProbeOperation,
  type ReadOperation,
} from '../domain/playbook.ts';
import { compileExpression } from '../expression/expression.ts';
import { AppError } from '../domain/error.ts';
import type { LookInput, LookOutcome, OperationOutcome } from './activity.ts';
import { begin } from './carry.ts';
import { chooseKnownGoodVersion } from './choose-known-good.ts';
import { sealEvidence } from './collect-evidence.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { contextOf, isWanted, itemsOf } from './evaluation.ts';
import { isRetryable } from './failure.ts';
import { pinnedOf } from './pinned-playbook.ts';
import { readProbe } from './read-probe.ts';
import { outcomeOf, resultIn } from './results.ts';
import { sightFact, type Looking, type Sight } from './sight.ts';
import { traceLineage } from './trace-lineage.ts';

/** How long one activity asks again before it gives the wait back to the workflow, in milliseconds. */
const ASK_WITHIN_MS = 20_000;
const ASK_FIRST_MS = 40;
const ASK_REST_MAX_MS = 1_000;
/** Slow at first: most of what a probe waits for shows within the first half second, or much later. */
const ASK_GROWTH = 1.25;

/** Runs neighbouring reads in order; each is settled by itself, and a retry passes over what is settled. */
export async function look(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: LookInput,
): Promise<LookOutcome> {
  const [incident, stored] = await Promise.all([
    begin(deps, input),
    deps.store.results.ofIncident(input.incidentId),
  ]);
  const pinned = await pinnedOf(deps, incident);
  const settled: OperationOutcome[] = [];
  const results = [...stored];
  for (const asked of input.operations) {
    const operation = readNamed(pinned.playbook, asked.name);
    const scene = { deps, attempt, incident, step: input.step, pinned, results };
    const result = await lookFor(scene, { ...asked, operation });
    if (!result)
      return { settled, pending: { operation: asked.name, reason: 'it does not hold yet' } };
    results.push(result);
    settled.push(outcomeOf(result));
    if (!passes(incident, operation, result)) break;
  }
  return { settled, pending: null };
}

/** What a read may refer to. */
export interface Scene extends Pick<Looking, 'deps' | 'attempt' | 'incident' | 'step'> {
  readonly pinned: PinnedPlaybook;
  readonly results: readonly OperationResult[];
}

/** Looks for one read and settles it, or answers what settled it before; null when it may hold later. */
export async function lookFor(
  scene: Scene,
  asked: Pick<Looking, 'operation' | 'round' | 'since'>,
): Promise<OperationResult | null> {
  const { attempt, incident, pinned, results } = scene;
  const known = resultIn(results, asked.operation.name, asked.round);
  if (known) return known;
  const context = contextOf({ incident, pinned, results, now: attempt.scheduledAt });
  return lookAt({ ...scene, ...asked, context });
}

/** True when what follows an operation may run. */
export function passes(
  { mode }: Incident,
  { onFailure }: Pick<PlaybookOperation, 'onFailure'>,
  { outcome }: Pick<OperationOutcome, 'outcome'>,
): boolean {
  if (outcome === 'succeeded' || outcome === 'skipped') return true;
  return onFailure === 'continue' || mode === 'observe';
}

function readNamed(playbook: Playbook, name: string): ReadOperation {
  const operation = findOperation(playbook, name)?.operation;
  if (operation && isRead(operation)) return operation;
  throw new AppError('invalid', `${name} is no read of this playbook.`, { field: 'operation' });
}

/** Looks and settles; null when it may hold later. */
async function lookAt(looking: Looking): Promise<OperationResult | null> {
  const sight = await see(looking);
  if (!sight) return null;
  const { deps, attempt, incident, step, operation, round } = looking;
  const { outcome, reason, value, facts, keep } = sight;
  const result = {
    ...{ incidentId: incident.id, step, operation: operation.name, round, outcome, reason, value },
    startedAt: attempt.scheduledAt.toISOString(),
    settledAt: deps.now().toISOString(),
  };
  const { store } = deps;
  if (keep === undefined) return store.results.put(result, facts);
  return store.transaction(async (tables) => {
    const kept = await keep(tables);
    return tables.results.put({ ...result, value: kept.value }, kept.facts);
  });
}

/** Looks without settling; a seal stores its bytes, and `keep` the rest. Null when it may hold later. */
export async function see(looking: Looking): Promise<Sight | null> {
  const { operation, context } = looking;
  try {
    if (!isWanted(operation, context)) return skipped(looking);
    switch (operation.kind) {
      case 'probe':
        return await probe({ ...looking, operation });
      case 'seal':
        return await sealEvidence({ ...looking, operation });
      case 'lineage':
        return await traceLineage({ ...looking, operation });
      case 'known-good':
        return await chooseKnownGoodVersion({ ...looking, operation });
      case 'gate':
        return gate({ ...looking, operation });
    }
  } catch (error) {
    if (isRetryable(error)) throw error;
    return broken(looking, error);
  }
}

function skipped(looking: Looking): Sight {
  const summary = `Skipped ${looking.operation.name}: its condition does not hold.`;
  return {
    outcome: 'skipped',
    reason: 'its condition does not hold',
    value: null,
    facts: [sightFact(looking, 'skipped', { kind: 'operation.skipped', summary, data: null })],
  };
}

/** A look that failed for good tells nothing about the world: inconclusive, never success. */
function broken(looking: Looking, error: unknown): Sight {
  const { code, message } = toAppError(error);
  const data = { code };
  const summary = `Not known: ${looking.operation.title}: ${message}`;
  return {
    outcome: 'inconclusive',
    reason: message,
    value: null,
    facts: [sightFact(looking, 'failed', { kind: 'operation.failed', summary, data })],
  };
}

/** Three values: true, false, and everything else. */
function judge(
  expect: string,
  context: EvaluationContext,
): { outcome: Outcome; reason: string | null } {
  try {
    const answer = compileExpression(expect, 'operation', 'expect').evaluate(context);
    if (answer === true) return { outcome: 'succeeded', reason: null };
    if (answer === false) return { outcome: 'failed', reason: `not so: ${expect}` };
    return { outcome: 'inconclusive', reason: `no answer: ${expect}` };
  } catch (error) {
    return { outcome: 'inconclusive', reason: toAppError(error).message };
  }
}

function gate(looking: Looking<GateOperation>): Sight {
  const { operation, context } = looking;
  const { outcome, reason } = judge(operation.expect, context);
  const data = { expect: operation.expect, outcome, reason };
  const words = { succeeded: 'passed', failed: 'failed' } as const;
  const word = outcome === 'succeeded' || outcome === 'failed' ? words[outcome] : 'is inconclusive';
  const summary = `Gate ${word}: ${operation.title}`;
  return {
    outcome,
    reason,
    value: { outcome },
    facts: [sightFact(looking, 'gate', { kind: 'gate.evaluated', summary, data })],
  };
}

async function probe(looking: Looking<ProbeOperation>): Promise<Sight | null> {
  const { operation, since, attempt, incident } = looking;
  // While nothing is done, nothing comes to hold by waiting for it.
  const patienceSeconds = incident.mode === 'observe' ? 0 : operation.withinSeconds;
  const patienceEnds = Date.parse(since) + patienceSeconds * 1000;
  const askUntil = Math.min(patienceEnds, Date.now() + ASK_WITHIN_MS);
  for (let restMs = ASK_FIRST_MS; ; restMs = Math.min(restMs * ASK_GROWTH, ASK_REST_MAX_MS)) {
    const seen = await probeOnce(looking);
    if (seen.outcome === 'succeeded' || Date.now() + restMs > patienceEnds) return seen;
    if (Date.now() + restMs > askUntil) return null;
    attempt.heartbeat(operation.name);
    await sleep(restMs, undefined, { signal: attempt.signal });
  }
}

async function probeOnce(looking: Looking<ProbeOperation>): Promise<Sight> {
  const { operation, context } = looking;
  const replies: Json[] = [];
  let truncated = false;
  for (const item of itemsOf(operation.forEach, context)) {
    const { reply } = await readProbe(looking, operation, item.context);
    truncated ||= reply.truncated;
    replies.push(reply.value);
  }
  const value: Json = operation.forEach === null ? (replies[0] ?? null) : replies;
  const verdict =
    operation.expect === null
      ? { outcome: 'succeeded' as const, reason: null }
      : judge(operation.expect, { ...context, value });
  const data = { use: operation.use, expect: operation.expect, ...verdict, truncated, value };
  const word =
    verdict.outcome === 'succeeded'
      ? 'Holds'
      : verdict.outcome === 'failed'
        ? 'Does not hold'
        : 'Not known';
  const summary = `${word}: ${operation.title}`;
  return {
    ...verdict,
    value,
    facts: [sightFact(looking, 'observed', { kind: 'probe.observed', summary, data })],
  };
}
