// Goal: the newest proven version is chosen, never another, and each refusal rests on the fact that it names.
// Method: an adversarial registry as a table.
import { describe, expect, test } from '@jest/globals';
import { chooseKnownGood, type Candidate, type KnownGood } from './known-good.ts';
import type { BlastRadius } from './lineage.ts';
import {
  affected,
  candidate,
  GOOD_DATA,
  radius,
  recorded,
  SUSPECT,
  WINDOW_START,
} from './sample-candidate.ts';

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
    candidates: [candidate('6', { recorded: [] })],
    blastRadius: radius(),
    status: 'unproven',
    chosen: null,
    codes: ['digest_unrecorded'],
  },
  {
    name: 'its digest was recorded when the compromise may have begun',
    candidates: [candidate('6', { recorded: recorded('digest-6', WINDOW_START) }), candidate('5')],
    blastRadius: radius(),
    status: 'proven',
    chosen: '5',
    codes: ['digest_recorded_late'],
  },
  {
    name: 'only others say what its digest was',
    candidates: [candidate('6', { recorded: recorded('digest-6', null) })],
    blastRadius: radius(),
    status: 'unproven',
    chosen: null,
    codes: ['digest_recorded_late'],
  },
  {
    name: 'one of its records says otherwise, however late',
    candidates: [
      candidate('6', { recorded: [...recorded('digest-6'), ...recorded('other', null)] }),
    ],
    blastRadius: radius(),
    status: 'none',
    chosen: null,
    codes: ['digest_mismatch'],
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
    candidates: [candidate('7', { recorded: [] })],
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

describe('chooseKnownGood', () => {
  test.each(CASES)('$name', ({ candidates, blastRadius, status, chosen, codes }) => {
    const choice = chooseKnownGood({ candidates, blastRadius, windowStart: WINDOW_START });
    expect(choice.status).toBe(status);
    expect(choice.chosen?.version ?? null).toBe(chosen);
    expect(choice.rejected.map(({ code }) => code)).toEqual(codes);
  });

  test('every reason names what it rests on', () => {
    const choice = chooseKnownGood({
      candidates: [candidate('7'), candidate('6', { observedDigest: 'other' })],
      blastRadius: poisoned,
      windowStart: WINDOW_START,
    });
    expect(choice.rejected[0]?.reason).toContain('model:fraud-scorer@7');
    expect(choice.rejected[1]?.reason).toContain('other');
  });
});
