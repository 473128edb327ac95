import { z } from 'zod';
import type { Declaration, DeclaredWords } from './clock-record.ts';
import { AppError } from './error.ts';
import type { Fact } from './fact.ts';

const declaredSchema = z.object({
  decisionId: z.string(),
  declared: z.object({
    facts: z.array(z.object({ name: z.string(), holds: z.boolean() })),
    moments: z.array(z.object({ name: z.string(), at: z.string() })),
    met: z.array(z.object({ clock: z.string(), at: z.string() })),
    waived: z.array(z.object({ clock: z.string(), reason: z.string() })),
    opened: z.array(z.string()),
  }) satisfies z.ZodType<DeclaredWords>,
});

/** Every declaration in an incident's log, oldest first. Raises `internal` for one that cannot be understood: none is dropped. */
export function declarationsIn(facts: readonly Fact[]): readonly Declaration[] {
  return facts
    .filter(({ kind }) => kind === 'clock.declared')
    .map(({ data, actor, occurredAt, recordedAt, sequence }) => {
      const parsed = declaredSchema.safeParse(data);
      if (!parsed.success) {
        throw new AppError('internal', `What fact ${sequence.toString()} declares is not clear.`, {
          cause: parsed.error,
        });
      }
      const { decisionId, declared } = parsed.data;
      const at = occurredAt ?? recordedAt;
      return { words: declared, by: actor, at, decisionId, fact: sequence };
    });
}
