// Goal: an audience is told at its time and once, an all-clear only of what was verified and only to who was told before, and what
// turns round is told at once. Method: the decision alone, over made-up rows, with the time set.
import { describe, expect, test } from '@jest/globals';
import { dueNotice, isContained, NOTICES, worldOf, type Standing } from './stakeholder-update.ts';

const START_MS = Date.parse('2026-11-27T10:00:00.000Z');
const STATES = ['drafted', 'released', 'skipped'] as const;
const at = (minutes: number): string => new Date(START_MS + minutes * 60_000).toISOString();

/** `notice state verified minute`, as in `first released no 0`. */
function row(text: string): Standing['updates'][number] {
  const [notice, state, verified, minute] = text.split(' ');
  return {
    notice: NOTICES.find((one) => one === notice) ?? 'first',
    state: STATES.find((one) => one === state) ?? 'drafted',
    verified: verified === 'yes',
    draftedAt: at(Number(minute)),
  };
}

function due(
  minute: number,
  rows: readonly string[],
  { state = 'open', severity = 'sev1', world = 'not-verified' }: Partial<Given> = {},
): string | null {
  const found = dueNotice({
    incident: { state, severity },
    audience: { everyMinutes: { sev1: 30, sev2: 60 } },
    updates: rows.map(row),
    world,
    now: new Date(at(minute)),
  });
  return found === null ? null : `${found.notice} ${found.verified ? 'yes' : 'no'}`;
}
type Given = Standing['incident'] & { readonly world: Standing['world'] };

const FIRST = 'first released no 0';

describe('what is due', () => {
  test.each<[string, number, readonly string[], Partial<Given>, string | null]>([
    ['the first, at once', 0, [], {}, 'first no'],
    ['nothing before routing is known', 0, [], { state: 'pending' }, null],
    ['nothing for a severity that nobody asked for', 0, [], { severity: 'sev4' }, null],
    ['nothing before its time', 29, [FIRST], {}, null],
    ['an update at its time', 30, [FIRST], {}, 'update no'],
    ['by the cadence of the severity of now', 45, [FIRST], { severity: 'sev2' }, null],
    ['again, while held', 60, [FIRST, 'update released no 30'], { state: 'held' }, 'update no'],
    ['still the first, while none was sent', 30, ['first skipped no 0'], {}, 'first no'],
    ['still the first, while it waits', 30, ['first drafted no 0'], {}, 'first no'],
    ['an all-clear once it is verified', 6, [FIRST], { world: 'verified' }, 'all-clear yes'],
    ['not in the first minutes', 4, [FIRST], { world: 'verified' }, null],
    ['none to who was told nothing', 6, ['first drafted no 0'], { world: 'verified' }, null],
    ['none while something is under way', 6, [FIRST], { world: 'unsure' }, null],
    ['one all-clear', 20, [FIRST, 'all-clear released yes 10'], { world: 'verified' }, null],
    [
      'an update after it',
      40,
      [FIRST, 'all-clear released yes 10'],
      { world: 'verified' },
      'update yes',
    ],
    [
      'the all-clear that nobody sent, again',
      40,
      [FIRST, 'all-clear skipped yes 10'],
      { world: 'verified' },
      'all-clear yes',
    ],
    ['that it holds no longer, at once', 16, [FIRST, 'all-clear released yes 10'], {}, 'update no'],
    [
      'nothing of what is only under way',
      16,
      [FIRST, 'all-clear released yes 10'],
      { world: 'unsure' },
      null,
    ],
    ['the end', 1, [FIRST], { state: 'closed' }, 'resolved no'],
    ['the end, verified', 1, [FIRST], { state: 'closed', world: 'verified' }, 'resolved yes'],
    ['no end for who was told nothing', 1, ['first drafted no 0'], { state: 'closed' }, null],
    ['the end once', 9, [FIRST, 'resolved drafted no 1'], { state: 'closed' }, null],
    ['a new first when it begins again', 9, [FIRST, 'resolved released no 1'], {}, 'first no'],
  ])('%s', (...[, minute, rows, given, wanted]) => {
    expect(due(minute, rows, given)).toBe(wanted);
  });
});

describe('the world', () => {
  const both = { containedAt: at(0), stabilisedAt: at(1) };
  test.each([
    ['verified', both, ['verified', 'reverted', 'refused'], 'verified'],
    ['nothing was done', both, [], 'verified'],
    ['not stabilised', { ...both, stabilisedAt: null }, ['verified'], 'not-verified'],
    ['one lapsed', both, ['verified', 'unverified'], 'not-verified'],
    ['one unknown', both, ['unknown', 'applying'], 'not-verified'],
    ['one under way', both, ['verified', 'applied'], 'unsure'],
  ] as const)('%s', (...[, incident, states, wanted]) => {
    const operations = states.map((state) => ({ state }));
    expect(worldOf(incident, operations)).toBe(wanted);
    const lapsed = states.some((state) => state === 'unverified' || state === 'unknown');
    expect(isContained(incident, operations)).toBe(!lapsed);
  });
});
