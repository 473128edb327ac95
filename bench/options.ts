import { parseArgs } from 'node:util';

/** The parts that can be run alone. */
export const PARTS = [
  'overhead',
  'floor',
  'dbos',
  'storm',
  'containment',
  'starts',
  'sync',
  'people',
] as const;
/** One of them. */
export type Part = (typeof PARTS)[number];

/** How the benchmark is run. */
export interface Options {
  readonly rounds: number;
  readonly parts: ReadonlySet<Part>;
  /** False leaves RESULTS.md as it is: what was left out cannot be written down. */
  readonly writes: boolean;
}

const ROUNDS = 3;
const ROUNDS_MAX = 10;

/** Reads the command line. Raises for an unknown option or part. */
export function readOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: { rounds: { type: 'string' }, only: { type: 'string' } },
  });
  const rounds = Number(values.rounds ?? ROUNDS);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > ROUNDS_MAX) {
    throw new Error(`--rounds takes 1 to ${ROUNDS_MAX.toString()}.`);
  }
  const asked = values.only === undefined ? null : values.only.split(',');
  const unknown = asked?.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) {
    throw new Error(`--only takes ${PARTS.join(', ')}; there is no ${unknown}.`);
  }
  const parts = new Set(PARTS.filter((part) => asked === null || asked.includes(part)));
  return { rounds, parts, writes: asked === null };
}
