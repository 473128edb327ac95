import type { AnyAction, Connector } from '../connectors/connector.ts';
import type { Configuration } from '../domain/configuration.ts';
import { AppError, invariant, toAppError } from '../domain/error.ts';
import { newFact } from '../domain/fact.ts';
import { rolesOnModel } from '../domain/grant.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { Json } from '../domain/json.ts';
import { lasts } from '../domain/lasting-failure.ts';
import { CHANNEL_OPENED } from '../domain/message.ts';
import { ANSWERING_ROLES, STEERING_ROLES } from '../domain/admission.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { visibleCut } from '../render/visible.ts';
import type { IncidentChannel } from '../store/incident-channel-table.ts';
import type { Store } from '../store/tables.ts';
import type { SlackPace } from './slack-pace.ts';
import { tell } from './tell.ts';

/** What incidents are given channels with. */
export interface IncidentChannelsOptions {
  readonly store: Pick<
    Store,
    'incidentChannels' | 'incidents' | 'messages' | 'people' | 'transaction'
  >;
  readonly slack: Connector;
  /** Id of the channel where incidents without their own are told. */
  readonly common: string;
  readonly kind: Configuration['slackIncidentChannels'];
  /** What the rules say runs where: by it people hold roles on an incident. */
  readonly written: () => readonly InventoryEntry[];
  readonly now: () => Date;
  /** Shared with what sends messages: when Slack asks to wait with channels, those go on. */
  readonly pace: SlackPace;
}

/** In the details of what `of` raises while Slack asks to wait with channels: the messages themselves may go. */
export const ABOUT_CHANNELS = { slackVerb: 'channel' } as const;

/** Names that are tried: one that somebody else took is left to them. */
const NAMES_MAX = 3;
const NAME_MAX = 80;
const TITLE_MAX = 40;
const PURPOSE_MAX = 250;
const DIGEST_CHARACTERS = 6;
const MEMBERS_MAX = 100;

/** The name of an incident's channel: its number for people, a digest of its id so that no other incident ever has it. */
export function channelNameOf(
  { id, number, title }: Pick<Incident, 'id' | 'number' | 'title'>,
  attempt: number,
): string {
  const words = title
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .slice(0, TITLE_MAX)
    .replace(/^-+|-+$/gu, '');
  const parts = [
    ...['inc', number.toString(), words, sha256Hex(id).slice(0, DIGEST_CHARACTERS)],
    ...(attempt === 1 ? [] : [attempt.toString()]),
  ];
  return parts
    .filter((part) => part !== '')
    .join('-')
    .slice(0, NAME_MAX);
}

function waiting(cause: unknown): AppError {
  const details = ABOUT_CHANNELS;
  return new AppError('rate_limited', 'Slack asks to wait with channels.', { details, cause });
}

/** Decides where an incident is told in Slack: once, before its first message. */
export class IncidentChannels {
  private readonly options: IncidentChannelsOptions;

  constructor(options: IncidentChannelsOptions) {
    this.options = options;
  }

  /**
   * The channel where an incident is told: its own, opened at the first asking, else the common one. Raises what Slack raises for now
   * (`unavailable`, `outcome_unknown`, `rate_limited`); what it refuses for good is recorded, and the common one taken.
   */
  async of(incidentId: string | null): Promise<string> {
    const { store, common, kind } = this.options;
    if (incidentId === null) return common;
    const standing = await store.incidentChannels.get(incidentId);
    if (standing !== null) return this.standing(standing);
    if (kind === 'none') return common;
    // What is told in the common channel already goes on there.
    if ((await store.messages.threadParent(incidentId, 'slack')) !== null) return common;
    const incident = await store.incidents.get(incidentId);
    return incident === null ? common : this.standing(await this.open(incident));
  }

  private async standing(channel: IncidentChannel): Promise<string> {
    if (channel.channelId === null) return this.options.common;
    if (!channel.invited) await this.invite(channel.incidentId, channel.channelId);
    return channel.channelId;
  }

  /** Opens a channel under the first name that is nobody else's, and says where it is in the common one. */
  private async open(incident: Incident): Promise<IncidentChannel> {
    let problem = '';
    for (let attempt = 1; attempt <= NAMES_MAX; attempt += 1) {
      const name = channelNameOf(incident, attempt);
      try {
        const channelId = await this.opened(incident, name);
        return await this.record(incident, { channelId, name, problem: null });
      } catch (error) {
        const { code, message } = toAppError(error);
        // Then the common channel has to do.
        if (!lasts(code)) throw error;
        problem = message;
        if (code !== 'conflict') break;
      }
    }
    return this.record(incident, { channelId: null, name: null, problem });
  }

  private opened({ id, number, title }: Incident, name: string): Promise<string> {
    const isPrivate = this.options.kind === 'private';
    const purpose = visibleCut(`Incident #${number.toString()}: ${title}`, PURPOSE_MAX);
    return this.tell('open-channel', { name, isPrivate, purpose }, id);
  }

  private record(
    { id, number, title }: Incident,
    channel: Pick<IncidentChannel, 'channelId' | 'name' | 'problem'>,
  ): Promise<IncidentChannel> {
    const { store, common } = this.options;
    const { channelId, name, problem } = channel;
    const summary =
      channelId === null
        ? `No Slack channel of its own: ${problem ?? ''}`
        : `Told in the Slack channel ${name ?? ''}.`;
    return store.transaction(async (tables) => {
      const standing = await tables.incidentChannels.put({ incidentId: id, ...channel });
      if (channelId !== null) {
        const subject = `#${number.toString()} ${title}`;
        await tables.messages.put([
          {
            ...{ incidentId: id, channel: 'slack', purpose: CHANNEL_OPENED, subject, text: '' },
            slackChannel: common,
          },
        ]);
      }
      await tables.facts.append(id, [
        newFact({
          key: 'slack/channel',
          kind: 'message.channel',
          summary,
          data: { name, problem },
        }),
      ]);
      return standing;
    });
  }

  /** Invites whoever may act on the incident. What Slack refuses for now is tried with the next message; nothing waits for it. */
  private async invite(incidentId: string, channel: string): Promise<void> {
    const { store } = this.options;
    const members = await this.members(incidentId);
    try {
      if (members.length > 0)
        await this.tell('invite', { channel, members: [...members] }, incidentId);
    } catch (error) {
      if (!lasts(toAppError(error).code)) return;
    }
    await store.incidentChannels.invited(incidentId);
  }

  private async members(incidentId: string): Promise<readonly string[]> {
    const { store, written } = this.options;
    const [incident, people] = await Promise.all([
      store.incidents.get(incidentId),
      store.people.list(),
    ]);
    const wanted: readonly string[] = [...STEERING_ROLES, ...ANSWERING_ROLES];
    return people
      .filter(({ active }) => active)
      .filter((person) =>
        rolesOnModel(person, incident?.model ?? null, written()).some((role) =>
          wanted.includes(role),
        ),
      )
      .flatMap(({ slackUser }) => slackUser?.split('/')[1] ?? [])
      .slice(0, MEMBERS_MAX);
  }

  private async tell(
    name: 'open-channel' | 'invite',
    input: Json,
    incidentId: string,
  ): Promise<string> {
    const { slack, now, pace } = this.options;
    if (pace.rests('channel')) throw waiting(null);
    const action: AnyAction | undefined = slack.actions[name];
    invariant(action !== undefined, `Slack has the action ${name}`);
    try {
      return await tell(action, input, { incidentId, key: `${incidentId}/slack/${name}`, now });
    } catch (error) {
      const { code, retryAfterMs } = toAppError(error);
      if (code !== 'rate_limited') throw error;
      pace.limited('channel', retryAfterMs);
      throw waiting(error);
    }
  }
}
