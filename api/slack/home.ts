import type { webApi } from '@slack/bolt';
import type { Approval } from '../../domain/approval.ts';
import { quorumNeeded } from '../../domain/approval-class.ts';
import { isAppError } from '../../domain/error.ts';
import { rolesToDecide } from '../../domain/grant.ts';
import type { Incident } from '../../domain/incident.ts';
import {
  sayingHome,
  slackHome,
  type HomeView,
  type WaitingApproval,
} from '../../render/slack-home.ts';
import type { Store, Tables } from '../../store/tables.ts';
import { READERS, requireRole, type Caller } from '../auth.ts';
import { seenModels } from '../sight.ts';
import { OPEN_STATES } from './commands.ts';
import type { SlackDesk, SlackUser } from './door.ts';
import { slackCaller } from './identity.ts';
import { wordOf } from './reading.ts';

/** So many of each are read; more are told as such. */
const READ_MAX = 100;

/** What of open approvals waits for somebody: their roles count on all of it, and they have not said yes. */
async function waitingFor(
  store: Pick<Store, 'together'>,
  approvals: readonly Approval[],
  by: { readonly caller: Caller; readonly written: ReturnType<SlackDesk['holding']['written']> },
): Promise<readonly WaitingApproval[]> {
  const { person } = by.caller;
  const asked = await store.together((tables) =>
    Promise.all(approvals.map((approval) => standingOf(tables, approval))),
  );
  return asked.flatMap(({ approval, incident, saidYes }) => {
    if (incident === null || saidYes.includes(person.id)) return [];
    const roles = rolesToDecide(person, { incident, approval }, by.written);
    const wanted = quorumNeeded(approval).roles;
    return roles.some((role) => wanted.includes(role))
      ? [{ approval, incidentNumber: incident.number }]
      : [];
  });
}

async function standingOf(
  { incidents, decisions }: Tables,
  approval: Approval,
): Promise<{
  readonly approval: Approval;
  readonly incident: Incident | null;
  readonly saidYes: readonly string[];
}> {
  const [incident, yes] = await Promise.all([
    incidents.get(approval.incidentId),
    decisions.approvalsOf(approval.id),
  ]);
  const counted = yes.filter(({ outcome }) => outcome !== 'refused');
  return { approval, incident, saidYes: counted.map(({ actor }) => actor.person) };
}

/**
 * The home of the app as somebody may see it now; whom we do not know reads what to give to an administrator. Raises what the store
 * raises.
 */
export async function homeOf(desk: SlackDesk, who: SlackUser): Promise<HomeView> {
  const { store, holding, clock } = desk;
  try {
    const caller = await slackCaller(store.people, who);
    requireRole(caller, READERS, 'object');
    const models = seenModels(desk, caller);
    const page = { cursor: null, limit: READ_MAX };
    const [incidents, approvals] = await Promise.all([
      store.incidents.list({ states: OPEN_STATES, models }, page),
      store.approvals.list({ status: 'open', incidentId: null, models }, page),
    ]);
    const now = clock();
    const alive = approvals.items.filter(({ expiresAt }) => Date.parse(expiresAt) > now.getTime());
    const waiting = await waitingFor(store, alive, { caller, written: holding.written() });
    return slackHome({
      approvals: { items: waiting, isAll: approvals.next === null },
      incidents: { items: incidents.items, isAll: incidents.next === null },
      at: now.toISOString(),
    });
  } catch (error) {
    if (isAppError(error) && error.code === 'unauthorized') return sayingHome(error.message);
    throw error;
  }
}

/**
 * Publishes somebody's home over what they saw (`hash`; null over anything). When another process published since, it is read again and
 * stands above what that one read. Raises what Slack and the store raise.
 */
export async function publishHome(
  client: webApi.WebClient,
  user: string,
  home: {
    readonly view: HomeView;
    readonly hash: string | null;
    readonly readAgain: () => Promise<HomeView>;
  },
): Promise<void> {
  const { view, hash, readAgain } = home;
  const publish = (shown: HomeView, over: object): Promise<unknown> =>
    client.apiCall('views.publish', { user_id: user, view: shown, ...over });
  try {
    await publish(view, hash === null ? {} : { hash });
  } catch (error) {
    if (wordOf(error) !== 'hash_conflict') throw error;
    await publish(await readAgain(), {});
  }
}
