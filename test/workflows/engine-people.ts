import { randomUUID } from 'node:crypto';
import { admitDecision, type AdmissionDependencies } from '../../api/admission.ts';
import type { Approval, Role } from '../../domain/approval.ts';
import type { Decision, DecisionCommand } from '../../domain/decision.ts';
import type { Destroys } from '../../domain/destruction.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Store } from '../../store/tables.ts';
import type { TestKey } from '../../app/test-key.ts';
import { eventually } from './engine-incidents.ts';
import { SCOPES } from '../../domain/scope.ts';

const PEOPLE: readonly { id: string; roles: readonly Role[] }[] = [
  { id: 'ada', roles: ['responder', 'approver-model-owner'] },
  { id: 'grace', roles: ['responder', 'approver-security'] },
  { id: 'linus', roles: ['viewer'] },
];

/** What people do in a test, admitted as the API admits it. */
export interface People {
  decide(incident: Incident, person: string, command: DecisionCommand): Promise<Decision>;
  /** Approves the next thing that is asked of this incident, as both roles; answers the approval's id. */
  approveNext(incident: Incident, people?: readonly string[]): Promise<string>;
}

/** What admission works with in a test in which nothing is under a legal hold, unless it says what is destroyed. */
export function admissionOver(
  api: Store,
  key: TestKey,
  destroys: Destroys = 'nothing',
): AdmissionDependencies {
  return {
    store: api,
    clock: () => new Date(),
    signer: (payload) => key.sign(payload),
    holding: { destroys: () => destroys, inventory: () => [], written: () => [] },
  };
}

/** Registers the people of the tests. */
export async function createPeople(
  stores: { readonly api: Store; readonly worker: Store },
  key: TestKey,
): Promise<People> {
  const { api, worker } = stores;
  for (const { id, roles } of PEOPLE) {
    await api.people.put({ id, name: id, roles, slackUser: null, mail: null, active: true });
  }
  const admission = admissionOver(api, key);
  const decide: People['decide'] = async (incident, person, command) => {
    const who = await api.people.get(person);
    if (!who) throw new Error(`no person ${person}`);
    const admitted = await admitDecision(admission, {
      decisionId: `dec_${randomUUID()}`,
      command,
      incidentId: incident.id,
      actor: { person, name: who.name, roles: who.roles, channel: 'api' },
      caller: { person: who, canApprove: true, scopes: SCOPES },
    });
    return eventually(
      async () => {
        const now = await worker.decisions.get(admitted.id);
        return now?.outcome === 'pending' ? null : now;
      },
      () => `decision ${command.kind} was never settled`,
    );
  };
  const openApproval = async (incidentId: string): Promise<Approval | null> => {
    const filter = { status: 'open', incidentId } as const;
    const { items } = await worker.approvals.list(filter, { cursor: null, limit: 1 });
    return items[0] ?? null;
  };
  return {
    decide,
    approveNext: async (incident, people = ['ada', 'grace']) => {
      const { id: approvalId, planDigest } = await eventually(
        () => openApproval(incident.id),
        () => 'waited in vain for an approval',
      );
      for (const person of people) {
        await decide(incident, person, { kind: 'approve', approvalId, planDigest });
      }
      return approvalId;
    },
  };
}
