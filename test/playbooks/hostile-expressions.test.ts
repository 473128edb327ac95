import { beforeAll, describe, expect, test } from '@jest/globals';
import { connectorModules } from '../../connectors/registry.ts';
import { readConfiguration } from '../../app/config-file.ts';
import { isAppError } from '../../domain/error.ts';
import { compileExpression } from '../../expression/expression.ts';
import { changed } from '../../playbooks/sample-playbook.ts';
import { bounded } from '../api/bounded.ts';
import { tempDir } from '../harness.ts';
import { expectLoaded, expectRefused } from './refusal.ts';

// Goal: an expression can reach no prototype, take no process with it and confuse no types: it is refused when its
// file is loaded, with file, line, column and reason, or answers within bounds. Method: family G of the bad-input
// corpus in a playbook at the loader and at `firebreak playbook validate`, and in the routes and mappings of a
// configuration.

let folder = '';
beforeAll(async () => {
  folder = await tempDir();
});

const nested = (depth: number): string => `${'('.repeat(depth)}true${')'.repeat(depth)}`;
const quote = (expression: string): string => JSON.stringify(expression);

/** Expressions that no file may hold, and why; the column counts within the expression. */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['a constructor called', "constructor.constructor('return process')()", /./],
  ['a constructor of a text', "'a'.constructor == 'x'", /./],
  ['a prototype by name', '__proto__ == null', /./],
  ['a prototype of a text', "'a'.__proto__ == null", /./],
  ['this', 'this == null', /Unknown variable|reserved|Reserved/],
  ['process', "process.env.HOME == ''", /Unknown variable: process/],
  ['a function of JavaScript', "require('fs') == null", /./],
  ['eval', "eval('1') == 1", /./],
  ['an arrow', '() => true', /./],
  ['a statement', 'true; true', /./],
  ['an assignment', 'x = 1', /./],
  ['a template of JavaScript', '`${1}` == "1"', /./],
  ['two unequal types added', "'a' + 1 == 'a1'", /no such overload/i],
  ['a text as a condition', "'a' ? true : false", /./],
  ['a number where a truth is needed', '1 + 1', /this is int, but bool/],
  ['a text where a truth is needed', "'true'", /this is string, but bool/],
  ['parentheses ten deep past the limit', nested(60), /./],
  ['parentheses five hundred deep', nested(500), /./],
  ['nots four thousand long', '!'.repeat(4_000), /./],
  [
    'lists ten thousand deep',
    `${'['.repeat(10_000)}${']'.repeat(10_000)} == []`,
    /longer than 4,096|<=4096|Too big/i,
  ],
  ['a megabyte', `true${' || true'.repeat(130_000)}`, /larger than 256 KiB/],
  ['a list of three hundred', `[${'0,'.repeat(300)}0] == []`, /Exceeded maxListElements/],
  ['three loops in one another', '[1].all(a, [1].all(b, [1].all(c, true)))', /may be nested/],
  ['matches', "'a'.matches('(a+)+$')", /'matches' is not allowed/],
  ['bytes parsed', "b'{}'.json() == 1", /not allowed/],
  ['an invalid pattern', "regex('a', '(')", /not valid RE2/],
  ['a pattern that looks behind', "regex('ab', '(?<=a)b')", /not valid RE2/],
  ['a pattern that looks ahead', "regex('ab', 'a(?=b)')", /not valid RE2/],
  ['a pattern that refers back', "regex('aa', '(a)\\\\1')", /not valid RE2/],
  ['an atomic pattern', "regex('aa', '(?>a)')", /not valid RE2/],
  ['a pattern repeated a thousandfold', "regex('a', '((a{1000}){1000}){1000}')", /not valid RE2/],
  ['a pattern of 2,000 letters', `regex('a', '${'a'.repeat(2_000)}')`, /not valid RE2|too long/],
];

describe('refused in a playbook', () => {
  test.each(REFUSED)('%s', async (...[, expression, message]) => {
    const text = changed('expect: parameters.limit > 2', `expect: ${quote(expression)}`);
    const large = text.length > 256 * 1024;
    await expectRefused(folder, text, {
      code: large ? 'too_large' : 'invalid',
      place: null,
      message,
    });
  });

  test.each<[string, string, string, string, RegExp]>([
    // name, replaced, by, line:column, reason
    [
      'in the middle of a line',
      'parameters.limit > 2',
      'parameters.limit > nobody',
      '44:36',
      /Unknown variable: nobody/,
    ],
    [
      'in a hole of an input',
      'version: "${{ results[\'good\'].version }}"',
      'version: "v${{ nobody }}"',
      '36:58',
      /Unknown variable: nobody/,
    ],
    [
      'in a hole that is not closed',
      '"${{ each.name }}"',
      '"${{ each.name"',
      '23:21',
      /not closed/,
    ],
    [
      'in a block of lines',
      'expect: parameters.limit > 2',
      'expect: |\n          parameters.limit > 2 &&\n          nobody',
      '44:17',
      /Unknown variable: nobody/,
    ],
    [
      'in a suspect',
      'suspect: incident.suspect',
      'suspect: incident.suspekt',
      '20:23',
      /No such key: suspekt/,
    ],
  ])('%s, with its place', async (...[, from, to, place, message]) => {
    await expectRefused(folder, changed(from, to), { code: 'invalid', place, message });
  });
});

describe('taken in a playbook, since it does no harm', () => {
  test.each([
    ['a division by zero', '1 / 0 == 1'],
    ['an index past the end', '[1][5] == 1'],
    ['a key called constructor', "{'constructor': 1}['constructor'] == 1"],
    ['an empty pattern', "regex('a', '')"],
    ['a class of Unicode', "regex('é', '^\\\\p{L}$')"],
    ['a pattern that kills others', "regex('aaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')"],
    ['twenty-five stars', "regex('aaaa', '(.*a){25}')"],
  ])('%s', async (_name, expression) => {
    await expectLoaded(folder, changed('parameters.limit > 2', quote(expression)));
  });
});

describe('evaluated within bounds', () => {
  const evaluate = (source: string, item: string): unknown =>
    compileExpression(source, 'mapping').evaluate({ body: {}, item });
  const long = `${'a'.repeat(60_000)}!`;

  test.each([
    ['(a+)+$', long, false],
    ['(.*a){25}', long, true],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', long, false],
    ['(a|aa)+$', long, false],
    ['(a?){100}a{100}', long, true],
    ['', long, true],
    ['^\\p{L}+!$', long, true],
  ])('the pattern %j over 60 kB', async (pattern, text, matches) => {
    const source = `regex(item, ${quote(pattern)})`;
    expect(await bounded(() => evaluate(source, text))).toBe(matches);
  });

  test.each([
    ['division by zero', '1 / 0', 'invalid'],
    ['modulo zero', '1 % 0', 'invalid'],
    ['overflow', '9223372036854775807 + 1', 'invalid'],
    ['a prototype', "item['__proto__']", 'invalid'],
    ['a text doubled forty times', `['ab']${'.map(x, x + x)'.repeat(40)}`, 'too_large'],
    ['a list doubled forty times', `[[1]]${'.map(x, x + x)'.repeat(40)}`, 'too_large'],
  ])('%s is an error with a code', async (_name, source, code) => {
    const error = await bounded(() => {
      try {
        return evaluate(source, 'text');
      } catch (caught) {
        return caught;
      }
    });
    expect(isAppError(error) && error.code).toBe(code);
  });
});

describe('refused in a configuration', () => {
  const configuration = (when: string): string => `routes:
  - name: any
    when: ${quote(when)}
    playbook: poisoned-data
`;
  const mapped = (labels: string): string => `sources:
  - name: tool
    kind: generic
    authentication: { kind: bearer, tokenSha256: [${'ab'.repeat(32)}] }
    mapping:
      alerts: body.items
      status: "'firing'"
      startsAt: item.since
      title: "'x'"
      labels: ${quote(labels)}
`;
  const references = {
    manifests: connectorModules.map(({ manifest }) => manifest),
    playbooks: ['poisoned-data'],
    environment: {},
  };

  async function expectPlace(text: string, line: number): Promise<void> {
    const error = await bounded(() => {
      try {
        return readConfiguration(text, 'firebreak.yaml', references);
      } catch (caught) {
        return caught;
      }
    });
    if (text.length > 256 * 1024) {
      expect(error).toMatchObject({ code: 'too_large', field: 'firebreak.yaml' });
      return;
    }
    expect(error).toMatchObject({ code: 'invalid', details: { file: 'firebreak.yaml', line } });
    expect(error).toHaveProperty('message', expect.stringMatching(/^firebreak\.yaml:\d+:\d+: ./));
  }

  test.each(REFUSED)('%s', async (_name, expression) => {
    await expectPlace(configuration(expression), 3);
    // A map is needed here, so that what is refused for giving no truth is refused for giving no map.
    await expectPlace(mapped(expression), 10);
  });
});
