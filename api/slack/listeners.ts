import type { AckFn, App, RespondArguments, RespondFn, types, ViewSubmitAction } from '@slack/bolt';
import { z } from 'zod';
import { isAppError, toAppError } from '../../domain/error.ts';
import { escapeMrkdwn } from '../../render/slack.ts';
import { requireRole, STEERERS } from '../auth.ts';
import { carryOutCommand, openFromSlack } from './commands.ts';
import type { SlackDesk, SlackLog } from './door.ts';
import { slackCaller } from './identity.ts';
import { inTime } from './in-time.ts';
import {
  OPEN_VIEW,
  openView,
  openWords,
  sayingView,
  SUSPECT,
  suspectChoices,
} from './open-view.ts';
import { filledOf, whoOf } from './payload-schema.ts';
import { apologyOf, NOT_CONFIRMED, slackId, wordsOf } from './words.ts';

/** What the listeners work with. */
export interface Listening {
  readonly app: App;
  readonly desk: SlackDesk;
  readonly log: SlackLog;
}

const COMMAND = '/firebreak';
const NO_FORM = `Slack did not open the form. Type ${COMMAND} open <what is wrong> instead.`;
/** The field beside which a form shows what is not about another one. */
const WHAT = 'what';

const envelope = z.object({ envelopeId: z.string().min(1) });

/** An answer that only the person sees, and in which nothing is a mention or a link. */
function privately(text: string): RespondArguments & { readonly response_type: 'ephemeral' } {
  return { text: escapeMrkdwn(text), response_type: 'ephemeral' };
}

/** The words of a failure, which is told to the log as well. */
function apologise(log: SlackLog, error: unknown, requestId: string): string {
  log.warn({ code: toAppError(error).code, requestId }, 'a request from Slack was not carried out');
  return apologyOf(error);
}

/** Answers within the three seconds: the outcome once it is committed, else that it is open, and the outcome later. */
async function acknowledge(
  working: Promise<string>,
  { ack, respond }: { readonly ack: AckFn<RespondArguments>; readonly respond: RespondFn },
): Promise<void> {
  const first = await inTime(working);
  try {
    await ack(privately(first ?? NOT_CONFIRMED));
    if (first !== null) return;
  } catch {
    // The connection went in between: the answer goes by the response address.
  }
  await respond(privately(await working));
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
        requireRole(await slackCaller(desk.store.people, who), STEERERS);
        await client.views.open({ trigger_id: trigger, view: openView(desk) });
        await ack();
      } catch (error) {
        const told = isAppError(error) ? apologyOf(error) : NO_FORM;
        log.warn({ code: toAppError(error).code, requestId }, 'a form was not opened in Slack');
        await ack(privately(told));
      }
      return;
    }
    const working = carryOutCommand(desk, { words, who, requestId }).catch((error: unknown) =>
      apologise(log, error, requestId),
    );
    await acknowledge(working, { ack, respond });
  });
}

/** Choices for a field, while a person types; somebody whom we do not know sees none. */
function onChoices({ app, desk }: Listening): void {
  app.options(SUSPECT, async ({ body, ack }) => {
    const typed = wordsOf(body.value);
    const known = await slackCaller(desk.store.people, whoOf(body)).then(
      () => true,
      () => false,
    );
    await ack({ options: known ? suspectChoices(desk.inventory(), typed) : [] });
  });
}

/** What becomes of a form: a view that says it, or what is wrong with a field. */
type FormEnd = { readonly view: types.ModalView } | { readonly errors: Record<string, string> };

function saying(text: string): FormEnd {
  return { view: sayingView(text) };
}

/** Carries a form out; what the person can mend is told beside its field. */
async function endOfForm(
  log: SlackLog,
  work: {
    readonly viewId: string;
    readonly fields: readonly string[];
    readonly run: () => Promise<string>;
  },
): Promise<FormEnd> {
  const { viewId, fields, run } = work;
  try {
    return saying(await run());
  } catch (error) {
    const told = apologise(log, error, viewId);
    const { code, field } = toAppError(error);
    const [first = ''] = fields;
    if (code !== 'invalid' && code !== 'too_large') return saying(told);
    return { errors: { [fields.find((one) => one === field) ?? first]: told } };
  }
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
          requireRole(caller, STEERERS);
          // One form opens one incident, however often it is delivered.
          const requestId = slackId('view', viewId);
          const text = openWords(desk.inventory(), filled);
          return openFromSlack(desk, { caller, text, requestId });
        },
      });
      await acknowledgeForm(working, {
        ack,
        show: (view) => client.views.update({ view_id: viewId, view }),
      });
    },
  );
}

type FormReply = AckFn<
  | { readonly response_action: 'update'; readonly view: types.ModalView }
  | { readonly response_action: 'errors'; readonly errors: Record<string, string> }
>;

/** Answers a form within the three seconds; what takes longer is shown in it afterwards. */
async function acknowledgeForm(
  working: Promise<FormEnd>,
  {
    ack,
    show,
  }: { readonly ack: FormReply; readonly show: (view: types.ModalView) => Promise<unknown> },
): Promise<void> {
  const first = await inTime(working);
  try {
    const end = first ?? saying(NOT_CONFIRMED);
    if ('errors' in end) await ack({ response_action: 'errors', errors: end.errors });
    else await ack({ response_action: 'update', view: end.view });
    if (first !== null) return;
  } catch {
    // The connection went in between: the form is changed by a call of our own.
  }
  const end = await working;
  await show('view' in end ? end.view : sayingView(Object.values(end.errors).join(' ')));
}

/** Registers everything that people can do in Slack. */
export function listen(listening: Listening): void {
  const { app, log } = listening;
  onCommand(listening);
  onChoices(listening);
  onOpened(listening);
  app.error((error) => {
    log.warn({ code: error.code }, 'a request from Slack was not answered');
    return Promise.resolve();
  });
}
