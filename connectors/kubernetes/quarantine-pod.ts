import { AppError } from '../../domain/error.ts';
import { jsonEquals, threeWayDifference, type Plan, type Receipt } from '../../domain/plan.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { quarantineByHand } from './by-hand.ts';
import type { KubernetesClient } from './client.ts';
import { untilNotOvertaken } from './lost-race.ts';
import type { QuarantinePodInput } from './input-schema.ts';
import { NETWORK_POLICIES, PODS, REPLICA_SETS } from './kind.ts';
import { quarantinePodManifest } from './manifest.ts';
import { moverOf } from './mover.ts';
import { planQuarantine } from './quarantine-plan.ts';
import {
  asideBody,
  backBody,
  isBetween,
  isMarked,
  isMarkedBy,
  isOurPolicy,
  observeQuarantine,
  policyBody,
  quarantineState,
  type Observed,
  type QuarantineState,
} from './quarantine-state.ts';
import { verifyQuarantine } from './quarantine-verdict.ts';

type QuarantinePlan = Plan<QuarantineState>;

/** What every stage works on. */
interface Work {
  readonly client: KubernetesClient;
  readonly input: QuarantinePodInput;
  readonly plan: QuarantinePlan;
  readonly context: CallContext;
}

function observe({ client, input, plan, context }: Work): Promise<Observed> {
  return observeQuarantine(client, { namespace: input.namespace, planned: plan.after }, context);
}

function receiptOf({ input, plan }: Work, origin: Receipt['origin']): Receipt {
  return {
    externalId: `Pod/${input.namespace}/${plan.after.pod.name}@${plan.after.pod.uid}`,
    origin,
  };
}

function moved(plan: QuarantinePlan, observed: Observed): AppError {
  const gone = observed.pod === null ? ` Pod ${plan.after.pod.name} is gone.` : '';
  return new AppError('conflict', `The world moved since the plan.${gone}`, {
    details: { differences: threeWayDifference(plan, observed.state) },
  });
}

async function createPolicy({ client, input, plan, context }: Work): Promise<void> {
  const body = policyBody(plan.after, context);
  await client.create(NETWORK_POLICIES, { namespace: input.namespace, body }, context);
}

async function setAside(work: Work, observed: Observed): Promise<void> {
  const { client, input, plan, context } = work;
  const { pod } = observed;
  if (pod === null) throw moved(plan, observed);
  const body = asideBody(pod, plan, { input, context });
  const address = { namespace: input.namespace, name: pod.metadata.name };
  await client.patch(PODS, { ...address, patch: { type: 'merge', body } }, context);
}

/** The policy first: it selects nothing until the pod has its label, so a kill between the two does no harm. */
async function apply(work: Work): Promise<Receipt> {
  const observed = await observe(work);
  const { state } = observed;
  const { before, after } = work.plan;
  if (jsonEquals(state, after)) {
    return receiptOf(work, isMarkedBy(observed.pod, work.context) ? 'ours' : 'foreign');
  }
  if (!isBetween({ before, after }, state)) throw moved(work.plan, observed);
  if (state.policy === null) await createPolicy(work);
  if (!jsonEquals(state.labels, after.labels)) await setAside(work, observed);
  return receiptOf(work, 'ours');
}

async function removePolicy({ client, input, context }: Work, observed: Observed): Promise<void> {
  const { policy } = observed;
  if (policy === null || !isOurPolicy(policy, context)) return;
  const { name, uid } = policy.metadata;
  await client.remove(NETWORK_POLICIES, { namespace: input.namespace, name, uid }, context);
}

/** True when the ReplicaSet that made the pod still wants pods: then it takes this one back. */
async function isWanted({ client, input, plan, context }: Work): Promise<boolean> {
  const { name, uid } = plan.before.replicaSet;
  const set = await client.find(REPLICA_SETS, { namespace: input.namespace, name }, context);
  return set !== null && set.metadata.uid === uid && (set.spec.replicas ?? 1) > 0;
}

/** Gives the pod back to its controller, or deletes it when that no longer wants it. */
async function release(work: Work, observed: Observed): Promise<void> {
  const { client, input, plan, context } = work;
  const { pod } = observed;
  if (pod === null) return;
  const { name, uid } = pod.metadata;
  const isAside = !jsonEquals(observed.state.labels, plan.before.labels);
  if (isAside && !(await isWanted(work))) {
    await client.remove(PODS, { namespace: input.namespace, name, uid }, context);
    return;
  }
  // Labels that somebody else put back still leave our annotations to take away.
  if (!isAside && !isMarked(pod)) return;
  const patch = { type: 'merge', body: backBody(pod, plan.before) } as const;
  await client.patch(PODS, { namespace: input.namespace, name, patch }, context);
}

async function revert(work: Work): Promise<Receipt> {
  const observed = await observe(work);
  const { before, after } = work.plan;
  const labels = observed.state.labels ?? before.labels;
  if (!isBetween({ before, after }, { ...observed.state, labels })) {
    throw moved({ ...work.plan, before: after, after: before }, observed);
  }
  await release(work, observed);
  await removePolicy(work, observed);
  return receiptOf(work, 'ours');
}

/** What of a pod keeps it aside. */
const LABELS = [['metadata', 'labels']];

/** Writes the quarantine again from whatever state; a policy that is not ours is left alone. */
async function ensure(work: Work): Promise<Receipt> {
  const observed = await observe(work);
  const { after } = work.plan;
  if (observed.pod === null) {
    throw new AppError(
      'not_found',
      `Pod ${after.pod.name} is gone: it cannot be quarantined again.`,
    );
  }
  if (jsonEquals(observed.state, after)) {
    return receiptOf(work, isMarkedBy(observed.pod, work.context) ? 'ours' : 'foreign');
  }
  const relabelled = { thing: observed.pod, fields: LABELS };
  const movedBy = await moverOf(work.client, relabelled, work.context);
  if (!jsonEquals(observed.state.policy, after.policy)) {
    if (observed.policy !== null && !isOurPolicy(observed.policy, work.context)) {
      throw moved(work.plan, observed);
    }
    await removePolicy(work, observed);
    await createPolicy(work);
  }
  if (!jsonEquals(observed.state.labels, after.labels)) await setAside(work, observed);
  return { ...receiptOf(work, 'foreign'), ...(movedBy === null ? {} : { movedBy }) };
}

/**
 * Action `quarantine-pod`. Its plan raises `not_found` when no ready pod can be picked. Every stage may be killed
 * between its writes and run again.
 */
export function createQuarantinePod(client: KubernetesClient): AnyAction {
  const run =
    (stage: (work: Work) => Promise<Receipt>) =>
    (input: QuarantinePodInput, plan: QuarantinePlan, context: CallContext): Promise<Receipt> =>
      untilNotOvertaken(() => stage({ client, input, plan, context }), context);
  return defineAction({
    manifest: quarantinePodManifest,
    before: quarantineState,
    reversible: true,
    plan: (input, context) => planQuarantine(client, input, context),
    byHand: quarantineByHand,
    apply: run(apply),
    revert: run(revert),
    ensure: run(ensure),
    verify: (input, plan, context) =>
      verifyQuarantine(client, { namespace: input.namespace, planned: plan.after }, context),
  });
}
