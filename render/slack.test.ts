// Goal: outside text mentions nobody, disguises no link and breaks no limit of Slack.
// Method: hostile text in every field of every message that we build; the whole message is walked.
import { describe, expect, test } from '@jest/globals';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import type { ReviewedBreak } from '../domain/break-glass.ts';
import type { InventoryEntry, ServingObject } from '../domain/inventory.ts';
import { approval, incident } from '../domain/sample-incident.ts';
import { approvalCard, type ApprovalCard } from './slack-approval.ts';
import { statusCard } from './slack-status.ts';
import { channelNotice } from './slack-channel.ts';
import { HOME_BLOCKS_MAX, sayingHome, slackHome } from './slack-home.ts';
import {
  escapeMrkdwn,
  milestone,
  SLACK_LIMITS,
  type SlackBlock,
  type SlackMessage,
} from './slack.ts';

const named = HOSTILE_TEXTS.map((text): [string, string] => [
  JSON.stringify(text.slice(0, 40)),
  text,
]);
const URL_HERE = 'https://firebreak.example/incidents/1';

const servingOf = (text: string): ServingObject => ({
  ...{ cluster: text, namespace: text, name: text, container: text },
  ...({ kind: 'Deployment', role: 'only' } as const),
});
const ENTRY: Omit<InventoryEntry, 'serving'> = {
  model: 'm',
  registryName: 'm',
  alias: 'champion',
  service: null,
  load: 'pinned-uri',
  replicas: 1,
  pipeline: null,
  datasets: [],
  datasetPointer: null,
  owner: 'mona',
  onIsolation: null,
  source: 'file',
  confidence: 'high',
};

interface Sized {
  readonly path: string;
  readonly text: string;
}

function texts(value: unknown, path: string): readonly Sized[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, `${path}.${key}`));
}

/** The home of somebody to whom very much is open. */
function homeOf(text: string): readonly SlackBlock[] {
  const open = { ...incident, title: text, model: text, owner: text };
  const waiting = { ...approval, title: text, expiresAt: text };
  const item = { approval: waiting, incidentNumber: 7 };
  return slackHome({
    approvals: { items: Array.from({ length: 90 }, () => item), isAll: false },
    incidents: { items: Array.from({ length: 90 }, () => open), isAll: true },
    at: '2026-11-23T10:00:00.000Z',
  }).blocks;
}

/** Broken glass whose review is owed. */
function brokenGlassOf(reason: string): ReviewedBreak {
  return {
    glassBreak: {
      ...{ id: 'brk_1', incidentId: incident.id, person: 'rex', reason, channel: 'cli' },
      ...{ brokenAt: '2026-11-23T09:20:00.000Z', endsAt: '2026-11-23T09:50:00.000Z' },
    },
    review: {
      ...{ id: 'brk_1', ownerRole: 'approver-security', dueAt: '2026-11-26T09:20:00.000Z' },
      ...{ closedAt: null, closedBy: null, finding: null },
    },
  };
}

/** A live card with hostile text in every field. */
function statusOf(text: string): SlackMessage {
  const hostile = {
    ...{ ...incident, title: text, model: text, owner: text, stateReason: text, suspect: text },
    playbookName: text,
    targets: {
      ...{ candidates: [], steps: [] },
      status: 'resolved' as const,
      entry: { ...ENTRY, serving: Array.from({ length: 30 }, () => servingOf(text)) },
    },
  };
  const states = ['verified', 'unverified', 'applied', 'planned'] as const;
  const effects = Array.from({ length: 80 }, (_, index) => ({
    ...{ containment: true, target: text, plan: { summary: text } },
    state: states[index % states.length] ?? 'verified',
  }));
  const asked = {
    ...{ ...approval, title: text, expiresAt: text },
    quorum: { people: 2, roles: approval.quorum.roles },
  };
  return statusCard({
    ...{ incident: hostile, effects, approvals: Array.from({ length: 60 }, () => asked) },
    broken: Array.from({ length: 30 }, () => brokenGlassOf(text)),
    deadline: { what: text, at: text },
    url: URL_HERE,
  });
}

function expectSendable(message: SlackMessage): void {
  expect(message.blocks.length).toBeLessThanOrEqual(SLACK_LIMITS.blocks);
  expect(message.text.length).toBeLessThanOrEqual(SLACK_LIMITS.text);
  expect(message.text).not.toMatch(/[<>]/u);
  expect(message).toMatchObject({ unfurl_links: false, unfurl_media: false });
  expectInert(message.blocks);
}

/** No block that Slack refuses for its length, and none in which it interprets anything. */
function expectInert(blocks: readonly SlackBlock[]): void {
  const sized = texts(blocks, '');
  expect(sized.filter(({ text }) => text.length > SLACK_LIMITS.section)).toEqual([]);
  expect(sized.filter(({ text }) => text.trim() === '')).toEqual([]);
  expect(sized.filter(({ path, text }) => path.endsWith('.type') && text === 'mrkdwn')).toEqual([]);
  for (const block of blocks) {
    if (block.type === 'header')
      expect(block.text.text.length).toBeLessThanOrEqual(SLACK_LIMITS.header);
  }
}

describe('slack', () => {
  test.each(named)('%s in every field', (_name, text) => {
    expectSendable(statusOf(text));
    expectSendable(milestone(text, text));
    expectSendable(channelNotice(text, text));
    expectInert(sayingHome(text).blocks);
    const home = homeOf(text);
    expectInert(home);
    expect(home.length).toBeLessThanOrEqual(HOME_BLOCKS_MAX);
    const plan = {
      operation: text,
      target: text,
      summary: text,
      undo: text,
      action: text,
      ...{ approvalClass: 'R3' as const, known: true },
      changes: Array.from({ length: 9 }, () => ({ path: text, before: text, after: [text] })),
    };
    const asked = { ...approval, title: text, statusReason: text };
    const approvedBy = [{ name: text, person: text }];
    // One with all changes: the others differ from it in nothing that is shown.
    const plans = Array.from({ length: 80 }, (_, index) =>
      index === 0 ? plan : { ...plan, changes: plan.changes.slice(0, 1) },
    );
    expectSendable(
      approvalCard({ approval: asked, plans, approvedBy, url: URL_HERE, decide: true }),
    );
  });

  test.each([
    ['<!channel>', '&lt;!channel&gt;'],
    ['<http://a|b>', '&lt;http://a|b&gt;'],
    ['&lt;', '&amp;lt;'],
    ['a\nb', 'a\nb'],
  ])('escapes %j', (text, escaped) => {
    expect(escapeMrkdwn(text)).toBe(escaped);
  });

  const change = { path: '/version', before: '7', after: '6' };
  const CARD: ApprovalCard = {
    approval,
    plans: approval.plans.map((plan) => ({ ...plan, known: true, changes: [change] })),
    approvedBy: [],
    url: null,
    decide: true,
  };
  const shownBy = (card: ApprovalCard): readonly string[] => {
    const built = approvalCard(card);
    expectSendable(built);
    return texts(built.blocks, '').map(({ text }) => text);
  };
  const VALUE = `${approval.id} ${approval.planDigest}`;

  test('an approval card shows each plan, what it changes, its undo and the digest; its buttons answer this plan only', () => {
    const all = shownBy(CARD);
    for (const { summary, target, undo } of approval.plans) {
      const shown = all.find((text) => text.includes(summary)) ?? '';
      for (const part of [target, '/version: "7" → "6"', `Undo: ${undo}`]) {
        expect(shown).toContain(part);
      }
    }
    const said = all.join('\n');
    for (const part of [
      `Plan digest ${approval.planDigest}`,
      'approver-model-owner and approver-security',
      'R3: hard to undo, or changes what is trusted; never by chat alone; one yes by a fresh sign-in',
      `open until ${approval.expiresAt}`,
      'nobody yet',
    ]) {
      expect(said).toContain(part);
    }
    expect(all.filter((text) => text === VALUE)).toHaveLength(2);
  });

  test.each<[string, Partial<ApprovalCard>, string]>([
    [
      'too many plans',
      { plans: Array.from({ length: 200 }, () => CARD.plans).flat() },
      'more plans: read them all',
    ],
    [
      'too many changes',
      {
        plans: CARD.plans.map((plan) => ({
          ...plan,
          changes: Array.from({ length: 7 }, () => change),
        })),
      },
      '1 more changes',
    ],
    [
      'a value that is too long',
      {
        plans: CARD.plans.map((plan) => ({
          ...plan,
          changes: [{ ...change, after: 'x'.repeat(200) }],
        })),
      },
      '[cut,',
    ],
    ['clicks that do not come back', { decide: false }, 'firebreak approval show'],
    [
      'an answer that was given',
      { approval: { ...approval, status: 'rejected', statusReason: 'Wrong model.' } },
      'rejected: Wrong model.',
    ],
  ])('%s: the card says so and has no buttons', (_name, change_, words) => {
    const all = shownBy({ ...CARD, ...change_ });
    expect(all.join('\n')).toContain(words);
    expect(all).not.toContain(VALUE);
  });

  const LIVE = { incident, effects: [], approvals: [], broken: [], deadline: null, url: null };
  test.each([
    ['open', {}, 'Acts next\nFirebreak'],
    [
      'held, unled',
      { incident: { ...incident, state: 'held' as const, owner: null } },
      'a person:',
    ],
    ['held', { incident: { ...incident, state: 'held' as const } }, 'Acts next\nada'],
    ['paused', { incident: { ...incident, paused: true } }, 'Acts next\nada'],
    ['asking', { approvals: [approval] }, 'approvers: 2 of approver-model-owner and'],
    ['closed', { incident: { ...incident, state: 'closed' as const } }, 'nobody: it is closed'],
    [
      'with broken glass',
      { broken: [brokenGlassOf('nobody is awake')] },
      'Glass is broken:\n• rex may answer alone until 2026-11-23T09:50:00.000Z, approver-security reviews it until 2026-11-26T09:20:00.000Z: nobody is awake',
    ],
    ['without effects', {}, 'Contained: nothing yet'],
    ['without a deadline', {}, 'Next deadline\nnone'],
  ])('a live card of one that is %s', (_name, change_, words) => {
    const card = statusCard({ ...LIVE, ...change_ });
    expectSendable(card);
    expect(
      texts(card.blocks, '')
        .map(({ text }) => text)
        .join('\n'),
    ).toContain(words);
  });

  test('a live card calls contained only what was seen to be', () => {
    const states = ['planned', 'applying', 'applied', 'unverified', 'unknown', 'reverted'] as const;
    const effects = states.map((state) => ({
      ...{ containment: true, state, target: `x/${state}`, plan: { summary: 'Scale.' } },
    }));
    const card = statusCard({ ...LIVE, effects });
    const all = texts(card.blocks, '').map(({ text }) => text);
    expect(all).toContain('Contained: nothing yet');
    const unseen = all.find((text) => text.startsWith('Not seen to be contained')) ?? '';
    expect([...unseen.matchAll(/x\/(\w+)/gu)].map(([, state]) => state)).toEqual([
      'applied',
      'unverified',
      'unknown',
    ]);
  });
});
