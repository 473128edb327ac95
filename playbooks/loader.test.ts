// Goal: valid playbooks load with their defaults, hostile YAML does no harm, and the shipped playbooks are current.
// Method: a sample playbook, family F of the bad-input corpus, and the files themselves, against real manifests.
import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Ajv from 'ajv';
import fc from 'fast-check';
import { parse } from 'yaml';
import { playbookSchema } from '../domain/playbook-schema.ts';
import { findOperation } from '../domain/playbook.ts';
import { digestOf } from '../evidence/digest.ts';
import { SCHEMA_FILE, playbookJsonSchema } from './json-schema.ts';
import { loadPlaybookText, loadPlaybooks } from './loader.ts';
import { SAMPLE_MANIFESTS, SAMPLE_PLAYBOOK, changed, told } from './sample-playbook.ts';

describe('a valid playbook', () => {
  test('becomes its normal form, with defaults, pinned by digest', () => {
    const { playbook, digest } = loadPlaybookText(SAMPLE_PLAYBOOK, 'small.yaml', SAMPLE_MANIFESTS);
    expect(playbookSchema.parse(playbook)).toEqual(playbook);
    expect(digest).toBe(digestOf(playbook));
    expect(playbook.steps.map(({ name }) => name)).toEqual([
      'isolate',
      'audit',
      'revert',
      'forensics',
      'redeploy',
    ]);
    expect(findOperation(playbook, 'scale-away')).toMatchObject({
      step: 'isolate',
      operation: {
        title: 'Scale away',
        approvalClass: 'R1',
        containment: true,
        onFailure: 'hold',
        when: null,
        instance: null,
      },
    });
    expect(findOperation(playbook, 'alias-back')?.operation).toMatchObject({
      approvalClass: 'R3',
      containment: false,
    });
    // Lifting a containment is R3 although scaling alone is R1.
    expect(findOperation(playbook, 'scale-back')?.operation).toMatchObject({ approvalClass: 'R3' });
    expect(findOperation(playbook, 'lift')?.operation).toMatchObject({
      expiresAfterSeconds: 7200,
      escalateAfterSeconds: 900,
    });
    expect(findOperation(playbook, 'gone')?.operation).toMatchObject({ withinSeconds: 20 });
    expect(findOperation(playbook, 'settle')?.operation).toMatchObject({ seconds: 30 });
  });

  test.each([
    ['Windows line ends', SAMPLE_PLAYBOOK.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${SAMPLE_PLAYBOOK}`],
    ['comments', SAMPLE_PLAYBOOK.replaceAll('\n  - ', '\n  # why\n  - ')],
  ])('has the same digest with %s', (_title, text) => {
    const plain = loadPlaybookText(SAMPLE_PLAYBOOK, 'small.yaml', SAMPLE_MANIFESTS).digest;
    expect(loadPlaybookText(text, 'small.yaml', SAMPLE_MANIFESTS).digest).toBe(plain);
  });
});

describe('limits', () => {
  test('more than a hundred operations', () => {
    const many = Array.from(
      { length: 101 },
      (_, index) => `  - wait: w${index.toString()}\n    for: 1s\n`,
    ).join('');
    expect(told(SAMPLE_PLAYBOOK.replace('  - wait: settle\n    for: 30s\n', many)).code).toBe(
      'invalid',
    );
  });

  test('more than twenty members', () => {
    const member = (index: number): string =>
      `      - gate: g${index.toString()}\n        expect: "true"\n`;
    const many = Array.from({ length: 21 }, (_, index) => member(index)).join('');
    const answer = told(changed('      - gate: few\n        expect: parameters.limit > 2\n', many));
    expect(answer.places.join()).toMatch(/<=20|Too big/);
  });
});

test.each([
  ['wait', '  - wait: settle\n', '    when: "true"\n'],
  ['parallel', '  - parallel: look\n', '    when: "true"\n'],
])(
  'a condition of a %s is refused, because nothing would evaluate it',
  (_kind, head, condition) => {
    const answer = told(changed(head, `${head}${condition}`));
    expect(answer.code).toBe('invalid');
    expect(answer.places.join()).toMatch(/when/);
  },
);

describe('hostile YAML', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, i) => `b${i.toString()}: &b${i.toString()} [*a,*a,*a,*a,*a,*a,*a,*a]\n`).join('')}`;
  test.each<[string, string, RegExp]>([
    ['alias bomb', bomb, /Anchors are not allowed|Aliases/],
    ['recursive alias', 'a: &a [*a]\n', /Anchors|Aliases/],
    ['merge bomb', 'a: {<<: {b: 1}}\n', /Merge keys/],
    ['duplicate keys', `${SAMPLE_PLAYBOOK}name: again\n`, /given twice/],
    ['function tag', 'name: !!js/function "x"\n', /tag/i],
    ['python tag', 'name: !!python/object:os.system x\n', /tag/i],
    ['plain tag', 'name: !!str x\n', /Tags are not allowed/],
    ['tabs', 'name:\n\tx: 1\n', /Tabs/],
    ['two documents', `${SAMPLE_PLAYBOOK}---\n${SAMPLE_PLAYBOOK}`, /several documents/],
    ['key that is a list', '? [a]\n: 1\n', /Keys must be text/],
    ['number as key', '1: a\n', /Keys must be text/],
    ['prototype', '__proto__: {x: 1}\n', /not allowed/],
    ['infinity', 'name: .inf\n', /not finite/],
    ['beyond 2^53', 'name: 12345678901234567890\n', /not finite or too large/],
    ['a list', '- a\n', /A playbook is a map/],
    ['nothing', '', /A playbook is a map/],
    ['a word', 'x', /A playbook is a map/],
    ['open brackets', '['.repeat(100_000), /nested too deeply/],
    ['closed brackets', `${'['.repeat(5000)}${']'.repeat(5000)}`, /nested too deeply/],
    ['open braces', '{a: '.repeat(20_000), /nested too deeply/],
    ['nested dashes', `${'- '.repeat(50_000)}a`, /nested too deeply/],
    [
      'deep indentation',
      Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /nested too deeply/,
    ],
    [
      'many keys',
      Array.from({ length: 25_000 }, (_, i) => `k${i.toString()}: 1`).join('\n'),
      /too many values/,
    ],
  ])('%s is refused in bounded time', (_title, text, message) => {
    const started = process.cpuUsage();
    const answer = told(text);
    const used = process.cpuUsage(started);
    expect(answer.code).toBe('invalid');
    expect(answer.message).toMatch(message);
    expect((used.user + used.system) / 1000).toBeLessThan(2000);
  });

  test('a file of megabytes is too large', () => {
    expect(told(`# ${'x'.repeat(50 * 1024 * 1024)}`).code).toBe('too_large');
  });

  test.each([
    ['no', 'no'],
    ['on', 'on'],
    ['1:20', '1:20'],
  ])('the YAML 1.1 word %s stays text', (written, read) => {
    const { playbook } = loadPlaybookText(
      changed('title: Small', `title: ${written}`),
      'small.yaml',
      SAMPLE_MANIFESTS,
    );
    expect(playbook.title).toBe(read);
  });

  test('any damage to one character is refused or read, never a crash', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: SAMPLE_PLAYBOOK.length - 1 }),
        fc.constantFrom('', ':', '{', '"', '\t', '-', '*', '&', '\u0000', '}'),
        (at, by) => {
          const answer = told(SAMPLE_PLAYBOOK.slice(0, at) + by + SAMPLE_PLAYBOOK.slice(at + 1));
          expect(['loaded', 'invalid']).toContain(answer.code);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('the shipped playbooks', () => {
  const folder = import.meta.dirname;

  test('load, and their normal form survives storing', async () => {
    const pinned = await loadPlaybooks(folder, SAMPLE_MANIFESTS);
    expect(pinned.map(({ playbook }) => playbook.name)).toEqual([
      'model-drift',
      'poisoned-data',
      'tampered-artifact',
    ]);
    for (const { playbook, digest } of pinned) {
      const stored: unknown = JSON.parse(JSON.stringify(playbook));
      expect(digestOf(playbookSchema.parse(stored))).toBe(digest);
    }
  });

  test.each(['p1-model-drift', 'p2-poisoned-data', 'p3-tampered-artifact'])(
    '%s fits the schema for editors',
    async (name) => {
      const schema: unknown = JSON.parse(await readFile(join(folder, SCHEMA_FILE), 'utf8'));
      const document: unknown = parse(await readFile(join(folder, `${name}.yaml`), 'utf8'));
      const check = new Ajv.default({ strict: false }).compile(
        typeof schema === 'object' && schema !== null ? schema : {},
      );
      expect(check(document)).toBe(true);
      expect(
        check({ ...(typeof document === 'object' ? document : {}), isolate: [{ seel: 'x' }] }),
      ).toBe(false);
    },
  );

  test('the schema file is current', async () => {
    const written: unknown = JSON.parse(await readFile(join(folder, SCHEMA_FILE), 'utf8'));
    expect(written).toEqual(JSON.parse(playbookJsonSchema()));
  });

  test('a folder that does not exist is not_found', async () => {
    await expect(loadPlaybooks(join(folder, 'nowhere'), SAMPLE_MANIFESTS)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
