import type { AckFn, types } from '@slack/bolt';
import { toAppError } from '../../domain/error.ts';
import type { SlackDesk, SlackLog } from './door.ts';
import { inTime } from './in-time.ts';
import { sayingView } from './open-view.ts';
import { apologise, NOT_CONFIRMED } from './words.ts';

/** What becomes of a form: a view that says it, or what is wrong with a field. */
type FormEnd = { readonly view: types.ModalView } | { readonly errors: Record<string, string> };

function saying(text: string): FormEnd {
  return { view: sayingView(text) };
}

/** Carries a form out; what the person can mend is told beside its field. Raises nothing. */
export async function endOfForm(
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

type FormReply = AckFn<
  | { readonly response_action: 'update'; readonly view: types.ModalView }
  | { readonly response_action: 'errors'; readonly errors: Record<string, string> }
>;

/** Answers a form within the three seconds; what takes longer is shown in it afterwards. */
export async function acknowledgeForm(
  working: Promise<FormEnd>,
  shown: {
    readonly desk: Pick<SlackDesk, 'limits'>;
    readonly ack: FormReply;
    readonly show: (view: types.ModalView) => Promise<unknown>;
  },
): Promise<void> {
  const { desk, ack, show } = shown;
  const first = await inTime(working, desk);
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
