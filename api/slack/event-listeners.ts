import type { App, webApi } from '@slack/bolt';
import { toAppError } from '../../domain/error.ts';
import { escapeMrkdwn } from '../../render/slack.ts';
import type { SlackDesk, SlackLog, SlackUser } from './door.ts';
import { homeOf, publishHome } from './home.ts';
import { openedHomeOf, reactedOf } from './payload-schema.ts';
import { noteByReaction, STOPWATCH, type SaidMessage } from './reaction.ts';
import { readMessage } from './reading.ts';
import { apologise, isFinal, slackId } from './words.ts';

/** What the listeners of events work with. */
export interface Listening {
  readonly app: App;
  readonly desk: SlackDesk;
  readonly log: SlackLog;
}

/** What follows an acknowledgement and is lost with the process: nothing depends on it. */
function afterwards(log: SlackLog, work: () => Promise<unknown>): void {
  work().catch((error: unknown) => {
    log.warn({ code: toAppError(error).code }, 'Slack was not shown what happened');
  });
}

/** What a reaction came to. What would fail again is told; everything else is raised, so that Slack delivers the event again. */
function onReaction({ app, desk, log }: Listening): void {
  app.event('reaction_added', async ({ event, body, client }) => {
    if (event.reaction !== STOPWATCH) return;
    const reacted = reactedOf(body);
    if (reacted === null) return;
    const { channel, who } = reacted;
    let thread: { readonly thread_ts?: string } = {};
    const read = async (): Promise<SaidMessage> => {
      const said = await readMessage(client, reacted);
      if (said.threadTs !== null) thread = { thread_ts: said.threadTs };
      return said;
    };
    const told = await noteByReaction(desk, reacted, read).catch((error: unknown) => {
      if (!isFinal(error)) throw error;
      return apologise(log, error, slackId('event', body.event_id));
    });
    if (told === null) return;
    const text = escapeMrkdwn(told);
    afterwards(log, () => client.chat.postEphemeral({ channel, user: who.user, text, ...thread }));
  });
}

/** The home of the app is read before the event is acknowledged, and shown afterwards. */
function onHome({ app, desk, log }: Listening): void {
  app.event('app_home_opened', async ({ event, body, client }) => {
    if (event.tab !== 'home') return;
    const opened = openedHomeOf(body);
    if (opened === null) return;
    const { who, hash } = opened;
    const readAgain = () => homeOf(desk, who);
    const view = await readAgain();
    afterwards(log, () => publishHome(client, who.user, { view, hash, readAgain }));
  });
}

/** Shows somebody their home as it stands after their answer. */
export function refreshHome(
  { desk, log }: Pick<Listening, 'desk' | 'log'>,
  client: webApi.WebClient,
  who: SlackUser,
): void {
  const readAgain = () => homeOf(desk, who);
  afterwards(log, async () => {
    await publishHome(client, who.user, { view: await readAgain(), hash: null, readAgain });
  });
}

/** Registers what follows from events: a reaction to a message, and the home of the app. */
export function listenToEvents(listening: Listening): void {
  onReaction(listening);
  onHome(listening);
}
