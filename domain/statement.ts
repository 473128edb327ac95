import type { Fact, FactKind } from './fact.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** One sentence or value of a postmortem and what it rests on. */
export interface Statement {
  /** What the value is, for people; null when the text stands alone. */
  readonly label: string | null;
  readonly text: string;
  /** Sequences of the facts that it cites. */
  readonly facts: readonly number[];
  /** Ids of the evidence that it cites. */
  readonly evidence: readonly string[];
  /** False when nothing on record supports it; the text then says `unknown`. */
  readonly known: boolean;
}

/** A statement that facts support; without one it is written as unknown. */
export function state(
  label: string | null,
  text: string | null | undefined,
  facts: readonly (Fact | undefined)[],
): Statement {
  const cited = facts.flatMap((fact) => fact?.sequence ?? []);
  if (text === null || text === undefined || text === '' || cited.length === 0)
    return unknown(label);
  return { label, text, facts: [...new Set(cited)], evidence: [], known: true };
}

/** A value that nothing on record tells. */
export function unknown(label: string | null): Statement {
  return { label, text: 'unknown', facts: [], evidence: [], known: false };
}

/** A fact's own sentence, citing it. */
export function retell(fact: Fact): Statement {
  return state(null, fact.summary, [fact]);
}

/** The facts of an incident, asked for by kind. */
export class FactBook {
  readonly facts: readonly Fact[];

  constructor(facts: readonly Fact[]) {
    this.facts = facts.toSorted((a, b) => a.sequence - b.sequence);
  }

  all(...kinds: readonly FactKind[]): readonly Fact[] {
    return this.facts.filter(({ kind }) => kinds.includes(kind));
  }

  first(...kinds: readonly FactKind[]): Fact | undefined {
    return this.facts.find(({ kind }) => kinds.includes(kind));
  }

  last(...kinds: readonly FactKind[]): Fact | undefined {
    return this.facts.findLast(({ kind }) => kinds.includes(kind));
  }

  at(sequence: number | null): Fact | undefined {
    return this.facts.find((fact) => fact.sequence === sequence);
  }
}

/** A member of a JSON object; null when there is none. */
export function member(data: Json, name: string): Json {
  return isJsonObject(data) ? (data[name] ?? null) : null;
}

/** A member's text: numbers and truth values as words, null for anything else. */
export function textOf(data: Json, name: string): string | null {
  const value = member(data, name);
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? value.toString() : null;
}

/** A member's list of strings; what is no string is left out. */
export function textsOf(data: Json, name: string): readonly string[] {
  const value = member(data, name);
  return Array.isArray(value) ? value.filter((item: Json) => typeof item === 'string') : [];
}

/** A member's list of objects; what is no object is left out. */
export function objectsOf(data: Json, name: string): readonly JsonObject[] {
  const value = member(data, name);
  return Array.isArray(value) ? value.filter((item: Json) => isJsonObject(item)) : [];
}
