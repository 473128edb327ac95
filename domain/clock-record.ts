import type { Declarations } from './incident-clocks.ts';
import type { Settlement } from './regulatory-clock.ts';

/** What one person declares at once about the clocks of an incident. */
export interface DeclaredWords {
  readonly facts: Declarations['facts'];
  /** RFC 3339. */
  readonly moments: readonly { readonly name: string; readonly at: string }[];
  /** Reports that were sent, by `<regime>/<clock>`; RFC 3339. */
  readonly met: readonly { readonly clock: string; readonly at: string }[];
  readonly waived: readonly { readonly clock: string; readonly reason: string }[];
  /** Clocks of which an earlier `met` or `waived` is taken back. */
  readonly opened: readonly string[];
}

/** What stands in the log of one declaration. */
export interface Declaration {
  readonly words: DeclaredWords;
  /** A person's id. */
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  readonly decisionId: string;
  /** Sequence of its fact. */
  readonly fact: number;
}

/** One recorded word as people see it; the later of two about the same stands, both are shown. */
export interface RecordedWord extends Pick<Declaration, 'by' | 'at' | 'decisionId' | 'fact'> {
  readonly about: 'fact' | 'moment' | 'clock';
  readonly name: string;
  /** `yes`, a time, `met at …`, `waived: why`, `open again`. */
  readonly says: string;
  readonly superseded: boolean;
}

/** Names that the regimes in use know; recorded words of others count no more, and stay visible. */
export interface KnownNames {
  readonly facts: ReadonlySet<string>;
  readonly moments: ReadonlySet<string>;
  readonly clocks: ReadonlySet<string>;
}

type Word = Pick<RecordedWord, 'about' | 'name' | 'says'>;

function wordsIn({ facts, moments, met, waived, opened }: DeclaredWords): readonly Word[] {
  return [
    ...facts.map(({ name, holds }) => ({
      ...{ about: 'fact' as const, name },
      says: holds ? 'yes' : 'no',
    })),
    ...moments.map(({ name, at }) => ({ about: 'moment' as const, name, says: at })),
    ...met.map(({ clock, at }) => ({
      ...{ about: 'clock' as const, name: clock },
      says: `met at ${at}`,
    })),
    ...waived.map(({ clock, reason }) => ({
      ...{ about: 'clock' as const, name: clock },
      says: `waived: ${reason}`,
    })),
    ...opened.map((clock) => ({ about: 'clock' as const, name: clock, says: 'open again' })),
  ];
}

/** What was declared, in words: `death=no, eu-gdpr-33/report met at …`. */
export function declaredText(words: DeclaredWords): string {
  return wordsIn(words)
    .map(({ about, name, says }) => (about === 'clock' ? `${name} ${says}` : `${name}=${says}`))
    .join(', ');
}

/** Every recorded word, oldest first; those about the same of an earlier declaration are superseded. */
export function recordedWords(declarations: readonly Declaration[]): readonly RecordedWord[] {
  return declarations.flatMap(({ words, by, at, decisionId, fact }, index) =>
    wordsIn(words).map((word) => ({
      ...word,
      ...{ by, at, decisionId, fact },
      superseded: declarations
        .slice(index + 1)
        .some((later) => wordsIn(later.words).some((one) => isSame(one, word))),
    })),
  );
}

function isSame(a: Word, b: Word): boolean {
  return a.about === b.about && a.name === b.name;
}

/** Words of the newest declaration that says anything about a name, for each name. */
function standing<T>(
  declarations: readonly Declaration[],
  read: {
    readonly words: (declaration: Declaration) => readonly T[];
    readonly name: (word: T) => string;
  },
): readonly T[] {
  const newest = new Map<string, readonly T[]>();
  for (const declaration of declarations) {
    const words = read.words(declaration);
    for (const name of new Set(words.map(read.name))) {
      newest.set(
        name,
        words.filter((word) => read.name(word) === name),
      );
    }
  }
  return [...newest.values()].flat();
}

interface ClockWord {
  readonly clock: string;
  readonly settlement: Settlement | null;
}

function clockWords({ words, by, at }: Declaration): readonly ClockWord[] {
  return [
    ...words.met.map(({ clock, at: metAt }) => ({
      clock,
      settlement: { kind: 'met' as const, at: metAt, by, reason: null },
    })),
    ...words.waived.map(({ clock, reason }) => ({
      clock,
      settlement: { kind: 'waived' as const, at, by, reason },
    })),
    ...words.opened.map((clock) => ({ clock, settlement: null })),
  ];
}

/** What counts of the record, and of what a person says now about the same: what is said now stands. */
export function standingDeclarations(
  recorded: readonly Declaration[],
  now: Declaration,
  known: KnownNames,
): Declarations {
  const kept = recorded.map((one): Declaration => ({
    ...one,
    words: knownWords(one.words, known),
  }));
  const all = [...kept, now];
  const facts = standing(all, { words: ({ words }) => words.facts, name: ({ name }) => name });
  const moments = standing(all, {
    words: (one) =>
      one.words.moments.map(({ name, at }) => ({
        ...{ name, at, by: one.by },
        fact: one === now ? null : one.fact,
      })),
    name: ({ name }) => name,
  });
  const clocks = standing(all, { words: clockWords, name: ({ clock }) => clock });
  const settled = clocks.flatMap(({ clock, settlement }) =>
    settlement === null ? [] : [{ clock, settlement }],
  );
  return { by: now.by, facts, moments, settled };
}

function knownWords(words: DeclaredWords, known: KnownNames): DeclaredWords {
  return {
    facts: words.facts.filter(({ name }) => known.facts.has(name)),
    moments: words.moments.filter(({ name }) => known.moments.has(name)),
    met: words.met.filter(({ clock }) => known.clocks.has(clock)),
    waived: words.waived.filter(({ clock }) => known.clocks.has(clock)),
    opened: words.opened.filter((clock) => known.clocks.has(clock)),
  };
}
