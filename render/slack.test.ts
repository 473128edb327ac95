// Goal: outside text mentions nobody, disguises no link and breaks no limit of Slack.
// Method: hostile text in every field of every message that we build; the whole message is walked.
import { describe, expect, test } from '@jest/globals';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { approval, incident } from '../domain/sample-incident.ts';
import {
  approvalCard,
  escapeMrkdwn,
  milestone,
  SLACK_LIMITS,
  statusCard,
  type SlackMessage,
} from './slack.ts';

const named = HOSTILE_TEXTS.map((text): [string, string] => [
  JSON.stringify(text.slice(0, 40)),
  text,
]);
const URL_HERE = 'https://firebreak.example/incidents/1';

interface Sized {
  readonly path: string;
  readonly text: string;
}

function texts(value: unknown, path: string): readonly Sized[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
}

function expectSendable(message: SlackMessage): void {
  expect(message.blocks.length).toBeLessThanOrEqual(SLACK_LIMITS.blocks);
  expect(message.text.length).toBeLessThanOrEqual(SLACK_LIMITS.text);
  expect(message.text).not.toMatch(/[<>]/u);
  expect(message).toMatchObject({ unfurl_links: false, unfurl_media: false });
  const sized = texts(message.blocks, '');
  expect(sized.filter(({ text }) => text.length > SLACK_LIMITS.section)).toEqual([]);
  expect(sized.filter(({ text }) => text.trim() === '')).toEqual([]);
  expect(sized.filter(({ path, text }) => path.endsWith('.type') && text === 'mrkdwn')).toEqual([]);
  for (const block of message.blocks) {
    if (block.type === 'header')
      expect(block.text.text.length).toBeLessThanOrEqual(SLACK_LIMITS.header);
  }
}

describe('slack', () => {
  test.each(named)('%s in every field', (_name, text) => {
    const hostile = { ...incident, title: text, model: text, owner: text, stateReason: text };
    expectSendable(statusCard({ incident: hostile, can: [text, text], url: URL_HERE }));
    expectSendable(milestone(text, text));
    const plan = {
      ...approval.plans[0],
      operation: text,
      target: text,
      summary: text,
      undo: text,
      round: 1,
      digest: 'd',
      action: text,
      approvalClass: 'R3' as const,
    };
    const asked = { ...approval, title: text, plans: Array.from({ length: 80 }, () => plan) };
    expectSendable(approvalCard({ approval: asked, url: URL_HERE, decide: true }));
  });

  test.each([
    ['<!channel>', '&lt;!channel&gt;'],
    ['<http://a|b>', '&lt;http://a|b&gt;'],
    ['&lt;', '&amp;lt;'],
    ['a\nb', 'a\nb'],
  ])('escapes %j', (text, escaped) => {
    expect(escapeMrkdwn(text)).toBe(escaped);
  });

  test('an approval card shows each plan, its undo and the digest; its buttons answer this plan only', () => {
    const card = approvalCard({ approval, url: null, decide: true });
    const all = texts(card.blocks, '').map(({ text }) => text);
    for (const plan of approval.plans) {
      expect(all.some((text) => text.includes(plan.summary) && text.includes(plan.undo))).toBe(
        true,
      );
    }
    expect(all).toContain(`Plan digest ${approval.planDigest}`);
    expect(all.filter((text) => text === `${approval.id} ${approval.planDigest}`)).toHaveLength(2);
  });

  test('a card that is cut says so', () => {
    const many = { ...approval, plans: Array.from({ length: 200 }, () => approval.plans).flat() };
    const card = approvalCard({ approval: many, url: null, decide: false });
    expectSendable(card);
    expect(JSON.stringify(card)).toContain('more plans: read them all');
  });
});
