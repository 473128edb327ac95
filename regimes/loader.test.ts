// Goal: every row of the reference ships with its own words and status, a mistake in a file is told with its place, and an
// amendment is a change of data.
// Method: the files themselves against the table; one small regime changed in turn; folders with two versions.
import { describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '../domain/error.ts';
import { loadRegimes, loadRegimeText, VOCABULARY_FILE } from './loader.ts';

const shipped = await loadRegimes();

const CONSISTENT = 'several consistent secondary sources';

/** The rows as the reference has them; "same" stands for the status of the row above. */
const ROWS: readonly (readonly [id: string, title: string, says: string, basis: string])[] = [
  [
    'eu-ai-act-26-5',
    'EU AI Act Art. 26(5) deployer',
    'inform provider first, then importer/distributor and authority, immediately',
    'secondary',
  ],
  [
    'eu-ai-act-55-1-c',
    'EU AI Act Art. 55(1)(c) systemic-risk GPAI',
    'without undue delay to the AI Office; in force since 2 Aug 2025; Commission template of 4 Nov 2025',
    'secondary',
  ],
  [
    'eu-ai-act-73-2',
    'EU AI Act Art. 73(2) serious incident, high-risk system',
    'at once when a causal link or its reasonable likelihood is established; at most 15 days from awareness',
    CONSISTENT,
  ],
  [
    'eu-ai-act-73-3',
    'EU AI Act Art. 73(3) widespread infringement, or serious and irreversible disruption of critical infrastructure (Art. 3(49)(b))',
    'at most 2 days from awareness',
    CONSISTENT,
  ],
  [
    'eu-ai-act-73-4',
    'EU AI Act Art. 73(4) death',
    'at most 10 days from awareness',
    `${CONSISTENT}; at least one vendor page wrongly gives 2`,
  ],
  [
    'eu-ai-act-73-5',
    'EU AI Act Art. 73(5)',
    'incomplete first report allowed, then completed',
    CONSISTENT,
  ],
  [
    'eu-ai-act-73-6',
    'EU AI Act Art. 73(6)',
    'investigate and correct; do not alter the system in a way that may affect later evaluation of causes before informing authorities',
    CONSISTENT,
  ],
  [
    'eu-ai-act-start-date',
    'EU AI Act, start date',
    'the 2026 Digital Omnibus (Council approval 29 June 2026; cited as Regulation (EU) 2026/1744) moves high-risk duties to 2 Dec 2027 (Annex III) and 2 Aug 2028 (Annex I)',
    'press and secondary; whether and how Art. 73 moves with them was not verified',
  ],
  ['eu-gdpr-33', 'GDPR Art. 33', '72 h', 'secondary'],
  [
    'unverified-duties',
    'NIS2, DORA, CRA, CIRCIA, sector and contract duties',
    'named by CoSAI 3.5.1 and others',
    'figures not verified here; load only after checking',
  ],
  [
    'us-ca-22757-13',
    'California Bus. & Prof. Code 22757.13 (frontier developers)',
    '15 days from discovery; 24 h if imminent risk of death or serious injury; amended reports allowed',
    'statute text',
  ],
  [
    'us-ny-1422',
    'New York Gen. Bus. Law 1422 (RAISE, frontier developers)',
    '72 h; 24 h to law enforcement if imminent risk',
    'statute summary',
  ],
];

describe('the shipped regimes', () => {
  test('are the rows of the reference in their own words, none of them confirmed', () => {
    const rows = shipped.regimes.map(({ id, title, says, basis }) => [id, title, says, basis]);
    expect(rows).toEqual(ROWS);
    for (const { status, confirmed, version } of shipped.regimes) {
      expect([status, confirmed, version]).toEqual(['to be checked by counsel', null, 1]);
    }
  });

  test('stand in the documentation in the same words', async () => {
    const page = await readFile(join(import.meta.dirname, '../docs/regulatory-clocks.md'), 'utf8');
    const told = page
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter((cells) => cells.length === 5)
      .map((cells) => cells.slice(1, 4).join(' | '));
    for (const [, ...row] of ROWS) expect(told).toContain(row.join(' | '));
    // Its head and the line below it.
    expect(told).toHaveLength(ROWS.length + 2);
  });

  test('give no figure where none was verified', () => {
    const duties = shipped.regimes.find(({ id }) => id === 'unverified-duties');
    expect(duties).toMatchObject({ when: null, clocks: [] });
  });

  test('use every word of the vocabulary', () => {
    const text = JSON.stringify(shipped.regimes);
    const { facts, moments, fields } = shipped.vocabulary;
    expect(facts.filter(({ name }) => !text.includes(`facts.${name}`))).toEqual([]);
    expect(moments.filter(({ name }) => !text.includes(`"from":"${name}"`))).toEqual([]);
    const extra = fields.filter(({ common }) => !common);
    expect(extra.filter(({ name }) => !text.includes(`"${name}"`))).toEqual([]);
  });
});

const SMALL = `id: small
version: 1
title: A small regime
source: a test
says: at most 3 days
basis: invented
status: to be checked by counsel
confirmed: null
inForce: { from: null, until: null }
zone: Europe/Brussels
when: facts.euMarket && facts.death
clocks:
  - name: report
    title: Report
    to: null
    when: facts.imminentRisk
    readings:
      - { from: awareness, within: 3 days, says: a test }
reminders: { before: [1 day], after: [] }
report: [personal-data]
note: null
`;

function changed(from: string, to: string): string {
  if (!SMALL.includes(from)) throw new Error(`Nothing to replace: ${from}`);
  return SMALL.replace(from, () => to);
}

function told(text: string): string {
  try {
    loadRegimeText(text, 'small.yaml', shipped.vocabulary);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return `${error.code} ${error.message}`;
  }
  return 'loaded';
}

describe('a regime', () => {
  test('is read into spans and rules', () => {
    const regime = loadRegimeText(SMALL, 'small.yaml', shipped.vocabulary);
    expect(regime.clocks[0]?.readings[0]?.within).toEqual({ count: 3, unit: 'day' });
    expect(regime.reminders).toEqual({ before: [{ count: 1, unit: 'day' }], after: [] });
  });

  test('may be confirmed by a named person', () => {
    const text = changed(
      'to be checked by counsel\nconfirmed: null',
      'confirmed\nconfirmed: { by: C. Ounsel, on: 2027-01-05 }',
    );
    expect(told(text)).toBe('loaded');
  });

  test.each([
    [['status: to be checked by counsel', 'status: confirmed'], '8:12', 'names who confirmed it'],
    [
      [
        'to be checked by counsel\nconfirmed: null',
        'confirmed\nconfirmed: { by: x, on: 2027-02-30 }',
      ],
      '8:25',
      'is not a day',
    ],
    [['zone: Europe/Brussels', 'zone: Europe/Atlantis'], '10:7', 'is not an IANA time zone'],
    [['from: null, until: null', 'from: 2027-01-01, until: 2027-01-01'], '9:37', 'is not after'],
    [['within: 3 days', 'within: 3 weeks'], '18:36', 'is not a time such as'],
    [['within: 3 days', 'within: 0 days'], '18:36', 'is not a time such as'],
    [['[1 day]', '[1 working day]'], '19:23', 'is not a time such as'],
    [['when: facts.euMarket && facts.death', 'when: null'], '11:7', 'is needed'],
    [['facts.euMarket &&', 'facts.euMarkt &&'], '11:7', "There is no fact 'euMarkt'"],
    [['facts.death', 'facts.death ||'], '11:', 'CEL:'],
    [['facts.euMarket && facts.death', 'size(facts) > 0'], '11:12', 'Name each fact literally'],
    [['facts.imminentRisk', 'size("yes")'], '16:11', 'bool is needed'],
    [['from: awareness', 'from: awarenes'], '18:17', "There is no moment 'awarenes'"],
    [['[personal-data]', '[personal]'], '20:10', "There is no field 'personal'"],
    [['note: null', 'note: null\nremark: null'], '22:1', "Unknown key 'remark'"],
    [['note: null\n', ''], '', "'note' is missing"],
  ] as const)('%j is told at %s', ([from, to], place, message) => {
    const said = told(changed(from, to));
    expect(said).toMatch(new RegExp(`^invalid small\\.yaml:${place}`));
    expect(said).toContain(message);
  });

  test('asks for few facts at a time, since each missing one doubles the work', () => {
    const names = shipped.vocabulary.facts.slice(0, 9).map(({ name }) => `facts.${name}`);
    expect(
      told(changed('facts.euMarket && facts.death', names.slice(0, 8).join(' || '))),
    ).toContain('small.yaml:16:11: A rule asks for at most 8 facts');
    expect(told(changed('facts.euMarket && facts.death', names.join(' || ')))).toContain(
      'small.yaml:11:7: A rule asks for at most 8 facts',
    );
  });
});

describe('an amendment', () => {
  const folder = async (
    files: Readonly<Record<string, string>>,
    use: (dir: string) => Promise<void>,
  ) => {
    const dir = await mkdtemp(join(tmpdir(), 'firebreak-regimes-'));
    try {
      await writeFile(join(dir, VOCABULARY_FILE), JSON.stringify(shipped.vocabulary));
      for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
      await use(dir);
    } finally {
      await rm(dir, { recursive: true });
    }
  };
  const version = (number: number, from: string | null, until: string | null): string =>
    SMALL.replace('version: 1', `version: ${number.toString()}`).replace(
      'from: null, until: null',
      `from: ${from ?? 'null'}, until: ${until ?? 'null'}`,
    );

  test('is a file of its own that begins when the one before ends', async () => {
    const files = {
      'b.yaml': version(2, '2027-06-01', null),
      'a.yaml': version(1, null, '2027-06-01'),
    };
    await folder(files, async (dir) => {
      const { regimes } = await loadRegimes(dir);
      expect(regimes.map((one) => one.version)).toEqual([1, 2]);
    });
  });

  test.each([
    ['the one before does not end', [version(1, null, null), version(2, '2027-06-01', null)]],
    ['both hold on one day', [version(1, null, '2027-06-02'), version(2, '2027-06-01', null)]],
    ['it does not say when it begins', [version(1, null, '2027-06-01'), version(2, null, null)]],
    ['it has the number of the one before', [version(1, null, '2027-06-01'), SMALL]],
  ] as const)('is refused when %s', async (_title, [a, b]) => {
    await folder({ 'a.yaml': a, 'b.yaml': b }, async (dir) => {
      await expect(loadRegimes(dir)).rejects.toMatchObject({ code: 'invalid', field: 'small' });
    });
  });

  test('a folder that is not there is not found', async () => {
    await expect(loadRegimes('/nowhere/regimes')).rejects.toMatchObject({ code: 'not_found' });
  });
});
