import { activityInfo, cancellationSignal, heartbeat } from '@temporalio/activity';
import { withHead } from './acknowledged.ts';
import { act } from './act.ts';
import type { Activities } from './activity.ts';
import type { RunReference } from './run-reference.ts';
import { approvalStatus } from './approval-status.ts';
import { beating, sparing } from './beat.ts';
import { begin } from './carry.ts';
import { closeIncident } from './close-incident.ts';
import { confirmAlert } from './confirm-alert.ts';
import { confirmStep } from './confirm-step.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { toFailure } from './failure.ts';
import { chooseTargets, loadIncident } from './load-incident.ts';
import { look } from './look.ts';
import { checkOrigin } from './origin.ts';
import { requestApproval } from './request-approval.ts';
import { runStretch } from './run-stretch.ts';
import { demandFor } from './served.ts';
import { settleByPerson } from './settle-by-person.ts';
import { standDown } from './stand-down.ts';
import { voidApproval } from './void-approval.ts';
import { watchContainments } from './watch-containments.ts';
import { writePostmortem } from './write-postmortem.ts';

/** The running attempt as activities see it. */
function attempt(): Attempt {
  return {
    signal: cancellationSignal(),
    heartbeat: sparing(heartbeat),
    scheduledAt: new Date(activityInfo().scheduledTimestampMs),
  };
}

/** Runs an activity's body; what it raises becomes a failure whose type is our code. */
async function guarded<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await beating(heartbeat, body);
  } catch (error) {
    throw toFailure(error);
  }
}

/** Every activity over what it is given; the worker registers exactly these. */
export function createActivities(deps: ActivityDependencies): Activities {
  const ours = <T>(input: RunReference, body: () => Promise<T>): Promise<T> =>
    guarded(async () => {
      await checkOrigin(deps, input, activityInfo().workflowExecution?.workflowId ?? '');
      return body();
    });
  const told = <T extends object>(input: RunReference, body: () => Promise<T>): Promise<T> =>
    ours(input, () => withHead(deps, input, body));
  return {
    loadIncident: (input) => told(input, () => loadIncident(deps, input)),
    look: (input) => told(input, () => look(deps, attempt(), input)),
    act: (input) =>
      told(input, async () => {
        await demandFor(deps, input.incidentId, [input.operation]);
        return act(deps, attempt(), input);
      }),
    runStretch: (input) =>
      told(input, async () => {
        const names = input.stages.flatMap(({ operations }) => operations.map(({ name }) => name));
        await demandFor(deps, input.incidentId, names);
        return runStretch(deps, attempt(), input);
      }),
    requestApproval: (input) => told(input, () => requestApproval(deps, attempt(), input)),
    approvalStatus: (input) => guarded(() => approvalStatus(deps, input)),
    voidApproval: (input) => ours(input, () => voidApproval(deps, input)),
    confirmAlert: (input) => told(input, () => confirmAlert(deps, attempt(), input)),
    confirmStep: (input) => told(input, () => confirmStep(deps, attempt(), input)),
    settleByPerson: (input) => told(input, () => settleByPerson(deps, attempt(), input)),
    standDown: (input) => told(input, () => standDown(deps, attempt(), input)),
    chooseTargets: (input) => ours(input, () => chooseTargets(deps, input)),
    record: (input) =>
      ours(input, async () => {
        await begin(deps, input);
        await deps.store.alerts.drain(input.incidentId);
      }),
    writePostmortem: (input) => ours(input, () => writePostmortem(deps, input)),
    closeIncident: (input) => ours(input, () => closeIncident(deps, input)),
    watchContainments: (input) => guarded(() => watchContainments(deps, attempt(), input)),
    reconcile: () => guarded(() => deps.reconcile()),
    sync: () => guarded(() => deps.sync(attempt())),
  };
}

/** What is called on the queue of a credential that changes something: nothing else is registered there. */
export function writingActivities(
  deps: ActivityDependencies,
): Pick<Activities, 'act' | 'runStretch' | 'standDown' | 'watchContainments'> {
  const all = createActivities(deps);
  return {
    act: (input) => all.act(input),
    runStretch: (input) => all.runStretch(input),
    standDown: (input) => all.standDown(input),
    watchContainments: (input) => all.watchContainments(input),
  };
}
