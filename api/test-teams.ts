import { ROLES, type Role } from '../domain/approval.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { Grant } from '../domain/grant.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { brokenGlassOf } from './test-break-glass.ts';
import { addPerson, APPROVAL, INCIDENT, NOW } from './test-api.ts';
import type { Memory } from './test-memory.ts';

/** An entry of the rules that says whose a model is and where it serves. */
export function entryOf(model: string, team: string, namespace: string): InventoryEntry {
  return {
    ...{ model, registryName: model, alias: 'champion', service: null, load: 'pinned-uri' },
    ...{ replicas: 2, pipeline: null, datasets: [], datasetPointer: null, owner: team, team },
    ...{ onIsolation: null, source: 'file', confidence: 'high' },
    serving: [
      {
        ...{ cluster: 'kubernetes', namespace, kind: 'Deployment', name: model },
        ...{ container: 'server', role: 'only' },
      },
    ],
  };
}

/** The model of `INCIDENT`, and one of another team. */
export const TEAMS: readonly InventoryEntry[] = [
  entryOf('fraud-scorer', 'fraud', 'ml'),
  entryOf('pricing', 'pricing', 'shop'),
];

/** Adds a person whose roles, all of them when none is named, are limited to one object; with a token `fb_<id>`. */
export function addLimited(
  memory: Memory,
  id: string,
  limit: Omit<Grant, 'role'> & { readonly roles?: readonly Role[] },
): void {
  const { roles = ROLES, on, name } = limit;
  addPerson(memory, id, []);
  const person = memory.people.get(id);
  if (person === undefined) return;
  memory.people.set(id, { ...person, grants: roles.map((role) => ({ role, on, name })) });
}

const evidenceOf = (id: string, incidentId: string): Evidence => ({
  ...{ id, incidentId, title: 'A log', operation: 'seal', moment: 'before-containment' },
  // Of the three bytes that the test's evidence store answers.
  sha256: '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81',
  ...{ bytes: 3, mediaType: 'text/plain', source: 'loki', collectedAt: NOW, truncated: false },
});

const updateOf = (id: string, incidentId: string): StakeholderUpdate => ({
  ...{ id, incidentId, audience: 'customers', reach: 'external', ordinal: 1, notice: 'first' },
  ...{ verified: false, to: ['ann@example.com'], slackChannel: null, subject: 's', text: 't' },
  ...{ templateSha256: 'b'.repeat(64), textSha256: 'a'.repeat(64), draftedAt: NOW },
  ...{ state: 'drafted', settledAt: null, settledBy: null, settledThrough: null, reason: null },
});

/** Beside `INCIDENT` and `APPROVAL`, which are of team fraud, the same of team pricing: `inc_2`, `apr_2`, `ev_2`, `dec_2`, `brk_2`, `upd_2`. */
export function addOtherTeam(memory: Memory): void {
  memory.incidents.set('inc_2', {
    ...INCIDENT,
    id: 'inc_2',
    number: 2,
    key: 'k2',
    model: 'pricing',
  });
  memory.approvals.set('apr_2', { ...APPROVAL, id: 'apr_2', incidentId: 'inc_2' });
  for (const number of ['1', '2']) {
    const incidentId = `inc_${number}`;
    memory.evidence.set(`ev_${number}`, evidenceOf(`ev_${number}`, incidentId));
    memory.decisions.set(`dec_${number}`, {
      ...{ id: `dec_${number}`, incidentId, command: { kind: 'acknowledge' }, decidedAt: NOW },
      actor: { person: 'rex', name: 'Rex', roles: ['responder'], channel: 'api' },
      ...{ signature: 's', outcome: 'accepted', reason: null },
    });
    memory.glassBreaks.push(brokenGlassOf(`brk_${number}`, incidentId));
    memory.updates.push(updateOf(`upd_${number}`, incidentId));
  }
}
