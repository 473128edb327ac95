import type { Candidate } from './known-good.ts';
import type { BlastRadius } from './lineage.ts';

/** The dataset version that was poisoned. */
export const SUSPECT = 'dataset:warehouse/transactions@2026-11-20';
/** The one before. */
export const GOOD_DATA = 'dataset:warehouse/transactions@2026-11-19';

/** A blast radius that reached nothing, changed as a test wants it. */
export const radius = (change: Partial<BlastRadius> = {}): BlastRadius => ({
  suspect: SUSPECT,
  affected: [],
  unknown: [],
  truncated: false,
  ...change,
});

/** Something that the suspect reached. */
export const affected = (id: string): BlastRadius['affected'][number] => ({
  id,
  kind: 'model',
  name: 'fraud-scorer',
  version: id.slice(id.indexOf('@') + 1),
  path: [SUSPECT, id],
});

/** Before this, what we recorded is a proof. */
export const WINDOW_START = '2026-11-20T03:00:00.000Z';
/** A moment before it. */
export const BEFORE = '2026-11-20T02:59:59.999Z';

/** One record of a digest, made in time unless a test says otherwise. */
export const recorded = (
  digest: string,
  recordedAt: string | null = BEFORE,
): Candidate['recorded'] => [{ digest, recordedAt, source: 'stored bytes' }];

/** A version that everything speaks for, changed as a test wants it. */
export const candidate = (version: string, change: Partial<Candidate> = {}): Candidate => ({
  version,
  createdAt: `2026-11-${version.padStart(2, '0')}T00:00:00Z`,
  recorded: recorded(`digest-${version}`),
  observedDigest: `digest-${version}`,
  node: `model:fraud-scorer@${version}`,
  ancestryComplete: true,
  datasets: [GOOD_DATA],
  ...change,
});
