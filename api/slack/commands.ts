import type { Caller } from '../auth.ts';
import { requireRole, READERS, STEERERS } from '../auth.ts';
import { admitDecision, awaitOutcome } from '../admission.ts';
import { beginHalt } from '../halting.ts';
import { showIncident } from '../incident-view.ts';
import { openByHand } from '../opening.ts';
import { commandBodies, type CommandBody } from '../schema/decision.ts';
import { haltBody } from '../schema/halt.ts';
import { AppError } from '../../domain/error.ts';
import type { Decision } from '../../domain/decision.ts';
import { haltedWords, resumeCommandOf, HALT_SCOPES } from '../../domain/halt.ts';
import type { Incident } from '../../domain/incident.ts';
import { visibleCut } from '../../render/visible.ts';
import { slackActor, slackCaller } from './identity.ts';
import { requireSight, seenModels } from '../sight.ts';
import type { SlackDesk, SlackUser } from './door.ts';
import { parsedWords } from './parsed-words.ts';

/** What a person typed behind `/firebreak`. */
export interface SlackCommand {
  readonly words: string;
  readonly who: SlackUser;
  /** The same for each delivery of one command. */
  readonly requestId: string;
}

/** What a person is told; everything that their command changes is committed by then. */
export interface CommandAnswer {
  readonly text: string;
  /** What the engine made of it, when that was not known soon enough to be in the text; null when nothing is left to tell. */
  readonly outcome: (() => Promise<string>) | null;
}

/** A command with the person behind it. */
interface Asked {
  readonly desk: SlackDesk;
  readonly caller: Caller;
  readonly rest: string;
  readonly requestId: string;
}

const COMMAND = '/firebreak';
/** States of an incident that is not over. */
export const OPEN_STATES = ['pending', 'open', 'held', 'stuck'] as const;
const LISTED_MAX = 20;
const NOW_MAX = 12;
/** Characters of an unknown word that are said back. */
const SHOWN_MAX = 40;

/** What can be typed. */
export const HELP = [
  'Firebreak, what you can do here:',
  `${COMMAND} open – asks what is wrong, what you suspect, severity and playbook`,
  `${COMMAND} open <what is wrong> – opens an incident at once; model=NAME, suspect=NAME, severity=sev2 and playbook=NAME are understood`,
  `${COMMAND} list – open incidents`,
  `${COMMAND} status <number> – where one stands, and what can be done now`,
  `${COMMAND} ack <number> – you have seen it`,
  `${COMMAND} note <number> <text> – onto its timeline`,
  `${COMMAND} halt <why> – stops every effect of the engine; halt model=NAME <why> only those on a model (also playbook, namespace, connector)`,
  `${COMMAND} help – this text`,
].join('\n');

/** An incident on one line. */
export function incidentLine({ number, severity, state, step, title }: Incident): string {
  return `#${number.toString()} ${severity} ${state}${step === null ? '' : `, ${step}`}: ${title}`;
}

/** The incident that words begin with, and what follows. Raises `invalid` and `not_found`. */
async function incidentOf(
  { desk, caller }: Pick<Asked, 'desk' | 'caller'>,
  words: string,
): Promise<{ readonly incident: Incident; readonly text: string }> {
  const match = /^(?:#?(\d{1,15})|(inc_[A-Za-z0-9_-]{1,60}))(?:\s+([\s\S]*))?$/.exec(words);
  if (match === null) {
    throw new AppError('invalid', `Name the incident by its number: ${COMMAND} list shows them.`);
  }
  const [, number, id, text = ''] = match;
  const { incidents } = desk.store;
  const found =
    number === undefined ? await incidents.get(id ?? '') : await incidents.byNumber(Number(number));
  const incident = requireSight(desk, found, { caller });
  return { incident, text: text.trim() };
}

async function open({ desk, caller, rest, requestId }: Asked): Promise<string> {
  requireRole(caller, STEERERS, 'object');
  return openFromSlack(desk, { caller, text: rest, requestId });
}

/** Opens an incident for a person who may, and says which. Raises what `openByHand` raises. */
export async function openFromSlack(
  desk: SlackDesk,
  asked: { readonly caller: Caller; readonly text: string; readonly requestId: string },
): Promise<string> {
  const { caller, text, requestId } = asked;
  const { incident, created } = await openByHand(desk, {
    ...{ text, requestId, drill: false },
    actor: slackActor(caller),
    caller,
  });
  const word = created ? 'Opened' : 'Already open:';
  return `${word} #${incident.number.toString()} ${incident.title} (${incident.severity}, ${incident.playbookName}, ${incident.id}).`;
}

async function list({ desk, caller }: Asked): Promise<string> {
  requireRole(caller, READERS, 'object');
  const page = await desk.store.incidents.list(
    { states: OPEN_STATES, models: seenModels(desk, caller) },
    { cursor: null, limit: LISTED_MAX },
  );
  if (page.items.length === 0) return 'No incident is open.';
  const more = page.next === null ? [] : [`… more: firebreak incident list`];
  return [...page.items.map(incidentLine), ...more].join('\n');
}

async function status(asked: Asked): Promise<string> {
  const { desk, caller, rest } = asked;
  requireRole(caller, READERS, 'object');
  if (rest === '') return list(asked);
  const { incident } = await incidentOf(asked, rest);
  const { approvals, halts, now } = await showIncident(desk, { id: incident.id, caller });
  const { stateReason, acknowledgedBy, owner, model } = incident;
  return [
    incidentLine(incident),
    ...(stateReason === null ? [] : [`Why: ${stateReason}`]),
    `Model ${model ?? 'not known'}, playbook ${incident.playbookName}, lead ${owner ?? 'nobody yet'}, seen by ${acknowledgedBy ?? 'nobody yet'}`,
    ...halts.map((halt) => `Halted: ${haltedWords(halt)} (${halt.reason})`),
    ...approvals.map((one) => `Waits for approval ${one.id} (${one.approvalClass}): ${one.title}`),
    'You can now:',
    ...now.slice(0, NOW_MAX).map(({ title, cli }) => `• ${title}: ${cli}`),
  ].join('\n');
}

/** Gives a command on an incident, as the API would, and says what became of it. */
async function command(
  asked: Asked,
  incident: Incident,
  body: CommandBody,
): Promise<CommandAnswer> {
  const { desk, caller, requestId } = asked;
  requireRole(caller, STEERERS, 'object');
  const decision = await admitDecision(desk, {
    decisionId: requestId,
    command: body.command,
    incidentId: incident.id,
    actor: slackActor(caller),
    caller,
  });
  const what = `${decision.command.kind} of #${incident.number.toString()}`;
  const known = await toldWithin(desk, { decision, what }, SOON_MS);
  if (known.isSettled) return { text: known.text, outcome: null };
  const outcome = async (): Promise<string> =>
    (await toldWithin(desk, { decision, what }, OUTCOME_MS)).text;
  return { text: `${what}: recorded as ${decision.id}.`, outcome };
}

/** What became of a decision, when the engine says so within a time. */
async function toldWithin(
  desk: SlackDesk,
  { decision, what }: { readonly decision: Decision; readonly what: string },
  withinMs: number,
): Promise<{ readonly isSettled: boolean; readonly text: string }> {
  const waitMs = Math.min(desk.limits?.decisionWaitMs ?? withinMs, withinMs);
  const { id, outcome, reason } = await awaitOutcome(desk.store, decision, waitMs);
  const isSettled = outcome !== 'pending';
  if (outcome === 'accepted') return { isSettled, text: `${what}: done.` };
  if (outcome === 'refused') {
    return { isSettled, text: `${what} was refused: ${reason ?? 'no reason'}` };
  }
  return { isSettled, text: `${what}: recorded as ${id}; the engine has not answered yet.` };
}

/** So long the acknowledgement waits for the engine, that most answers are one message. */
const SOON_MS = 100;
/** Past it the person is told that the engine has not answered; what is recorded is carried out all the same. */
const OUTCOME_MS = 20_000;

async function acknowledge(asked: Asked): Promise<CommandAnswer> {
  const { incident } = await incidentOf(asked, asked.rest);
  return command(asked, incident, parsedWords(commandBodies.acknowledge, {}));
}

async function note(asked: Asked): Promise<CommandAnswer> {
  const { incident, text } = await incidentOf(asked, asked.rest);
  return command(asked, incident, parsedWords(commandBodies.note, { text }));
}

async function halt({ desk, caller, rest }: Asked): Promise<string> {
  requireRole(caller, STEERERS, 'object');
  const match = /^([a-z]+)=(?:"([^"]*)"|(\S+))(?:\s+([\s\S]*))?$/.exec(rest);
  const scope = HALT_SCOPES.find((one) => one === match?.[1] && one !== 'all');
  const wanted =
    scope === undefined
      ? { scope: 'all', subject: null, reason: rest }
      : { scope, subject: match?.[2] ?? match?.[3], reason: match?.[4] };
  if ((wanted.reason ?? '') === '') {
    throw new AppError('invalid', `Say why: ${COMMAND} halt <why>.`, { field: 'reason' });
  }
  const by = { actor: slackActor(caller), caller };
  const begun = await beginHalt(desk, parsedWords(haltBody, wanted), by);
  return [
    `${begun.created ? 'Halted' : 'Halted already'}: ${haltedWords(begun.halt)}. No effect of it happens until it is lifted: ${resumeCommandOf(begun.halt)}`,
    ...(begun.known ? [] : ['Nothing of that name is configured: is it spelled right?']),
  ].join('\n');
}

/** Chat is a door, and not this one: it says on its own word alone who is there. */
function breakGlass(): Promise<string> {
  return Promise.resolve(
    'Glass is not broken from Slack. With your own key, at a terminal: ' +
      'firebreak break-glass break INCIDENT --reason WHY, then firebreak break-glass approve APPROVAL --plan-digest DIGEST --reason WHY',
  );
}

const VERBS: Readonly<Record<string, (asked: Asked) => Promise<string | CommandAnswer>>> = {
  'break-glass': breakGlass,
  open,
  list,
  status,
  ack: acknowledge,
  note,
  halt,
};

/** What can be typed, and of a word that cannot that it is none. */
function helpFor(verb: string): string {
  if (verb === '' || verb === 'help') return HELP;
  return `There is no command "${visibleCut(verb, SHOWN_MAX)}".\n${HELP}`;
}

/**
 * Carries out what a person typed, by the operations of the API, and answers in plain text. Everything that it changes is committed
 * when it resolves. Raises `unauthorized`, `invalid`, `not_found` and what the operations raise.
 */
export async function carryOutCommand(
  desk: SlackDesk,
  typed: SlackCommand,
): Promise<CommandAnswer> {
  const [, verb = '', rest = ''] = /^(\S*)\s*([\s\S]*)$/.exec(typed.words) ?? [];
  const work = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (work === undefined) return { text: helpFor(verb), outcome: null };
  const caller = await slackCaller(desk.store.people, typed.who);
  const answer = await work({ desk, caller, rest: rest.trim(), requestId: typed.requestId });
  return typeof answer === 'string' ? { text: answer, outcome: null } : answer;
}
