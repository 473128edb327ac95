/** How Slack reaches us: over a socket that we open, or by requests that it signs. */
export type SlackWay =
  | { readonly kind: 'socket'; readonly appToken: string }
  | { readonly kind: 'http'; readonly signingSecret: string };

/** How to reach Slack, and how it reaches us. */
export interface SlackSettings {
  readonly botToken: string;
  /** Null: we only post, and a card has no buttons. */
  readonly way: SlackWay | null;
  readonly channel: string;
  /** Base URL of Slack's API; null is the real one. */
  readonly apiUrl: string | null;
}
