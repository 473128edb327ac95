// Goal: whatever is known of a registry, the choice is the newest good version and each verdict rests on its own facts.
// Method: random registries against an oracle in other words; one fact flipped at a time.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { chooseKnownGood, type Candidate, type KnownGood } from './known-good.ts';
import type { BlastRadius } from './lineage.ts';
import { affected, BEFORE, candidate, radius, recorded, WINDOW_START } from './sample-candidate.ts';

const bits = fc.record({
  tainted: fc.boolean(),
  recorded: fc.boolean(),
  early: fc.boolean(),
  same: fc.boolean(),
  readable: fc.boolean(),
  node: fc.boolean(),
  complete: fc.boolean(),
});
type Bits = typeof bits extends fc.Arbitrary<infer T> ? T : never;

function world(all: readonly Bits[]): {
  candidates: readonly Candidate[];
  blastRadius: BlastRadius;
  windowStart: string;
} {
  const version = (index: number): string => (all.length - index).toString();
  return {
    windowStart: WINDOW_START,
    candidates: all.map((bit, index) =>
      candidate(version(index), {
        recorded: bit.recorded ? recorded('d', bit.early ? BEFORE : WINDOW_START) : [],
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
  const { tainted, recorded: isRecorded, early, same, readable, node, complete } = bit;
  if (tainted && node) return 'bad';
  if (isRecorded && readable && !same) return 'bad';
  return [isRecorded, early, readable, node, complete].includes(false) ? 'unproven' : 'good';
}

describe('chooseKnownGood', () => {
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
    const flips = fc.constantFrom(
      'tainted',
      'recorded',
      'early',
      'same',
      'readable',
      'node',
      'complete',
    );
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
});
