import type { OpenRequest } from '../api/dependencies.ts';
import type { Alert, IncomingAlert } from '../domain/alert.ts';
import type { Actor } from '../domain/decision.ts';
import type { DrillSide } from '../domain/drill.ts';
import { AppError } from '../domain/error.ts';
import { SEVERITIES, type Severity } from '../domain/incident.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { incidentKeyOf } from '../intake/incident-key.ts';
import { vetoSecondsOf, type Router } from '../intake/routing.ts';

const TEXT_MAX = 2_000;
const TITLE_MAX = 300;
/** `model=fraud-scorer`, `suspect="dataset:…"`, `playbook=…`, `severity=sev2` anywhere in the words. */
const PAIR = /\b(model|suspect|playbook|drill|severity)=(?:"([^"]{1,500})"|(\S{1,500}))/g;

/** What a person's words name. */
interface Words {
  readonly title: string;
  readonly named: Readonly<Record<string, string>>;
}

function read(text: string): Words {
  const words = text.trim();
  if (words === '') throw new AppError('invalid', 'Say what is wrong.', { field: 'text' });
  if (words.length > TEXT_MAX)
    throw new AppError('too_large', 'Say it shorter.', { field: 'text' });
  const named: Record<string, string> = {};
  for (const match of words.matchAll(PAIR)) {
    const [, key, quoted, plain] = match;
    if (key !== undefined) named[key] = quoted ?? plain ?? '';
  }
  const title = words.replace(PAIR, '').replace(/\s+/g, ' ').trim();
  return { title: (title === '' ? words : title).slice(0, TITLE_MAX), named };
}

/** The words as an alert, so that a person's incident goes the way of a monitor's. */
function alertOf(words: Words, models: readonly string[], now: Date): Alert {
  const model = words.named['model'] ?? models.find((name) => mentions(words.title, name));
  const { suspect } = { suspect: words.named['suspect'] };
  return {
    source: 'person',
    status: 'firing',
    fingerprint: sha256Hex(`${words.title}\n${model ?? ''}`),
    startsAt: now.toISOString(),
    endsAt: null,
    title: words.title,
    labels: {
      ...(model === undefined ? {} : { model }),
      ...(suspect === undefined ? {} : { suspect }),
      ...(words.named['playbook'] === undefined ? {} : { playbook: words.named['playbook'] }),
    },
    annotations: {},
    details: {},
  };
}

function mentions(text: string, name: string): boolean {
  return text
    .toLowerCase()
    .split(/[^\w.-]+/)
    .includes(name.toLowerCase());
}

function severityOf(text: string | undefined): Severity | null {
  if (text === undefined) return null;
  const severity = SEVERITIES.find((known) => known === text);
  if (severity) return severity;
  throw new AppError('invalid', `There is no severity ${text}: ${SEVERITIES.join(', ')}.`, {
    field: 'severity',
  });
}

/**
 * Routes a person's words to a new incident, by the same router as an alert. Raises `invalid` for empty words, an
 * unknown playbook, an unknown severity, a drill where there is nothing to drill on, and words that take a real incident for
 * a drill.
 */
export function createOpenRequest(options: {
  readonly router: Router;
  readonly playbooks: () => readonly PinnedPlaybook[];
  /** Names of the models of the inventory, as it is now for a drill or for what is real. */
  readonly models: (side: DrillSide) => readonly string[];
  /** Whether there is anything that a drill could reach. */
  readonly hasDrills: () => boolean;
  readonly now: () => Date;
}): (text: string, actor: Actor, side: DrillSide) => OpenRequest {
  return (text, actor, { drill }) => {
    if (drill && !options.hasDrills()) throw nothingToDrill();
    const words = read(text);
    if (!drill && soundsLikeDrill(words)) throw notByWords();
    const alert = alertOf(words, options.models({ drill }), options.now());
    const incoming: IncomingAlert = { alert, dedupeKey: alert.fingerprint };
    const { routing, route } = options.router.route(incoming, { drill });
    const playbook = playbookNamed(
      options.playbooks(),
      words.named['playbook'] ?? routing.incident.playbookName,
    );
    const suspect = words.named['suspect'] ?? routing.incident.suspect;
    const { model } = routing.incident;
    const severity = severityOf(words.named['severity']) ?? routing.incident.severity;
    const subject = { model, suspect, fingerprint: alert.fingerprint };
    const { mode } = routing.incident;
    return {
      incidentKey: incidentKeyOf(subject, { playbookClass: playbook.playbook.class, mode, drill }),
      reopenWindowSeconds: routing.reopenWindowSeconds,
      incident: {
        ...routing.incident,
        severity,
        vetoSeconds: vetoSecondsOf(route, severity),
        playbookName: playbook.playbook.name,
        suspect,
        origin: { kind: 'person', by: actor.person, channel: actor.channel },
        firstAlert: null,
      },
    };
  };
}

/** True for words of somebody who takes what they are about to open for a drill. */
function soundsLikeDrill({ title, named }: Words): boolean {
  return named['drill'] !== undefined || title.split(' ').includes('--drill');
}

function notByWords(): AppError {
  const message =
    'Words open no drill, but a real incident: say firebreak incident open --drill, or drill: true.';
  return new AppError('invalid', message, { field: 'text' });
}

function nothingToDrill(): AppError {
  const message = 'There is nothing to drill on: no instance is configured with drill: true.';
  return new AppError('invalid', message, { field: 'drill' });
}

function playbookNamed(playbooks: readonly PinnedPlaybook[], name: string): PinnedPlaybook {
  const found = playbooks.find(({ playbook }) => playbook.name === name);
  if (found) return found;
  const known = playbooks.map(({ playbook }) => playbook.name).join(', ');
  throw new AppError('invalid', `There is no playbook ${name}: ${known}.`, { field: 'playbook' });
}
