/** Where an incident is told in Slack. */
export interface IncidentChannel {
  readonly incidentId: string;
  /** Id of a channel of its own; null: the common one. */
  readonly channelId: string | null;
  readonly name: string | null;
  /** Why it has none of its own; null when it has. */
  readonly problem: string | null;
  /** True once people were invited, or Slack refused to. */
  readonly invited: boolean;
}

/** What can be done with the channels of incidents. */
export interface IncidentChannelTable {
  get(incidentId: string): Promise<IncidentChannel | null>;
  /** Writes where an incident is told, once: answers what stands. Raises `conflict` for a channel of another incident. */
  put(channel: Omit<IncidentChannel, 'invited'>): Promise<IncidentChannel>;
  invited(incidentId: string): Promise<void>;
  /** The incident whose own channel this is; null for every other one. */
  incidentIn(channelId: string): Promise<string | null>;
}
