// Goal: a change counts as one that only takes away exactly when it does, and everything that is not known to is asked
// about. Method: one rule changed after the other, each with the outcome and the difference that people see.
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_CAPS } from './cap.ts';
import { DEFAULT_STORM, type Route } from './configuration.ts';
import { differencesBetween } from './rule-difference.ts';
import { onlyTightens, rulesAsJson } from './rule-tightening.ts';
import type { RulePerson, Rules } from './rules.ts';

const person = (id: string, ...roles: RulePerson['roles']): RulePerson => {
  return { id, name: id, roles, slackUser: null, mail: null, active: true, origin: 'file' };
};
const route = (name: string, mode: Route['mode']): Route => ({
  ...{ name, mode, when: 'true', playbook: 'p', vetoSeconds: null },
  ...{ severity: 'sev3', suspect: null, reopenWindowSeconds: 3600 },
});
const MONA = person('mona', 'approver-model-owner', 'responder');
const SAM = person('sam', 'approver-security');
const REX = person('rex', 'responder', 'commander');

const RULES: Rules = {
  inventory: [],
  selectionRules: [{ name: 's', when: 'true', confidence: 'high' }],
  routes: [route('first', 'auto'), route('second', 'ask')],
  storm: DEFAULT_STORM,
  caps: { ...DEFAULT_CAPS, sources: { prod: DEFAULT_CAPS.source } },
  changeDelaySeconds: 3600,
  people: [MONA, SAM, REX],
  playbooks: [{ name: 'p', digest: 'a'.repeat(64) }],
};
const { caps } = RULES;
const routes = (...all: readonly Route[]): Partial<Rules> => ({ routes: all });
const people = (...all: readonly RulePerson[]): Partial<Rules> => ({ people: all });

describe('tightens', () => {
  test.each<[string, Partial<Rules>]>([
    ['auto to ask', routes(route('first', 'ask'), route('second', 'ask'))],
    ['everything to observe', routes(route('first', 'observe'), route('second', 'observe'))],
    ['a cap lowered', { caps: { ...caps, atOnce: { ...caps.atOnce, targets: 1 } } }],
    ['a limit where there was none', { caps: withSource({ models: ['fraud'] }) }],
    ['a class lowered', { caps: withSource({ highestClass: 'R0' }) }],
    ['fewer incidents', { caps: withSource({ incidentsPerHour: 3 }) }],
    ['a person deactivated', people(MONA, SAM, { ...REX, active: false })],
    ['a person gone', people(MONA, SAM)],
    ['a role taken', people(MONA, SAM, person('rex', 'responder'))],
  ])('%s', (_name, change) => {
    expect(onlyTightens(RULES, { ...RULES, ...change })).toBe(true);
    // And back is more.
    expect(onlyTightens({ ...RULES, ...change }, RULES)).toBe(false);
  });
});

test('grants: taken is less, given or changed is more', () => {
  const fraud = { role: 'responder', on: 'team', name: 'fraud' } as const;
  const shop = { role: 'viewer', on: 'namespace', name: 'shop' } as const;
  const rules = (...grants: RulePerson['grants'] & object) => ({
    ...RULES,
    ...people(MONA, SAM, grants.length === 0 ? REX : { ...REX, grants }),
  });
  expect(onlyTightens(rules(fraud, shop), rules(fraud))).toBe(true);
  expect(onlyTightens(rules(fraud), rules())).toBe(true);
  for (const [before, after] of [
    [rules(fraud), rules(fraud, shop)],
    [rules(), rules(fraud)],
    [rules(fraud), rules({ ...fraud, role: 'admin' })],
    [rules(fraud), rules({ ...fraud, on: 'model' })],
    [rules(fraud), rules({ ...fraud, name: 'shop' })],
  ] as const) {
    expect(onlyTightens(before, after)).toBe(false);
  }
});

test('identities: given, changed or taken is more, since who has no way in could be given one by another', () => {
  const identity = { issuer: 'https://id.test', subject: 'r' };
  const before = { ...RULES, ...people(MONA, SAM, { ...REX, identity }) };
  const changed = { ...REX, identity: { ...identity, subject: 's' } };
  for (const after of [RULES, { ...RULES, ...people(MONA, SAM, changed) }]) {
    expect([onlyTightens(before, after), onlyTightens(after, before)]).toEqual([false, false]);
  }
});

function withSource(change: Partial<Rules['caps']['source']>): Rules['caps'] {
  return { ...caps, sources: { prod: { ...DEFAULT_CAPS.source, ...change } } };
}

describe('is asked about', () => {
  test.each<[string, Partial<Rules>, string]>([
    ['nothing at all', {}, ''],
    ['a new route', routes(...RULES.routes, route('third', 'observe')), 'routes.third'],
    ['a route gone', routes(route('first', 'auto')), 'routes.second'],
    ['routes in another order', routes(...RULES.routes.toReversed()), 'routes.(order)'],
    [
      'a route before the others',
      routes(route('new', 'observe'), ...RULES.routes),
      'routes.(order)',
    ],
    [
      'what a route takes',
      routes({ ...route('first', 'auto'), when: 'false' }, route('second', 'ask')),
      'routes.first.when',
    ],
    [
      'a lowered mode beside a raised one',
      routes(route('first', 'ask'), route('second', 'auto')),
      'routes.first.mode',
    ],
    ['a new person', people(MONA, SAM, REX, person('eve', 'viewer')), 'people.eve'],
    ['another role', people(MONA, SAM, person('rex', 'responder', 'admin')), 'people.rex.roles'],
    ['another Slack name', people(MONA, SAM, { ...REX, slackUser: 'U1' }), 'people.rex.slackUser'],
    ['the last who could approve', people(MONA, REX), 'people.sam'],
    [
      'another playbook',
      { playbooks: [{ name: 'p', digest: 'b'.repeat(64) }] },
      'playbooks.p.digest',
    ],
    ['a shorter delay', { changeDelaySeconds: 60 }, 'changeDelaySeconds'],
    ['a longer delay', { changeDelaySeconds: 7200 }, 'changeDelaySeconds'],
    [
      'no limit any more',
      { caps: withSource({ incidentsPerHour: null }) },
      'caps.sources.prod.incidentsPerHour',
    ],
    ['a source without its own caps', { caps: { ...caps, sources: {} } }, 'caps.sources.prod'],
    ['which alerts mean what', { selectionRules: [] }, 'selectionRules.s'],
  ])('%s', (_name, change, path) => {
    const after = { ...RULES, ...change };
    expect(onlyTightens(RULES, after)).toBe(false);
    const [first] = differencesBetween(rulesAsJson(RULES), rulesAsJson(after));
    expect(first?.path.join('.') ?? '').toBe(path);
  });
});

test('differences are exact, and no name hides one', () => {
  const before = [
    { name: 'constructor', a: 1 },
    { name: 'same', a: 1 },
  ];
  const after = [
    { name: 'same', a: 2 },
    { name: '__proto__', a: 1 },
  ];
  expect(differencesBetween(before, after)).toEqual([
    { path: ['constructor'], before: { name: 'constructor', a: 1 }, after: null },
    { path: ['same', 'a'], before: 1, after: 2 },
    { path: ['__proto__'], before: null, after: { name: '__proto__', a: 1 } },
  ]);
  const twice = [{ name: 'x' }, { name: 'x' }];
  expect(differencesBetween(twice, [{ name: 'x' }])).toEqual([
    { path: [], before: twice, after: [{ name: 'x' }] },
  ]);
});
