import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import { admitDecision } from '../../api/admission.ts';
import type { Approval, Role } from '../../domain/approval.ts';
import type { Decision, DecisionCommand } from '../../domain/decision.ts';
import type { Incident } from '../../domain/incident.ts';
import { canonicalJson } from '../../evidence/digest.ts';
import type { Store } from '../../store/tables.ts';
import { eventually } from './engine-incidents.ts';

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

/** A key of this run: what people decide is signed with it, and the worker verifies it. */
export interface TestKey {
  /** The private half, as a data folder keeps it. */
  readonly pem: string;
  sign(payload: object): string;
  readonly verify: (payload: object, signature: string) => boolean;
}

/** A fresh key. */
export function createTestKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytesOf = (payload: object): Buffer => Buffer.from(canonicalJson(payload));
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sign: (payload) => sign(null, bytesOf(payload), privateKey).toString('base64'),
    verify: (payload, signature) =>
      verify(null, bytesOf(payload), publicKey, Buffer.from(signature, 'base64')),
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
  const admission = {
    store: api,
    clock: () => new Date(),
    signer: (payload: object) => key.sign(payload),
  };
  const decide: People['decide'] = async (incident, person, command) => {
    const who = await api.people.get(person);
    if (!who) throw new Error(`no person ${person}`);
    const admitted = await admitDecision(admission, {
      decisionId: `dec_${randomUUID()}`,
      command,
      incidentId: incident.id,
      actor: { person, name: who.name, roles: who.roles, channel: 'api' },
      caller: { person: who, canApprove: true },
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
