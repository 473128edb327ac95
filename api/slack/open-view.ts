import type { types } from '@slack/bolt';
import { AppError } from '../../domain/error.ts';
import { SEVERITIES } from '../../domain/incident.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import { plainText } from '../../render/slack.ts';
import type { SlackDesk } from './door.ts';
import type { Filled } from './payload-schema.ts';
import { slackId } from './words.ts';

/** By what Slack tells us which view was submitted. */
export const OPEN_VIEW = 'firebreak-open';
/** The field whose choices Slack asks us for while a person types. */
export const SUSPECT = 'suspect';

const TITLE_MAX = 24;
const LABEL_MAX = 75;
const CHOICES_MAX = 100;
const WHAT_MAX = 1_500;

type Option = types.PlainTextOption;

/** Something of the inventory that may be suspected. */
interface Suspect {
  /** Names it in the form; told back by Slack, and looked up again. */
  readonly id: string;
  readonly label: string;
  /** What is added to the person's words. */
  readonly words: string;
}

function suspectsOf(entry: InventoryEntry): readonly Suspect[] {
  const { model, serving, datasets } = entry;
  const of = (label: string, words: string): Suspect => ({ id: slackId(label), label, words });
  return [
    of(`model ${model}`, `model="${model}"`),
    ...serving.map(({ cluster, namespace, name }) =>
      of(`deployment ${namespace}/${name} at ${cluster} (${model})`, `model="${model}"`),
    ),
    ...datasets.map((dataset) =>
      of(`dataset ${dataset} (${model})`, `model="${model}" suspect="dataset:${dataset}"`),
    ),
  ];
}

function optionOf(text: string, value: string): Option {
  return { text: plainText(text, LABEL_MAX), value };
}

/** What of the inventory holds the typed letters, at most what Slack shows. */
export function suspectChoices(inventory: readonly InventoryEntry[], typed: string): Option[] {
  const wanted = typed.trim().toLowerCase();
  return inventory
    .flatMap(suspectsOf)
    .filter(({ label }) => label.toLowerCase().includes(wanted))
    .slice(0, CHOICES_MAX)
    .map(({ id, label }) => optionOf(label, id));
}

function choice(block: string, label: string, options: Option[]): types.InputBlock {
  return {
    type: 'input',
    block_id: block,
    optional: true,
    label: plainText(label, LABEL_MAX),
    element: { type: 'static_select', action_id: block, options },
  };
}

/** The form that `/firebreak open` shows. */
export function openView({ playbooks }: Pick<SlackDesk, 'playbooks'>): types.ModalView {
  const known = playbooks()
    .slice(0, CHOICES_MAX)
    .map(({ playbook: { name, title } }) => optionOf(`${name}: ${title}`, name));
  return {
    type: 'modal',
    callback_id: OPEN_VIEW,
    title: plainText('Open an incident', TITLE_MAX),
    submit: plainText('Open', TITLE_MAX),
    close: plainText('Cancel', TITLE_MAX),
    blocks: [
      {
        type: 'input',
        block_id: 'what',
        label: plainText('What is wrong?', LABEL_MAX),
        element: {
          type: 'plain_text_input',
          action_id: 'what',
          multiline: true,
          max_length: WHAT_MAX,
        },
      },
      {
        type: 'input',
        block_id: SUSPECT,
        optional: true,
        label: plainText('What do you suspect?', LABEL_MAX),
        hint: plainText('Type a part of the name of a model, deployment or dataset.', LABEL_MAX),
        element: { type: 'external_select', action_id: SUSPECT, min_query_length: 0 },
      },
      choice(
        'severity',
        'Severity (left out: what the route says)',
        SEVERITIES.map((severity) => optionOf(severity, severity)),
      ),
      // Slack refuses a list without choices.
      ...(known.length === 0
        ? []
        : [choice('playbook', 'Playbook (left out: what the route says)', known)]),
    ],
  };
}

/** A view that only says something, in place of the form that was sent. */
export function sayingView(text: string): types.ModalView {
  return {
    type: 'modal',
    title: plainText('Firebreak', TITLE_MAX),
    close: plainText('Close', TITLE_MAX),
    blocks: [{ type: 'section', text: plainText(text, SAID_MAX) }],
  };
}

const SAID_MAX = 3_000;

/** A form's words as `/firebreak open <words>` would have them. Raises `invalid`, naming the field. */
export function openWords(inventory: readonly InventoryEntry[], { values }: Filled): string {
  const { what, suspect, severity, playbook } = values;
  const chosen = inventory.flatMap(suspectsOf).find(({ id }) => id === suspect);
  if (typeof suspect === 'string' && chosen === undefined) {
    throw new AppError('invalid', 'This is no longer in the inventory: choose again.', {
      field: SUSPECT,
    });
  }
  return [
    what ?? '',
    ...(chosen === undefined ? [] : [chosen.words]),
    ...(typeof severity === 'string' ? [`severity="${severity}"`] : []),
    ...(typeof playbook === 'string' ? [`playbook="${playbook}"`] : []),
  ].join(' ');
}
