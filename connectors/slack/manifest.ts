import { z } from 'zod';
import { actionManifest, type ActionManifest, type Manifest } from '../connector.ts';
import type { Json } from '../../domain/json.ts';

const channelId = z.string().regex(/^[CGD][A-Z0-9]{2,30}$/, 'is not a Slack channel id');
const timestamp = z.string().regex(/^\d{1,12}\.\d{6}$/, 'is not a Slack timestamp');

/** Configuration of one Slack app in one workspace. */
export const slackConfig = z.strictObject({
  token: z.string().min(1).max(1_000).meta({ secret: true }).describe('Bot token.'),
  channel: channelId.describe('Channel id that messages go to when the playbook names none.'),
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Base address of the Web API; the public one by default.'),
});
/** A parsed configuration of one Slack app. */
export type SlackConfig = z.infer<typeof slackConfig>;

/** Characters after which Slack cuts a text. */
export const TEXT_MAX = 40_000;
/** Blocks that Slack takes in one message. */
export const BLOCKS_MAX = 50;

const block = z.record(z.string(), z.json());
const text = z.string().min(1).max(TEXT_MAX);

const postInput = z.strictObject({
  /** Slack mrkdwn, already escaped. */
  text,
  blocks: z.array(block).max(BLOCKS_MAX).optional(),
  /** Timestamp of the thread's parent, never of a reply. */
  threadTs: timestamp.optional(),
  channel: channelId.optional(),
});
/** Input of `post`. */
export type PostInput = z.infer<typeof postInput>;

const updateInput = z.strictObject({
  ts: timestamp,
  /** Slack mrkdwn, already escaped. */
  text,
  blocks: z.array(block).max(BLOCKS_MAX).optional(),
  channel: channelId.optional(),
  /** Idempotency key under which it was posted, of whoever alone edits it: it is then written without being read first. */
  postedAs: z.string().min(1).max(1_000).optional(),
});
/** Input of `update`. */
export type UpdateInput = z.infer<typeof updateInput>;

const MEMBERS_MAX = 100;
const PURPOSE_MAX = 250;

const openChannelInput = z.strictObject({
  name: z
    .string()
    .max(80)
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'is not a name that Slack takes'),
  isPrivate: z.boolean().default(false),
  purpose: z.string().min(1).max(PURPOSE_MAX),
});
/** Input of `open-channel`. */
export type OpenChannelInput = z.infer<typeof openChannelInput>;

const inviteInput = z.strictObject({
  channel: channelId,
  members: z
    .array(z.string().regex(/^[UW][A-Z0-9]{1,20}$/, 'is not a Slack member id'))
    .min(1)
    .max(MEMBERS_MAX),
});
/** Input of `invite`. */
export type InviteInput = z.infer<typeof inviteInput>;

/** One Block Kit block. */
export type SlackBlock = Readonly<Record<string, Json>>;

/** Action `post`: one message, at most once per key. */
export const postManifest: ActionManifest<PostInput> = {
  title: 'Post a message',
  input: postInput,
  approvalClass: 'R0',
  claim: 'shared',
  reversible: {
    because: 'People have read it; a correction is another message.',
  },
  destroys: 'nothing',
  target: (input) => `Channel/-/${input.channel ?? 'default'}`,
};

/** Action `update`: the text of our own message. */
export const updateManifest: ActionManifest<UpdateInput> = {
  title: 'Edit our own message',
  input: updateInput,
  approvalClass: 'R0',
  claim: 'shared',
  reversible: { because: 'People have read it; a correction is another edit.' },
  destroys: 'nothing',
  target: (input) => `Message/${input.channel ?? 'default'}/${input.ts}`,
};

/** Action `open-channel`: a channel of ours, once per name. */
export const openChannelManifest: ActionManifest<OpenChannelInput> = {
  title: 'Open a channel',
  input: openChannelInput,
  approvalClass: 'R0',
  claim: 'shared',
  reversible: { because: 'People have written in it; who wants it gone archives it.' },
  destroys: 'nothing',
  target: (input) => `Channel/-/${input.name}`,
};

/** Action `invite`: members into a channel. */
export const inviteManifest: ActionManifest<InviteInput> = {
  title: 'Invite members to a channel',
  input: inviteInput,
  approvalClass: 'R0',
  claim: 'shared',
  reversible: { because: 'They have read what is there.' },
  destroys: 'nothing',
  target: (input) => `Channel/-/${input.channel}`,
};

/** What the Slack connector offers. */
export const manifest: Manifest = {
  name: 'slack',
  title: 'Slack',
  lastResort: [
    `curl -X POST https://slack.com/api/auth.revoke -H 'authorization: Bearer <bot token>'`,
  ],
  config: slackConfig,
  actions: {
    post: actionManifest(postManifest),
    update: actionManifest(updateManifest),
    'open-channel': actionManifest(openChannelManifest),
    invite: actionManifest(inviteManifest),
  },
  probes: {},
};
