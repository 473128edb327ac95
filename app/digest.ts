import type { DigestConfiguration } from '../domain/configuration.ts';
import type { Incident } from '../domain/incident.ts';
import {
  nextUpdateAt,
  type Audience,
  type StakeholderUpdate,
} from '../domain/stakeholder-update.ts';
import { visibleCut } from '../render/visible.ts';
import type { Store } from '../store/tables.ts';
import { changesSince } from './incident-changes.ts';

/** Incidents that one mail tells of; how many more there are is said. */
const TOLD_MAX = 50;
const INCIDENTS_MAX = 1_000;
const CLOSED_MAX = 200;
const LINE_CHARACTERS_MAX = 200;
const HOUR_MS = 3_600_000;
/** Setting that holds the begin of the last period that was looked at, RFC 3339. */
const LAST = 'digest/last';

/** What a digest needs. */
export interface DigestOptions {
  readonly store: Pick<Store, 'incidents' | 'updates' | 'facts' | 'settings' | 'transaction'>;
  /** Null: nobody gets one. */
  readonly digest: DigestConfiguration | null;
  readonly audiences: readonly Audience[];
  readonly channels: { readonly mail: boolean };
  readonly now: () => Date;
}

/** Text from outside on one line, so that it cannot be taken for a line of ours. */
function shown(text: string): string {
  return visibleCut(text, LINE_CHARACTERS_MAX);
}

/** When the next update of any audience is due, RFC 3339; null when none is. */
function nextDue(
  incident: Incident,
  audiences: readonly Audience[],
  updates: readonly StakeholderUpdate[],
): string | null {
  const times = audiences.flatMap((audience) => {
    const last = updates.findLast((one) => one.audience === audience.name);
    const next = last === undefined ? null : nextUpdateAt(audience, incident, last.draftedAt);
    return next === null ? [] : [next];
  });
  return times.toSorted()[0] ?? null;
}

function standingOf({ state, phase, containedAt, stabilisedAt, owner }: Incident): string {
  const contained = containedAt === null ? 'not contained' : `seen contained at ${containedAt}`;
  const led = owner === null ? 'nobody leads it' : `led by ${shown(owner)}`;
  return `${state}, ${phase}, ${contained}${stabilisedAt === null ? '' : ', stabilised'}, ${led}`;
}

async function paragraphOf(
  { store, audiences }: DigestOptions,
  incident: Incident,
  since: string,
): Promise<string> {
  const [changes, updates] = await Promise.all([
    changesSince(store, incident.id, since),
    store.updates.ofIncident(incident.id),
  ]);
  const due = nextDue(incident, audiences, updates);
  return [
    `#${incident.number.toString()} ${shown(incident.title)} (${incident.severity}, since ${incident.openedAt})`,
    `  ${standingOf(incident)}`,
    ...changes.map((change) => `  - ${shown(change)}`),
    ...(changes.length === 0 ? ['  Nothing new.'] : []),
    ...(due === null ? [] : [`  Next update: ${due}`]),
  ].join('\n');
}

/** The incidents that were closed since, one line each. */
async function closedLines({ store }: DigestOptions, since: string): Promise<readonly string[]> {
  const { items } = await store.incidents.list(
    { states: ['closed'] },
    { cursor: null, limit: CLOSED_MAX },
  );
  return items
    .filter(({ closedAt, drill }) => !drill && closedAt !== null && closedAt > since)
    .slice(0, TOLD_MAX)
    .map(({ number, title, verdict }) => {
      return `#${number.toString()} ${shown(title)}: ${verdict ?? 'no verdict'}`;
    });
}

async function textOf(
  options: DigestOptions,
  open: readonly Incident[],
  since: string,
): Promise<string> {
  const told: string[] = [];
  for (const incident of open.slice(0, TOLD_MAX)) {
    told.push(await paragraphOf(options, incident, since));
  }
  const left = open.length - told.length;
  const closed = await closedLines(options, since);
  return [
    `What is new since ${since}.`,
    ...told,
    ...(left === 0 ? [] : [`${left.toString()} more are open.`]),
    ...(closed.length === 0 ? [] : [`Closed since then:\n${closed.join('\n')}`]),
  ].join('\n\n');
}

/** The begin of the period that a moment is in, RFC 3339; periods are counted from midnight UTC of 1 January 1970. */
function periodOf(now: Date, everyHours: number): string {
  const everyMs = everyHours * HOUR_MS;
  return new Date(Math.floor(now.getTime() / everyMs) * everyMs).toISOString();
}

/**
 * Mails the digest when a new period has begun and anything is open, once a period, whoever looks and how often. The first one comes with
 * the first period that begins after the set-up. Answers whether one was written.
 */
export async function sendDigest(options: DigestOptions): Promise<boolean> {
  const { store, digest, channels, now } = options;
  if (digest === null || !channels.mail) return false;
  const period = periodOf(now(), digest.everyHours);
  const last = await store.settings.get(LAST);
  if (typeof last !== 'string' || last >= period) {
    if (typeof last !== 'string') await store.settings.putIfAbsent(LAST, period);
    return false;
  }
  const open = (await store.incidents.unfinished(INCIDENTS_MAX)).filter(({ drill }) => !drill);
  const text = open.length === 0 ? null : await textOf(options, open, last);
  await store.transaction(async (tables) => {
    await tables.settings.put(LAST, period);
    if (text === null) return;
    const subject = `Digest: ${open.length.toString()} open incidents`;
    const purpose = `digest/${period}`;
    const message = { incidentId: null, channel: 'mail', purpose, subject, text } as const;
    await tables.messages.put([{ ...message, to: digest.to }]);
  });
  return text !== null;
}
