import { markedTitle } from '../domain/drill.ts';
import { newFact } from '../domain/fact.ts';
import type { NewFact } from '../domain/fact.ts';
import { cleanText } from './column.ts';
import type { Membership, OpenRequest } from './membership.ts';
import type { OutboxWork } from './outbox-table.ts';

const TEXT_CHARACTERS_MAX = 500;

function clean(text: string | null): string | null {
  return text === null ? null : cleanText(text, TEXT_CHARACTERS_MAX);
}

/** The fact that an incident began or began again; null for one that was merely joined. */
export function openingFact(membership: Membership, request: OpenRequest): NewFact | null {
  if (membership.how === 'joined') return null;
  const { incident } = request;
  const by = cleanText(incident.origin.by, TEXT_CHARACTERS_MAX);
  const opened = membership.how === 'opened';
  const title = cleanText(markedTitle(incident.title, incident), TEXT_CHARACTERS_MAX);
  return newFact({
    key: opened ? 'incident/opened' : `incident/reopened/${membership.generation.toString()}`,
    kind: opened ? 'incident.opened' : 'incident.reopened',
    occurredAt: request.at,
    actor: by,
    summary: opened
      ? `Incident opened: ${title}`
      : 'Incident reopened: it came back within the reopen window.',
    data: {
      key: request.incidentKey,
      generation: membership.generation,
      title,
      severity: incident.severity,
      mode: incident.mode,
      drill: incident.drill,
      route: clean(incident.route),
      playbook: incident.playbookName,
      suspect: clean(incident.suspect),
      model: clean(incident.model),
      origin: { kind: incident.origin.kind, by, channel: incident.origin.channel },
      onsetAt: incident.onsetAt,
    },
  });
}

/** The outbox row that starts a run of an incident that began or began again, else none. */
export function startWork(membership: Membership): readonly OutboxWork[] {
  if (membership.how === 'joined') return [];
  const { incidentId, generation } = membership;
  return [{ kind: 'start-incident', incidentId, generation }];
}
