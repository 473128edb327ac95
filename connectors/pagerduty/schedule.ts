import { DAY_MS } from '../../domain/zoned-time.ts';
import type { CallContext, Probe, ProbeReply } from '../connector.ts';
import type { PagerdutyClient } from './client.ts';
import { scheduleManifest, type ScheduleInput } from './manifest.ts';
import { PAGE_ENTRIES, type OncallsReply } from './reply-schema.ts';
import type { ScheduleValue } from './schedule-value.ts';

/** Entries of a quarter of a year with a hand-over each hour are fewer. */
const PAGES_MAX = 50;
/** So much is asked for at once: PagerDuty takes three months at most. */
const SPAN_MS = 60 * DAY_MS;

type Entry = ScheduleValue['entries'][number];
type Span = Pick<ScheduleInput, 'since' | 'until'>;

/** The window in pieces, none of them longer than is taken. */
function spansOf({ since, until }: Span): readonly Span[] {
  const [from, end] = [Date.parse(since), Date.parse(until)];
  const spans: Span[] = [];
  for (let at = from; at < end; at += SPAN_MS) {
    const to = Math.min(at + SPAN_MS, end);
    spans.push({ since: new Date(at).toISOString(), until: new Date(to).toISOString() });
  }
  return spans;
}

/** An on-call as it is told; without a begin or an end it lasts as long as the window. */
function entryOf(
  { user, start, end }: OncallsReply['oncalls'][number],
  { since, until }: Span,
): Entry {
  const { id, email, summary } = user;
  return {
    from: new Date(start ?? since).toISOString(),
    to: new Date(end ?? until).toISOString(),
    user: id,
    mail: email ?? null,
    name: summary ?? id,
  };
}

/** On-calls of several escalation policies, and of two pieces of the window, are one: they differ in nothing that is asked here. */
function unique(entries: readonly Entry[]): readonly Entry[] {
  const all = new Map(entries.map((entry) => [`${entry.from} ${entry.to} ${entry.user}`, entry]));
  return [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function answerOf(found: readonly Entry[], truncated: boolean): ProbeReply {
  const entries = unique(found).map((entry) => ({ ...entry }));
  return { value: { entries, truncated }, truncated };
}

async function read(
  client: PagerdutyClient,
  input: ScheduleInput,
  context: CallContext,
): Promise<ProbeReply> {
  const { schedule } = input;
  const found: Entry[] = [];
  const waiting = spansOf(input).map((span) => ({ span, offset: 0 }));
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const next = waiting.shift();
    if (next === undefined) {
      // Of a schedule that is not there PagerDuty says the same as of one that nobody is on.
      if (found.length === 0) await client.expectSchedule(schedule, context);
      return answerOf(found, false);
    }
    const { span, offset } = next;
    const { oncalls, more } = await client.oncalls({ ...span, schedule, offset }, context);
    const ours = oncalls.filter((oncall) => oncall.schedule?.id === schedule);
    found.push(...ours.map((oncall) => entryOf(oncall, input)));
    if (more) waiting.unshift({ span, offset: offset + PAGE_ENTRIES });
    context.heartbeat({ entries: found.length });
  }
  return answerOf(found, true);
}

/** Probe `schedule`: each stretch of time with the user's id, mail and name. Raises `not_found` for a schedule that is not there. */
export function schedule(client: PagerdutyClient): Probe<ScheduleInput> {
  return {
    manifest: scheduleManifest,
    read: (input, context) => read(client, input, context),
  };
}
