// Goal: the newest proven version is chosen, never another, and each refusal rests on the fact that it names.
// Method: an adversarial registry as a table; property tests that flip one fact at a time.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseKnownGood, type Candidate, type KnownGood } from './known-good.ts';
import type { BlastRadius } from './lineage.ts';

const SUSPECT = 'dataset:warehouse/transactions@2026-11-20';
const GOOD_DATA = 'dataset:warehouse/transactions@2026-11-19';

const radius = (change: Partial<BlastRadius> = {}): BlastRadius => ({
  suspect: SUSPECT,
  affected: [],
  unknown: [],
  truncated: false,
  ...change,
});

const affected = (id: string): BlastRadius['affected'][number] => ({
  id,
  kind: 'model',
  name: 'fraud-scorer',
  version: id.slice(id.indexOf('@') + 1),
  path: [SUSPECT, id],
});

const candidate = (version: string, change: Partial<Candidate> = {}): Candidate => ({
  version,
  createdAt: `2026-11-${version.padStart(2, '0')}T00:00:00Z`,
  recordedDigest: `digest-${version}`,
  observedDigest: `digest-${version}`,
  node: `model:fraud-scorer@${version}`,
  ancestryComplete: true,
  datasets: [GOOD_DATA],
  ...change,
});

interface Case {
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly blastRadius: BlastRadius;
  readonly status: KnownGood['status'];
  readonly chosen: string | null;
  readonly codes: readonly string[];
}

const poisoned = radius({ affected: [affected('model:fraud-scorer@7')] });

const CASES: readonly Case[] = [
  {
    name: 'the newest is in the blast radius',
    candidates: [candidate('7'), candidate('6'), candidate('5')],
    blastRadius: poisoned,
    status: 'proven',
    chosen: '6',
    codes: ['in_blast_radius'],
  },
  {
    name: 'the previous one was aborted and left no bytes',
    candidates: [candidate('7'), candidate('6', { observedDigest: null }), candidate('5')],
    blastRadius: poisoned,
    status: 'proven',
    chosen: '5',
    codes: ['in_blast_radius', 'bytes_unreadable'],
  },
  {
    name: 'trained on the suspect itself, with a matching digest',
    candidates: [candidate('7', { datasets: [GOOD_DATA, SUSPECT] }), candidate('6')],
    blastRadius: radius(),
    status: 'proven',
    chosen: '6',
    codes: ['in_blast_radius'],
  },
  {
    name: 'the suspect is a model version',
    candidates: [candidate('7'), candidate('6')],
    blastRadius: radius({ suspect: 'model:fraud-scorer@7' }),
    status: 'proven',
    chosen: '6',
    codes: ['in_blast_radius'],
  },
  {
    name: 'bytes overwritten after registration',
    candidates: [candidate('7'), candidate('6', { observedDigest: 'other' }), candidate('5')],
    blastRadius: poisoned,
    status: 'proven',
    chosen: '5',
    codes: ['in_blast_radius', 'digest_mismatch'],
  },
  {
    name: 'clocks say otherwise than version numbers',
    candidates: [
      candidate('6', { createdAt: '2030-01-01T00:00:00Z' }),
      candidate('7'),
      candidate('8', { createdAt: '1999-01-01T00:00:00Z' }),
    ],
    blastRadius: radius(),
    status: 'proven',
    chosen: '8',
    codes: [],
  },
  {
    name: 'version names that are no numbers go by time',
    candidates: [
      candidate('a', { createdAt: '2026-11-01T00:00:00Z' }),
      candidate('b', { createdAt: '2026-11-02T00:00:00Z' }),
    ],
    blastRadius: radius(),
    status: 'proven',
    chosen: 'b',
    codes: [],
  },
  {
    name: 'without times the registry’s order counts',
    candidates: [candidate('a', { createdAt: null }), candidate('b')],
    blastRadius: radius(),
    status: 'proven',
    chosen: 'a',
    codes: [],
  },
  {
    name: 'lineage does not know the only clean one',
    candidates: [candidate('7'), candidate('6', { node: null, datasets: [] })],
    blastRadius: poisoned,
    status: 'unproven',
    chosen: null,
    codes: ['in_blast_radius', 'ancestry_unknown'],
  },
  {
    name: 'an ancestor is missing',
    candidates: [candidate('6', { ancestryComplete: false })],
    blastRadius: radius(),
    status: 'unproven',
    chosen: null,
    codes: ['ancestry_unknown'],
  },
  {
    name: 'its training data has unknown ancestry',
    candidates: [candidate('6')],
    blastRadius: radius({ unknown: [GOOD_DATA] }),
    status: 'unproven',
    chosen: null,
    codes: ['ancestry_unknown'],
  },
  {
    name: 'no digest was ever recorded',
    candidates: [candidate('6', { recordedDigest: null })],
    blastRadius: radius(),
    status: 'unproven',
    chosen: null,
    codes: ['digest_unrecorded'],
  },
  {
    name: 'the blast radius was cut',
    candidates: [candidate('6')],
    blastRadius: radius({ truncated: true }),
    status: 'unproven',
    chosen: null,
    codes: ['ancestry_unknown'],
  },
  {
    name: 'bad and unproven at once is bad',
    candidates: [candidate('7', { recordedDigest: null })],
    blastRadius: poisoned,
    status: 'none',
    chosen: null,
    codes: ['in_blast_radius'],
  },
  {
    name: 'no candidate is good',
    candidates: [candidate('7'), candidate('6', { observedDigest: 'other' })],
    blastRadius: poisoned,
    status: 'none',
    chosen: null,
    codes: ['in_blast_radius', 'digest_mismatch'],
  },
  {
    name: 'the registry is empty',
    candidates: [],
    blastRadius: radius(),
    status: 'none',
    chosen: null,
    codes: [],
  },
];

const bits = fc.record({
  tainted: fc.boolean(),
  recorded: fc.boolean(),
  same: fc.boolean(),
  readable: fc.boolean(),
  node: fc.boolean(),
  complete: fc.boolean(),
});
type Bits = typeof bits extends fc.Arbitrary<infer T> ? T : never;

function world(all: readonly Bits[]): {
  candidates: readonly Candidate[];
  blastRadius: BlastRadius;
} {
  const version = (index: number): string => (all.length - index).toString();
  return {
    candidates: all.map((bit, index) =>
      candidate(version(index), {
        recordedDigest: bit.recorded ? 'd' : null,
        observedDigest: bit.readable ? (bit.same ? 'd' : 'e') : null,
        node: bit.node ? `model:fraud-scorer@${version(index)}` : null,
        ancestryComplete: bit.complete,
      }),
    ),
    blastRadius: radius({
      affected: all.flatMap((bit, index) =>
        bit.tainted ? [affected(`model:fraud-scorer@${version(index)}`)] : [],
      ),
    }),
  };
}

/** What each candidate is, judged alone, in other words than the code's. */
function oracle(bit: Bits): 'good' | 'bad' | 'unproven' {
  if (bit.tainted && bit.node) return 'bad';
  if (bit.recorded && bit.readable && !bit.same) return 'bad';
  return bit.recorded && bit.readable && bit.node && bit.complete ? 'good' : 'unproven';
}

describe('chooseKnownGood', () => {
  test.each(CASES)('$name', ({ candidates, blastRadius, status, chosen, codes }) => {
    const choice = chooseKnownGood({ candidates, blastRadius });
    expect(choice.status).toBe(status);
    expect(choice.chosen?.version ?? null).toBe(chosen);
    expect(choice.rejected.map(({ code }) => code)).toEqual(codes);
  });

  test('is the newest good one; every newer one is rejected; nothing unproven is ever chosen', () => {
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 8 }), (all) => {
        const choice = chooseKnownGood(world(all));
        const verdicts = all.map(oracle);
        const first = verdicts.indexOf('good');
        expect(choice.chosen?.version ?? null).toBe(
          first === -1 ? null : (all.length - first).toString(),
        );
        expect(choice.rejected).toHaveLength(first === -1 ? all.length : first);
        const status =
          first !== -1 ? 'proven' : verdicts.includes('unproven') ? 'unproven' : 'none';
        expect(choice.status).toBe(status);
        expect(choice.unproven).toHaveLength(
          first === -1 ? verdicts.filter((verdict) => verdict === 'unproven').length : 0,
        );
      }),
    );
  });

  test('flipping one fact changes exactly the verdicts that depend on it', () => {
    const flips = fc.constantFrom('tainted', 'recorded', 'same', 'readable', 'node', 'complete');
    fc.assert(
      fc.property(
        fc.array(bits, { minLength: 1, maxLength: 8 }),
        fc.nat(),
        flips,
        (all, at, key) => {
          const index = at % all.length;
          const flipped = all.map((bit, each) =>
            each === index ? { ...bit, [key]: !bit[key] } : bit,
          );
          const codeOf = (choice: KnownGood, version: string): string | undefined =>
            choice.rejected.find((one) => one.candidate === version)?.code;
          const before = chooseKnownGood(world(all));
          const after = chooseKnownGood(world(flipped));
          for (const [each] of all.entries()) {
            const version = (all.length - each).toString();
            // Newer ones keep their verdict; older ones may only come into view or leave it.
            if (each < index) expect(codeOf(after, version)).toBe(codeOf(before, version));
            const codes = [codeOf(before, version), codeOf(after, version)].filter(
              (code) => code !== undefined,
            );
            if (each > index) expect(new Set(codes).size).toBeLessThanOrEqual(1);
          }
        },
      ),
    );
  });

  test('every reason names what it rests on', () => {
    const choice = chooseKnownGood({
      candidates: [candidate('7'), candidate('6', { observedDigest: 'other' })],
      blastRadius: poisoned,
    });
    expect(choice.rejected[0]?.reason).toContain('model:fraud-scorer@7');
    expect(choice.rejected[1]?.reason).toContain('other');
  });
});
