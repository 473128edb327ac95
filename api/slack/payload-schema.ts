import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { SlackUser } from './door.ts';

const ID_MAX = 64;
const id = z
  .string()
  .regex(/^[A-Z0-9]+$/)
  .max(ID_MAX);
/** Slack allows 3,000 in free text; more than we take is refused by the operation. */
const TEXT_MAX = 10_000;

const person = z.object({
  user: z.object({ id, team_id: id.optional() }),
  team: z.object({ id }).nullish(),
});

const option = z.object({ value: z.string().max(TEXT_MAX) });
const input = z.object({
  value: z.string().max(TEXT_MAX).nullish(),
  selected_option: option.nullish(),
});

const submission = z.object({
  view: z.object({
    id: z.string().min(1).max(ID_MAX),
    private_metadata: z.string().max(TEXT_MAX).default(''),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), input)) }),
  }),
});

/** What a person filled in: block id to text or chosen value; null for what was left empty. */
export interface Filled {
  readonly viewId: string;
  /** What we put into the view when we opened it. */
  readonly kept: string;
  readonly values: Readonly<Record<string, string | null>>;
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new AppError('invalid', 'Slack sent something that cannot be read.', {
    field: result.error.issues[0]?.path.join('.') ?? '',
  });
}

/** Who did it: of a shared channel the workspace that the person belongs to. Raises `invalid`. */
export function whoOf(body: unknown): SlackUser {
  const { user, team } = parsed(person, body);
  const home = user.team_id ?? team?.id;
  if (home === undefined) throw new AppError('invalid', 'Slack names no workspace.');
  return { team: home, user: user.id };
}

const click = z.object({
  actions: z.array(z.object({ value: z.string().max(TEXT_MAX) })).length(1),
});

/** What the one clicked button carries. Raises `invalid`. */
export function clickedOf(body: unknown): string {
  return parsed(click, body).actions[0]?.value ?? '';
}

/** What was submitted. Raises `invalid`. */
export function filledOf(body: unknown): Filled {
  const { view } = parsed(submission, body);
  const values = Object.entries(view.state.values).map(([block, elements]) => {
    const [first] = Object.values(elements);
    return [block, first?.selected_option?.value ?? first?.value ?? null] as const;
  });
  return { viewId: view.id, kept: view.private_metadata, values: Object.fromEntries(values) };
}
