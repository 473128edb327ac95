import type { Logger } from 'pino';
import { messagesFor } from '../activities/message-rows.ts';
import { toAppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import {
  DRAFT_OVERDUE_MINUTES,
  dueNotice,
  isContained,
  nextUpdateAt,
  worldOf,
  type Audience,
  type DueNotice,
  type StakeholderUpdate,
  type UpdateTemplate,
  type WorldState,
} from '../domain/stakeholder-update.ts';
import { digestOf } from '../evidence/digest.ts';
import { DEFAULT_TEMPLATES } from '../render/update-defaults.ts';
import { fillUpdate, type UpdateValues } from '../render/update-template.ts';
import type { Store } from '../store/tables.ts';
import { changesSince } from './incident-changes.ts';
import {
  audienceWords,
  draftedFact,
  messagesOf,
  remindedFact,
  settledFact,
} from './update-telling.ts';

/** So many incidents are looked at in one round. */
const INCIDENTS_MAX = 1_000;
/** Audiences that were told nothing of the end for so long are not told any more. */
const UNTOLD_DAYS = 30;
const WAITING_DAYS = 7;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What drafting updates needs. */
export interface StakeholderUpdatesOptions {
  readonly store: Pick<Store, 'incidents' | 'updates' | 'operations' | 'facts' | 'transaction'>;
  readonly audiences: readonly Audience[];
  /** Where the people who respond are told that a draft waits. */
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly now: () => Date;
  readonly newId: (prefix: string) => string;
  readonly log: Pick<Logger, 'warn'>;
}

/** One incident as its audiences are told of it. */
interface Told {
  readonly incident: Incident;
  readonly world: WorldState;
  readonly contained: boolean;
  readonly updates: readonly StakeholderUpdate[];
}

async function valuesOf(
  { store, now }: StakeholderUpdatesOptions,
  { incident, updates, contained }: Told,
  draft: DueNotice & { readonly audience: Audience },
): Promise<UpdateValues> {
  const { audience, verified } = draft;
  const internal = audience.reach === 'internal';
  const since = updates.at(-1)?.draftedAt ?? incident.openedAt;
  return {
    number: incident.number,
    title: incident.title,
    severity: incident.severity,
    model: incident.model ?? 'an AI system',
    audience: audience.name,
    internal,
    openedAt: incident.openedAt,
    contained,
    containedAt: incident.containedAt ?? '',
    verified,
    withdrawn: !verified && updates.some((one) => one.state === 'released' && one.verified),
    verdict: incident.verdict ?? '',
    nextUpdateAt: nextUpdateAt(audience, incident, now().toISOString()) ?? '',
    changes: internal ? await changesSince(store, incident.id, since) : [],
  };
}

/** The words, and the template that they are made of: what fails now, though it was tried at the start, is said as shipped. */
function wordsOf(
  { log }: StakeholderUpdatesOptions,
  { audience, notice }: DueNotice & { readonly audience: Audience },
  values: UpdateValues,
): { readonly words: UpdateTemplate; readonly template: UpdateTemplate } {
  const own = audience.templates[notice];
  const shipped = DEFAULT_TEMPLATES[notice];
  try {
    const template = own ?? shipped;
    return { words: fillUpdate(template, values), template };
  } catch (error) {
    if (own === undefined) throw error;
    const { message } = toAppError(error);
    log.warn({ audience: audience.name, notice }, `template not usable: ${message}`);
    return { words: fillUpdate(shipped, values), template: shipped };
  }
}

async function draftOf(
  options: StakeholderUpdatesOptions,
  told: Told,
  due: DueNotice & { readonly audience: Audience },
): Promise<StakeholderUpdate> {
  const { audience, notice, verified } = due;
  const { words, template } = wordsOf(options, due, await valuesOf(options, told, due));
  const { name, reach, to, slackChannel } = audience;
  const draftedAt = options.now().toISOString();
  const settled =
    reach === 'internal'
      ? { state: 'released' as const, settledAt: draftedAt, settledBy: 'engine' }
      : { state: 'drafted' as const, settledAt: null, settledBy: null };
  return {
    id: options.newId('upd'),
    incidentId: told.incident.id,
    ...{ audience: name, reach, to, slackChannel, notice, verified, ...words },
    ordinal: (told.updates.at(-1)?.ordinal ?? 0) + 1,
    templateSha256: digestOf(template),
    textSha256: digestOf({ audience: name, to, slackChannel, ...words }),
    draftedAt,
    ...settled,
    settledThrough: null,
    reason: null,
  };
}

/** Tells the people who respond that a draft waits, with its words and what can be done. */
function waitingMessage(update: StakeholderUpdate, again: boolean) {
  const { id, audience, text } = update;
  return {
    purpose: `draft/${id}${again ? '/reminder' : ''}`,
    subject: `${again ? 'Still not sent' : 'To be read and sent'}: an update for ${audience}`,
    text: [
      `It goes to ${audienceWords(update)}. It says:`,
      text,
      `Read it as it will look, and send it: firebreak updates preview ${id}`,
      `Leave it out: firebreak updates skip ${id} --reason WHY`,
    ].join('\n\n'),
    mail: true,
  };
}

/** Writes the next update with everything that is told of it; false when another process did. */
function write(
  { store, channels }: StakeholderUpdatesOptions,
  update: StakeholderUpdate,
): Promise<boolean> {
  const { incidentId } = update;
  const fact = settledFact(update) ?? draftedFact(update);
  const messages =
    update.state === 'released'
      ? messagesOf(update)
      : messagesFor({ channels }, incidentId, [waitingMessage(update, false)]);
  return store.transaction(async (tables) => {
    if (!(await tables.updates.draft(update))) return false;
    await tables.messages.put(messages);
    await tables.facts.append(incidentId, [fact]);
    return true;
  });
}

async function draftFor(options: StakeholderUpdatesOptions, incident: Incident): Promise<number> {
  const { store, audiences, now } = options;
  const [all, operations] = await Promise.all([
    store.updates.ofIncident(incident.id),
    incident.containedAt === null ? [] : store.operations.ofIncident(incident.id),
  ]);
  const world = worldOf(incident, operations);
  const contained = isContained(incident, operations);
  let drafted = 0;
  for (const audience of audiences) {
    const updates = all.filter((one) => one.audience === audience.name);
    const due = dueNotice({ incident, audience, updates, world, now: now() });
    if (due === null) continue;
    const update = await draftOf(
      options,
      { incident, world, contained, updates },
      { ...due, audience },
    );
    if (await write(options, update)) drafted += 1;
  }
  return drafted;
}

/** Incidents that somebody may have to be told of: those under way, and closed ones of which an audience does not know yet. */
async function incidentsToTell({
  store,
  now,
}: StakeholderUpdatesOptions): Promise<readonly Incident[]> {
  const since = new Date(now().getTime() - UNTOLD_DAYS * DAY_MS).toISOString();
  const [unfinished, closed] = await Promise.all([
    store.incidents.unfinished(INCIDENTS_MAX),
    store.updates.closedUntold(since, INCIDENTS_MAX),
  ]);
  const known = await Promise.all(closed.map((id) => store.incidents.get(id)));
  const found = known.flatMap((one) => (one === null ? [] : [one]));
  // A drill is nobody's news.
  return [...unfinished, ...found].filter(({ drill }) => !drill);
}

async function remindOfDrafts({ store, channels, now }: StakeholderUpdatesOptions): Promise<void> {
  const since = new Date(now().getTime() - WAITING_DAYS * DAY_MS).toISOString();
  const overdueMs = now().getTime() - DRAFT_OVERDUE_MINUTES * MINUTE_MS;
  for (const update of await store.updates.waiting(since, INCIDENTS_MAX)) {
    if (Date.parse(update.draftedAt) > overdueMs) continue;
    await store.transaction(async (tables) => {
      const messages = [waitingMessage(update, true)];
      await tables.messages.put(messagesFor({ channels }, update.incidentId, messages));
      await tables.facts.append(update.incidentId, [remindedFact(update)]);
    });
  }
}

/**
 * One round: each update that is due is drafted once, whoever looks and how often; what is for people inside is sent with that,
 * what is for people outside waits for a person, who is told, and told again when it waits for long. Answers how many were
 * drafted; what goes wrong with one incident keeps no other from being looked at.
 */
export async function draftUpdates(options: StakeholderUpdatesOptions): Promise<number> {
  if (options.audiences.length === 0) return 0;
  let drafted = 0;
  for (const incident of await incidentsToTell(options)) {
    try {
      drafted += await draftFor(options, incident);
    } catch (error) {
      const { message } = toAppError(error);
      options.log.warn({ incident: incident.id }, `no update drafted: ${message}`);
    }
  }
  await remindOfDrafts(options);
  return drafted;
}
