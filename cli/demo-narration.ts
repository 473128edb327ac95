import { renderFact } from '../render/terminal.ts';
import type { DemoFact } from './demo-schema.ts';

const WIDTH_DEFAULT = 110;

/** Tells one line on standard error: standard output is for the document. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Tells the facts after a sequence, as the terminal takes them. Answers the sequence of the last one told. */
export function tellFacts(facts: readonly DemoFact[], told: number): number {
  const options = {
    color: process.stderr.isTTY && process.env['NO_COLOR'] === undefined,
    // A terminal that does not know its size says 0.
    width: process.stderr.columns > 0 ? process.stderr.columns : WIDTH_DEFAULT,
  };
  const fresh = facts.filter(({ sequence }) => sequence > told);
  for (const fact of fresh) say(renderFact(fact, options));
  return fresh.at(-1)?.sequence ?? told;
}
