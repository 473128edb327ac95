import { approvalDetail, shownPlans } from '../api/approval-detail.ts';
import type { AnyAction, Connector } from '../connectors/connector.ts';
import { isAboutGlass } from '../domain/break-glass.ts';
import { markedTitle } from '../domain/drill.ts';
import { rungOf } from '../domain/escalation.ts';
import { type Json, parseJson } from '../domain/json.ts';
import { cardOf, cardPurpose, CHANNEL_OPENED, OPENED, type Message } from '../domain/message.ts';
import { milestone, type SlackMessage } from '../render/slack.ts';
import { channelNotice } from '../render/slack-channel.ts';
import { approvalCard } from '../render/slack-approval.ts';
import { statusCard } from '../render/slack-status.ts';
import type { Person } from '../store/person-table.ts';
import type { Store } from '../store/tables.ts';
import type { IncidentChannels } from './incident-channels.ts';
import { statusOf } from './status-view.ts';
import type { MailTry } from './mail-outcome.ts';

/** Where a message goes. */
interface Place {
  /** The first message of the thread; null stands alone. */
  readonly under: Message | null;
  /** True when what stood there is gone: an edit becomes a message. */
  readonly isAnew: boolean;
}

/** What can be done with a channel: which action sends a row, and its input as things stand now. */
export interface Lane {
  prepare(message: Message, place: Place): Promise<Prepared>;
}

/** A message that is ready to be sent. */
export interface Prepared {
  readonly action: AnyAction;
  readonly input: Json;
  /** Only of mail: who is to get it, and whom this try is for. */
  readonly mailTry: MailTry | null;
}

/** The tables that a message is made of. */
export type LaneStore = Pick<
  Store,
  | 'messages'
  | 'approvals'
  | 'operations'
  | 'decisions'
  | 'refusedAnswers'
  | 'escalations'
  | 'incidents'
  | 'people'
  | 'incidentChannels'
  | 'breakGlass'
>;

interface SlackLaneOptions {
  readonly store: LaneStore;
  /** Channel id; null uses the connector's own. */
  readonly channel: string | null;
  readonly decide: boolean;
  /** Where each incident is told; null: all in the one channel. */
  readonly channels: IncidentChannels | null;
}

function asJson(value: unknown): Json {
  return parseJson(JSON.stringify(value));
}

/** The members whom a rung of the ladder or broken glass calls, so that Slack tells each of them; nobody for every other message. */
async function mentioned(store: LaneStore, message: Message): Promise<readonly string[]> {
  const people = await calledBy(store, message);
  return people.flatMap(({ slackUser }) => slackUser?.split('/')[1] ?? []);
}

/** The active people whom a rung of the ladder calls, or broken glass: administrators; nobody for every other message. */
export async function calledBy(store: LaneStore, message: Message): Promise<readonly Person[]> {
  if (isAboutGlass(message)) {
    const everybody = await store.people.list();
    return everybody.filter(({ active, roles }) => active && roles.includes('admin'));
  }
  const named = rungOf(message);
  const rung = named === null ? null : await store.escalations.get(named.subject, named.rung);
  if (rung === null) return [];
  const people = await store.people.list();
  return people.filter(({ id, active }) => active && rung.people.includes(id));
}

/** The live card of an incident, or where its channel is; null for every other row. */
async function shownOfIncident(
  store: LaneStore,
  { incidentId, purpose, subject }: Message,
): Promise<SlackMessage | null> {
  if (incidentId === null) return null;
  if (purpose === CHANNEL_OPENED) {
    const own = await store.incidentChannels.get(incidentId);
    return channelNotice(subject, own?.channelId ?? null);
  }
  const status = purpose === OPENED ? await statusOf(store, incidentId, null) : null;
  return status === null ? null : statusCard(status);
}

/** What a row shows: the live card of its incident, the card of its approval as it stands now, or its words. */
async function shownOf(
  { store, decide }: SlackLaneOptions,
  message: Message,
): Promise<SlackMessage> {
  const ofIncident = await shownOfIncident(store, message);
  if (ofIncident !== null) return ofIncident;
  const card = cardOf(message);
  const approval = card === null ? null : await store.approvals.get(card.approvalId);
  if (approval === null) {
    const { subject, text } = message;
    return milestone(subject, text, await mentioned(store, message));
  }
  const [detail, incident] = await Promise.all([
    approvalDetail(store, approval),
    store.incidents.get(approval.incidentId),
  ]);
  const title =
    incident === null ? approval.title : `#${incident.number.toString()} ${approval.title}`;
  return approvalCard({
    approval: { ...approval, title: markedTitle(title, { drill: incident?.drill ?? false }) },
    plans: shownPlans(detail),
    approvedBy: detail.approvedBy,
    url: null,
    decide,
  });
}

/** The key under which a message of an incident is posted to Slack: it is found by it. */
export function slackKeyOf({
  incidentId,
  purpose,
}: Pick<Message, 'incidentId' | 'purpose'>): string {
  return `${incidentId ?? ENGINE}/slack/${purpose}`;
}

/** In place of an incident, for what is told about the engine itself. */
export const ENGINE = 'engine';

/** Slack's timestamp of the card that an edit is about, and its key; null when there is none to edit. */
async function editedCard(
  { messages }: LaneStore,
  message: Message,
): Promise<{ readonly ts: string; readonly postedAs: string } | null> {
  const card = cardOf(message);
  if (card?.isEdit !== true || message.incidentId === null) return null;
  const all = await messages.ofIncident(message.incidentId);
  const purpose = cardPurpose(card.approvalId);
  const row = all.find((one) => one.channel === 'slack' && one.purpose === purpose);
  return row === undefined || row.externalId === null
    ? null
    : { ts: row.externalId, postedAs: slackKeyOf(row) };
}

/** The way to Slack; null when it is not configured. */
export function slackLane(connector: Connector | null, options: SlackLaneOptions): Lane | null {
  const post = connector?.actions['post'];
  const update = connector?.actions['update'];
  if (!post || !update) return null;
  const { store, channel, channels } = options;
  return {
    prepare: async (message, { under, isAnew }) => {
      const { text, blocks } = await shownOf(options, message);
      const told = () => (channels === null ? channel : channels.of(message.incidentId));
      const where = message.slackChannel ?? (await told());
      const content = {
        text,
        blocks: asJson(blocks),
        ...(where === null ? {} : { channel: where }),
      };
      const card = isAnew ? null : await editedCard(store, message);
      if (card !== null) return { action: update, input: { ...content, ...card }, mailTry: null };
      const threadTs = under?.externalId ?? null;
      const input = threadTs === null ? content : { ...content, threadTs };
      return { action: post, input, mailTry: null };
    },
  };
}
