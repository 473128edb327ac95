import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../cli/test-run.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { changed, SAMPLE_MANIFESTS, SAMPLE_PLAYBOOK } from '../../playbooks/sample-playbook.ts';
import { bounded } from '../api/bounded.ts';
import { tempDir } from '../harness.ts';
import { expectLoaded, expectRefused } from './refusal.ts';

// Goal: a playbook that is a bomb, a trick or a mistake is refused with file, line, column and reason, in bounded time
// and memory. Method: family F of the bad-input corpus, each row at the loader and at `firebreak playbook validate`.

let folder = '';
beforeAll(async () => {
  folder = await tempDir();
});

const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

const laughs = lines(
  12,
  (i) => `b${i.toString()}: &b${i.toString()} [${`*b${(i - 1).toString()},`.repeat(9)}]`,
);
const nines = `a: &a [${'x,'.repeat(9)}]\n${laughs.replaceAll('*b-1', '*a')}`;
const merges = `a: &a {${lines(50, (i) => `k${i.toString()}: 1,`).replaceAll('\n', ' ')}}\n${lines(
  2_000,
  (i) => `m${i.toString()}: {<<: [*a, *a, *a, *a]}`,
)}`;
const emptyMerges = `a: &a {}\n${lines(3_000, (i) => `m${i.toString()}: {<<: [${'*a,'.repeat(10)}]}`)}`;
const EMPTY_STEPS = 'audit: []\nrevert: []\nforensics: []\nredeploy: []\n';
const cut = (text: string): string => changed(text, '');
const OUT_OF_ORDER =
  SAMPLE_PLAYBOOK.replace(/^(audit:\n[\s\S]*?)(?=^revert:)/m, '') +
  (/^audit:\n[\s\S]*?(?=^revert:)/m.exec(SAMPLE_PLAYBOOK)?.[0] ?? '');

describe('refused', () => {
  test.each<[string, string, string | null, RegExp]>([
    // name, text, line:column, reason
    ['alias bomb', nines, '1:7', /Anchors are not allowed/],
    ['merge bomb', merges, '1:7', /Anchors are not allowed/],
    ['merge bomb of nothing', emptyMerges, '1:7', /Anchors are not allowed/],
    ['merge without anchors', `${SAMPLE_PLAYBOOK}<<: {name: again}\n`, '56:1', /Merge keys/],
    ['recursive alias', 'name: &a [*a]\n', '1:10', /Anchors are not allowed/],
    ['anchors over documents', 'name: &a x\n---\nname: *a\n', '2:1', /several documents/],
    ['alias of nothing', 'name: *a\n', '1:7', /alias/i],
    ['duplicate key', `${SAMPLE_PLAYBOOK}name: again\n`, '56:1', /given twice/],
    ['duplicate key, quoted', `${SAMPLE_PLAYBOOK}"n\\u0061me": again\n`, '56:1', /given twice/],
    [
      'duplicate key below',
      changed('namespace: ml, name: web, replicas: 0', 'name: a, name: web, replicas: 0'),
      '12:22',
      /given twice/,
    ],
    ['JavaScript tag', 'name: !!js/function "function(){}"\n', '1:7', /tag/i],
    ['Python tag', 'name: !!python/object/apply:os.system ["id"]\n', '1:7', /tag/i],
    ['tag of ours', 'name: !x y\n', '1:7', /tag/i],
    ['binary tag', 'name: !!binary aGk=\n', '1:16', /tag/i],
    ['tag directive', '%TAG ! tag:x,2026:\n---\nname: !y z\n', null, /tag/i],
    ['YAML 1.1', '%YAML 1.1\n---\nname: on\n', null, /version|1\.1|missing|A playbook/i],
    ['tabs as indents', 'isolate:\n\t- seal: x\n', '2:1', /Tabs/],
    ['several documents', `${SAMPLE_PLAYBOOK}---\n${SAMPLE_PLAYBOOK}`, '56:1', /several documents/],
    ['NUL', 'name: "a\u0000"\n\u0000', null, /./],
    ['number as key', `${SAMPLE_PLAYBOOK}1: a\n`, '56:1', /Keys must be text/],
    ['list as key', `${SAMPLE_PLAYBOOK}? [a]\n: 1\n`, '56:3', /Keys must be text/],
    ['null as key', `${SAMPLE_PLAYBOOK}~: 1\n`, '56:1', /Keys must be text/],
    [
      '__proto__',
      `${SAMPLE_PLAYBOOK}__proto__: {class: x}\n`,
      '56:1',
      /'__proto__' is not allowed/,
    ],
    ['constructor', changed('limit: {', 'constructor: {'), '5:3', /'constructor' is not allowed/],
    ['Infinity', changed('default: 3', 'default: .inf'), '5:35', /not finite/],
    ['NaN', changed('default: 3', 'default: .nan'), '5:35', /not finite/],
    ['past 2^53', changed('default: 3', 'default: 12345678901234567890'), '5:35', /too large/],
    [
      'octal of YAML 1.1 as a limit',
      changed('default: 3', 'default: 0o17x'),
      '5:35',
      /not a number/,
    ],
    ['sexagesimal of YAML 1.1', changed('default: 3', 'default: 1:20'), '5:35', /not a number/],
    [
      'yes of YAML 1.1',
      changed('type: number, default: 3', 'type: boolean, default: yes'),
      '5:36',
      /not a boolean/,
    ],
    [
      'unknown field',
      changed('title: Small', 'title: Small\nowner: me'),
      '4:1',
      /Unknown key 'owner'/,
    ],
    [
      'unknown field below',
      changed('    within: 20s', '    until: 20s'),
      '17:5',
      /Unknown key 'until'/,
    ],
    ['a step that is missing', cut('forensics:\n'), null, /./],
    ['no steps', 'name: a\nclass: a\ntitle: A\n', '1:1', /step 'isolate' is missing/],
    ['steps out of order', OUT_OF_ORDER, '18:1', /out of order/],
    [
      'steps in capitals',
      changed('\nisolate:', '\nIsolate:'),
      '6:1',
      /Unknown key 'Isolate'|missing/,
    ],
    [
      'a step that is no list',
      `name: a
class: a
title: A
isolate: x
${EMPTY_STEPS}`,
      '4:10',
      /isolate/,
    ],
    [
      'a header behind the steps',
      `${cut('title: Small\n')}title: Small\n`,
      '55:1',
      /stands after the steps/,
    ],
    ['a cycle', changed("results['scale-away']", "results['good']"), '16:36', /not known yet/],
    [
      'a reference to itself',
      changed("results['scale-away']", "results['gone']"),
      '16:36',
      /cannot read its own result/,
    ],
    [
      'a reference to nothing',
      changed("results['scale-away']", "results['nothing']"),
      '16:36',
      /There is no operation/,
    ],
    [
      'an undo of itself',
      changed('of: [scale-away]', 'of: [scale-back]'),
      '53:14',
      /not an action that comes before/,
    ],
    ['negative time-out', changed('within: 20s', 'within: -20s'), '17:13', /not a duration/],
    ['no time at all', changed('within: 20s', 'within: 0s'), '17:13', /not a duration/],
    ['endless time-out', changed('within: 20s', 'within: .inf'), '17:13', /not finite/],
    ['time-out of a century', changed('for: 30s', 'for: 36500d'), '55:10', /longer than 7d/],
    [
      'retries',
      changed('    within: 20s', '    retries: 1000000000'),
      '17:5',
      /Unknown key 'retries'/,
    ],
    [
      'unknown connector',
      changed('kubernetes.scale', 'shell.run'),
      '11:10',
      /Unknown connector 'shell'/,
    ],
    [
      'activity in place of an action',
      changed('kubernetes.scale', 'activities.act'),
      '11:10',
      /Unknown connector/,
    ],
    ['a name twice', changed('- probe: gone', '- probe: scale-away'), '13:5', /used twice/],
    [
      'a secret inline',
      changed('name: web, replicas: 0', 'name: xoxb-123456789012-abc, replicas: 0'),
      '12:11',
      /looks like a credential/,
    ],
    [
      'a private key inline',
      changed('name: web, replicas: 0', 'name: "-----BEGIN PRIVATE KEY-----", replicas: 0'),
      '12:11',
      /looks like a credential/,
    ],
    ['an open quotation', changed('title: Small', 'title: "Small'), null, /quote/i],
    ['open brackets', '['.repeat(100_000), null, /nested too deeply/],
    ['closed brackets', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, null, /nested too deeply/],
    ['braces', '{a: '.repeat(20_000), null, /nested too deeply/],
    ['dashes', `${'- '.repeat(50_000)}a`, null, /nested too deeply/],
    ['indents', lines(600, (i) => `${' '.repeat(i)}a:`), null, /nested too deeply/],
    ['question marks', '? '.repeat(50_000), null, /nested too deeply/],
    [
      'twenty-five thousand keys',
      lines(25_000, (i) => `k${i.toString()}: 1`),
      '20000:9',
      /too many values/,
    ],
    [
      'ten thousand wrong keys',
      SAMPLE_PLAYBOOK + lines(10_000, (i) => `k${i.toString()}: 1`),
      '56:1',
      /Unknown key/,
    ],
    [
      'ten thousand wrong operations',
      changed('isolate:\n', `isolate:\n${lines(9_000, () => '  - x: 1')}\n`),
      '7:5',
      /needs one of the keys/,
    ],
    ['a name of 200 kB', changed('title: Small', `title: ${'x'.repeat(200_000)}`), '3:8', /title/],
    ['nothing', '', '1:1', /A playbook is a map/],
    ['a comment', '# nothing\n', '1:1', /A playbook is a map/],
    ['a word', 'playbook', '1:1', /A playbook is a map/],
    ['a list', '- a\n', '1:1', /A playbook is a map/],
    ['JSON of something else', '{"alerts": []}', '1:1', /missing/],
  ])('%s', async (...[, text, place, message]) => {
    await expectRefused(folder, text, { code: 'invalid', place, message });
  });

  test('fifty megabytes', async () => {
    const text = `# ${'x'.repeat(50 * 1024 * 1024)}`;
    await expectRefused(folder, text, {
      code: 'too_large',
      place: null,
      message: /larger than 256 KiB/,
    });
  });
});

describe('taken', () => {
  test.each([
    ['line ends of Windows', SAMPLE_PLAYBOOK.replaceAll('\n', '\r\n')],
    ['a byte order mark', `\uFEFF${SAMPLE_PLAYBOOK}`],
    ['no line end at the end', SAMPLE_PLAYBOOK.trimEnd()],
    ['words that YAML 1.1 takes for others', changed('title: Small', 'title: no')],
    ['a document with its marks', `---\n${SAMPLE_PLAYBOOK}...\n`],
  ])('%s', async (_name, text) => {
    await expectLoaded(folder, text);
  });
});

describe('files', () => {
  test.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ['missing', () => Promise.resolve(), /there is no such file/],
    ['a folder', (path) => mkdir(path), /it is a folder/],
    ['not UTF-8', (path) => writeFile(path, Buffer.from([0xff, 0xfe, 0x41])), /not UTF-8/],
    [
      'UTF-16',
      (path) => writeFile(path, Buffer.from(`\uFEFF${SAMPLE_PLAYBOOK}`, 'utf16le')),
      /not UTF-8/,
    ],
    // Sparse: it takes no room, but whoever reads it whole takes five gigabytes.
    [
      'five gigabytes',
      async (path) => {
        await writeFile(path, '');
        await truncate(path, 5 * 1024 * 1024 * 1024);
      },
      /larger than 256 KiB/,
    ],
  ])('%s', async (name, make, reason) => {
    const place = await tempDir();
    const path = join(place, 'p.yaml');
    await make(path);
    const { code, err } = await bounded(() => run(['playbook', 'validate', path]));
    expect(code).toBe(2);
    expect(err).toContain(path);
    expect(err).toMatch(reason);
    if (name === 'missing') return;
    await expect(bounded(() => loadPlaybooks(place, SAMPLE_MANIFESTS))).rejects.toMatchObject({
      message: expect.stringMatching(reason),
      field: path,
    });
  });

  test('what never ends is not read to its end', async () => {
    const { code, err } = await bounded(() => run(['playbook', 'validate', '/dev/zero']));
    expect(code).toBe(2);
    expect(err).toMatch(/larger than 256 KiB/);
  });

  test('two playbooks of one name are told with the second file', async () => {
    const place = await tempDir();
    for (const name of ['a.yaml', 'b.yaml']) await writeFile(join(place, name), SAMPLE_PLAYBOOK);
    await expect(loadPlaybooks(place, SAMPLE_MANIFESTS)).rejects.toMatchObject({
      code: 'invalid',
      field: join(place, 'b.yaml'),
    });
  });
});
