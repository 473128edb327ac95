import { messagesFor } from '../../activities/message-rows.ts';
import type { CarriedMessage } from '../../activities/run-reference.ts';
import type { ChangeView } from '../../api/schema/rule.ts';
import type { Json } from '../../domain/json.ts';
import type { RuleRevision } from '../../domain/rules.ts';
import type { Store } from '../../store/tables.ts';

/** What telling people about the rules needs. */
export interface AnnouncementOptions {
  /** Writes messages: the worker's rights. */
  readonly messages: Pick<Store, 'messages'>;
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
}

const LINES_MAX = 40;
const VALUE_CHARACTERS_MAX = 160;

function valueText(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}

/** What a change changes, one line each, at most 40. */
function differenceText({ differences, differencesLeftOut }: ChangeView): string {
  const lines = differences
    .slice(0, LINES_MAX)
    .map(
      ({ path, before, after }) => `${path.join('.')}: ${valueText(before)} → ${valueText(after)}`,
    );
  const more = differences.length - lines.length + differencesLeftOut;
  return [...lines, ...(more > 0 ? [`and ${more.toString()} more`] : [])].join('\n');
}

function messageOf(change: ChangeView): CarriedMessage | null {
  const { id, status, statusReason, proposedBy, notBefore } = change;
  const by = proposedBy ?? 'The configuration file';
  switch (status) {
    case 'open':
      return {
        purpose: `rules/${id}/proposed`,
        subject: `${by} asks to change the rules: two people must approve it`,
        text:
          `Not before ${notBefore}, and only when a model owner and somebody of security approve exactly this:\n` +
          `firebreak config approve ${id}\nAnyone who may steer can stop it: firebreak config reject ${id} --reason WHY\n\n` +
          differenceText(change),
        mail: true,
      };
    case 'in-force':
      return {
        purpose: `rules/${id}/in-force`,
        subject: `The rules were changed: ${by} asked, ${change.approvedBy.join(' and ')} approved`,
        text: differenceText(change),
        mail: true,
      };
    case 'rejected':
      return {
        purpose: `rules/${id}/rejected`,
        subject: `A change of the rules was rejected: ${statusReason ?? 'no reason given'}`,
        text: differenceText(change),
        mail: true,
      };
    case 'void':
      return null;
  }
}

function tightened({ number, ground, by }: RuleRevision): CarriedMessage | null {
  if (ground !== 'tightened') return null;
  return {
    purpose: `rules/revision/${number.toString()}`,
    subject: `${by ?? 'The configuration file'} tightened the rules`,
    text: 'What only takes away is in force at once. See firebreak config changes.',
    mail: true,
  };
}

/** Tells people about the revision in force and these changes, each once, however often it is called. */
export async function announce(
  { messages, channels }: AnnouncementOptions,
  revision: RuleRevision | null,
  changes: readonly ChangeView[],
): Promise<void> {
  const told = [...(revision === null ? [] : [tightened(revision)]), ...changes.map(messageOf)];
  const carried = told.filter((one) => one !== null);
  await messages.messages.put(messagesFor({ channels }, null, carried));
}
