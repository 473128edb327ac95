// Goal: the demo shows a card as people read it in Slack. Method: the real card of an approval, laid out.
import { expect, test } from '@jest/globals';
import { actions, context, fields, header, section, type SlackBlock } from '../render/slack.ts';
import { cardText } from './demo-messages.ts';

test('a card has its title, its fields, its words and its buttons in order', () => {
  const button = (text: string) =>
    ({
      type: 'button',
      text: { type: 'plain_text', text, emoji: false },
      action_id: text,
    }) as const;
  const blocks: readonly SlackBlock[] = [
    header('Approval: Go back'),
    fields([['Class', 'R3']]),
    section('restore: Move alias\nUndo: back'),
    context('Plan digest abc'),
    ...actions([button('Approve'), button('Reject…')]),
  ];
  expect(cardText(blocks)).toBe(
    [
      'Approval: Go back\n─────────────────',
      'Class: R3',
      'restore: Move alias\nUndo: back',
      'Plan digest abc',
      '[ Approve ]  [ Reject… ]',
    ].join('\n\n'),
  );
});
