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

const timestamp = z.string().regex(/^\d{1,12}\.\d{6}$/);
const eventOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.object({
    team_id: id,
    is_ext_shared_channel: z.boolean().default(false),
    event: z.object({ user: id, ...shape }),
  });
const reaction = eventOf({
  item: z.object({ type: z.literal('message'), channel: id, ts: timestamp }),
});
const opening = eventOf({
  view: z.object({ hash: z.string().max(ID_MAX).nullish() }).nullish(),
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

/** A reaction to a message. */
export interface Reacted {
  /** Events name the workspace where it happened, never that of a guest: see `isShared`. */
  readonly who: SlackUser;
  /** True in a channel that people of another company are in. */
  readonly isShared: boolean;
  readonly channel: string;
  readonly ts: string;
}

/** What somebody reacted to; null for what is no message: delivered again it would be none either. */
export function reactedOf(body: unknown): Reacted | null {
  const read = reaction.safeParse(body);
  if (!read.success) return null;
  const { event, team_id: team, is_ext_shared_channel: isShared } = read.data;
  const { channel, ts } = event.item;
  return { who: { team, user: event.user }, isShared, channel, ts };
}

/** Who opened the home of the app, and the mark of what they saw there (null for the first time); null for what says neither. */
export function openedHomeOf(body: unknown): {
  readonly who: SlackUser;
  readonly hash: string | null;
} | null {
  const read = opening.safeParse(body);
  if (!read.success) return null;
  const { event, team_id: team } = read.data;
  return { who: { team, user: event.user }, hash: event.view?.hash ?? null };
}
