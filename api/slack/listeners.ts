import type {
  BlockButtonAction,
  MessageShortcut,
  RespondArguments,
  RespondFn,
  AckFn,
  ViewSubmitAction,
} from '@slack/bolt';
import { z } from 'zod';
import { isAppError, toAppError } from '../../domain/error.ts';
import { escapeMrkdwn } from '../../render/slack.ts';
import { ANSWER_BUTTONS } from '../../render/slack-approval.ts';
import { requireRole, STEERERS } from '../auth.ts';
import {
  approveFromSlack,
  askedOf,
  REASON,
  REJECT_VIEW,
  rejectFromSlack,
  rejectView,
  toldAtOnce,
  toldOf,
} from './answers.ts';
import { carryOutCommand, openFromSlack, type CommandAnswer } from './commands.ts';
import { seenModels } from '../sight.ts';
import type { SlackLog } from './door.ts';
import { listenToEvents, refreshHome, type Listening } from './event-listeners.ts';
import { slackCaller } from './identity.ts';
import { acknowledgeForm, endOfForm } from './form.ts';
import { inTime } from './in-time.ts';
import { NOTE_FIELDS, NOTE_SHORTCUT, NOTE_VIEW, noteFromSlack, noteView } from './message-note.ts';
import { OPEN_VIEW, openView, openWords, SUSPECT, suspectChoices } from './open-view.ts';
import { clickedOf, filledOf, whoOf } from './payload-schema.ts';
import { apologise, apologyOf, NOT_CONFIRMED, slackId, wordsOf } from './words.ts';

const COMMAND = '/firebreak';
const NO_FORM = `Slack did not open the form. Type ${COMMAND} open <what is wrong> instead.`;
const NO_FORM_HERE = 'Slack did not open the form. Try again, or use the CLI.';
/** The field beside which a form shows what is not about another one. */
const WHAT = 'what';

const envelope = z.object({ envelopeId: z.string().min(1) });

/** An answer that only the person sees, and in which nothing is a mention or a link. */
function privately(text: string): RespondArguments & { readonly response_type: 'ephemeral' } {
  return { text: escapeMrkdwn(text), response_type: 'ephemeral' };
}

/** The same beside a message, which stays as it is. */
function beside(text: string): RespondArguments {
  return { ...privately(text), replace_original: false };
}

/** Answers within the three seconds: what is committed, else that it is open; what comes out of it later, in a message of its own. */
async function acknowledge(
  working: Promise<CommandAnswer>,
  told: {
    readonly desk: Listening['desk'];
    readonly ack: AckFn<RespondArguments>;
    readonly respond: RespondFn;
  },
): Promise<void> {
  const { desk, ack, respond } = told;
  const first = await inTime(working, desk);
  const isHeard = await ack(privately(first?.text ?? NOT_CONFIRMED)).then(
    () => first !== null,
    // The connection went in between: the answer goes by the response address.
    () => false,
  );
  const { text, outcome } = await working;
  if (!isHeard) await respond(privately(text));
  if (outcome !== null) await respond(privately(await outcome()));
}

function onCommand({ app, desk, log }: Listening): void {
  app.command(COMMAND, async ({ command, ack, respond, context, client }) => {
    const { user_id: user, team_id: team, trigger_id: trigger } = command;
    // A redelivery has the same trigger; the envelope's own id is the fallback.
    const delivered = trigger === '' ? envelope.parse(context).envelopeId : trigger;
    const requestId = slackId(team, delivered);
    const words = wordsOf(command.text);
    const who = { team, user };
    if (words === 'open') {
      try {
        requireRole(await slackCaller(desk.store.people, who), STEERERS, 'object');
        await client.views.open({ trigger_id: trigger, view: openView(desk) });
        await ack();
      } catch (error) {
        const told = isAppError(error) ? apologyOf(error) : NO_FORM;
        log.warn({ code: toAppError(error).code, requestId }, 'a form was not opened in Slack');
        await ack(privately(told));
      }
      return;
    }
    const working = carryOutCommand(desk, { words, who, requestId }).catch((error: unknown) => ({
      text: apologise(log, error, requestId),
      outcome: null,
    }));
    await acknowledge(working, { desk, ack, respond });
  });
}

/** Choices for a field, while a person types; somebody whom we do not know sees none. */
function onChoices({ app, desk }: Listening): void {
  app.options(SUSPECT, async ({ body, ack }) => {
    const typed = wordsOf(body.value);
    const caller = await slackCaller(desk.store.people, whoOf(body)).catch(() => null);
    const models = caller === null ? [] : seenModels(desk, caller);
    const seen = desk.inventory().filter(({ model }) => models?.includes(model) ?? true);
    await ack({ options: suspectChoices(seen, typed) });
  });
}

function onOpened({ app, desk, log }: Listening): void {
  app.view<ViewSubmitAction>(
    { callback_id: OPEN_VIEW, type: 'view_submission' },
    async ({ body, ack, client }) => {
      const filled = filledOf(body);
      const { viewId } = filled;
      const working = endOfForm(log, {
        viewId,
        fields: [WHAT, SUSPECT, 'severity', 'playbook'],
        run: async () => {
          const caller = await slackCaller(desk.store.people, whoOf(body));
          requireRole(caller, STEERERS, 'object');
          // One form opens one incident, however often it is delivered.
          const requestId = slackId('view', viewId);
          const text = openWords(desk.inventory(), filled);
          return openFromSlack(desk, { caller, text, requestId });
        },
      });
      await acknowledgeForm(working, {
        ...{ desk, ack },
        show: (view) => client.views.update({ view_id: viewId, view }),
      });
    },
  );
}

/** A click is acknowledged once the row is committed, or when it takes too long; the person is told either way. */
function onApprove({ app, desk, log }: Listening): void {
  app.action<BlockButtonAction>(ANSWER_BUTTONS.approve, async ({ body, ack, respond, client }) => {
    const id = slackId('click', body.trigger_id);
    const deciding = (async () => {
      const who = whoOf(body);
      return approveFromSlack(desk, askedOf(clickedOf(body)), who);
    })();
    const working = deciding.then(
      (decision) => ({ decision }),
      (error: unknown) => ({ told: apologise(log, error, id) }),
    );
    const first = await inTime(working, desk);
    await acknowledged(ack, log);
    if (first === null) await respond(beside(NOT_CONFIRMED));
    const end = await working;
    if ('decision' in end) refreshHome({ desk, log }, client, whoOf(body));
    await respond(beside('told' in end ? end.told : await toldOf(desk, end.decision)));
  });
}

/** Opens a form and acknowledges in time: null when it is open, else what the person is told. */
async function openInTime(
  about: Pick<Listening, 'desk' | 'log'> & {
    readonly ack: () => Promise<void>;
    readonly requestId: string;
  },
  open: () => Promise<void>,
): Promise<string | null> {
  const { desk, ack, log, requestId } = about;
  const opening = open().then(
    () => ({ told: null }),
    (error: unknown) => {
      const told = apologise(log, error, requestId);
      return { told: isAppError(error) ? told : NO_FORM_HERE };
    },
  );
  await inTime(opening, desk);
  await acknowledged(ack, log);
  return (await opening).told;
}

/** An acknowledgement that is lost with its connection changes nothing of what is committed. */
async function acknowledged(ack: () => Promise<void>, log: SlackLog): Promise<void> {
  try {
    await ack();
  } catch (error) {
    log.warn({ code: toAppError(error).code }, 'an acknowledgement did not reach Slack');
  }
}

function onReject({ app, desk, log }: Listening): void {
  app.action<BlockButtonAction>(ANSWER_BUTTONS.reject, async ({ body, ack, respond, client }) => {
    const { trigger_id: trigger } = body;
    const requestId = slackId('click', trigger);
    const told = await openInTime({ desk, ack, log, requestId }, async () => {
      const view = await rejectView(desk, askedOf(clickedOf(body)), whoOf(body));
      await client.views.open({ trigger_id: trigger, view });
    });
    if (told !== null) await respond(beside(told));
  });
  app.view<ViewSubmitAction>({ callback_id: REJECT_VIEW, type: 'view_submission' }, (args) => {
    const filled = filledOf(args.body);
    const { viewId } = filled;
    const working = endOfForm(log, {
      viewId,
      fields: [REASON],
      run: async () => {
        const who = whoOf(args.body);
        const decision = await rejectFromSlack(desk, filled, who);
        refreshHome({ desk, log }, args.client, who);
        return toldAtOnce(decision);
      },
    });
    return acknowledgeForm(working, {
      ...{ desk, ack: args.ack },
      show: (view) => args.client.views.update({ view_id: viewId, view }),
    });
  });
}

/** "Add to incident" in the menu of a message. */
function onMessage({ app, desk, log }: Listening): void {
  app.shortcut<MessageShortcut>(NOTE_SHORTCUT, async ({ body, ack, respond, client }) => {
    const { trigger_id: trigger } = body;
    const requestId = slackId('click', trigger);
    const told = await openInTime({ desk, ack, log, requestId }, async () => {
      await client.views.open({ trigger_id: trigger, view: await noteView(desk, body) });
    });
    if (told !== null) await respond(privately(told));
  });
  app.view<ViewSubmitAction>({ callback_id: NOTE_VIEW, type: 'view_submission' }, (args) => {
    const filled = filledOf(args.body);
    const { viewId } = filled;
    const run = (): Promise<string> => noteFromSlack(desk, filled, whoOf(args.body));
    return acknowledgeForm(endOfForm(log, { viewId, fields: NOTE_FIELDS.toReversed(), run }), {
      ...{ desk, ack: args.ack },
      show: (view) => args.client.views.update({ view_id: viewId, view }),
    });
  });
}

/** The button that opens a page: Slack wants to hear that the click was heard. */
function onOpenPage({ app, log }: Listening): void {
  app.action('open', ({ ack }) => acknowledged(ack, log));
}

/** Registers everything that people can do in Slack. */
export function listen(listening: Listening): void {
  const { app, log } = listening;
  onCommand(listening);
  onChoices(listening);
  onOpened(listening);
  onApprove(listening);
  onReject(listening);
  onMessage(listening);
  onOpenPage(listening);
  listenToEvents(listening);
  app.error((error) => {
    log.warn({ code: error.code }, 'a request from Slack was not answered');
    // Raised on, so that whoever received it does not take it for acknowledged.
    return Promise.reject(error);
  });
}
