import type { Approval } from './approval.ts';
import { newFact, type Fact, type NewFact } from './fact.ts';
import type { Incident } from './incident.ts';

/** An incident as it is right after opening, of which nothing else is known. */
export const openedIncident: Incident = {
  id: 'inc_1',
  number: 1,
  key: 'k',
  title: 't',
  state: 'open',
  stateReason: null,
  owner: null,
  severity: 'sev2',
  phase: 'triage',
  mode: 'auto',
  drill: false,
  vetoSeconds: 0,
  vetoUntil: null,
  route: null,
  playbookName: 'p',
  playbookDigest: null,
  suspect: null,
  model: null,
  targets: null,
  parameters: {},
  origin: { kind: 'alert', by: 'alertmanager', channel: null },
  firstAlert: null,
  alertCount: 1,
  generation: 1,
  step: null,
  paused: false,
  acknowledgedBy: null,
  verdict: null,
  onsetAt: null,
  openedAt: '2026-11-23T10:00:00.000Z',
  containedAt: null,
  restoredAt: null,
  stabilisedAt: null,
  closedAt: null,
};

/** An incident as most tests start from it: poisoned data reached the canary of `fraud-scorer`. */
export const incident: Incident = {
  ...openedIncident,
  id: '0190c0de-0000-7000-8000-000000000001',
  key: 'fraud-scorer/poisoned-data',
  title: 'Anomalous scores from fraud-scorer v7',
  owner: 'ada',
  phase: 'containment',
  route: 'drift',
  playbookName: 'P2',
  playbookDigest: 'd'.repeat(64),
  suspect: 'dataset:warehouse/transactions@2026-11-20',
  model: 'fraud-scorer',
  alertCount: 3,
  step: 'isolate',
  onsetAt: '2026-11-20T09:55:00.000Z',
  openedAt: '2026-11-20T10:00:01.000Z',
};

/** An open approval of two plans. */
export const approval: Approval = {
  id: '0190c0de-0000-7000-8000-00000000000a',
  incidentId: incident.id,
  operation: 'approve-revert',
  round: 1,
  title: 'Take fraud-scorer back to version 6',
  approvalClass: 'R3',
  quorum: { people: 2, roles: ['approver-model-owner', 'approver-security'] },
  plans: [
    {
      operation: 'move-alias',
      target: 'mlflow/Alias/fraud-scorer/champion',
      round: 1,
      digest: 'a'.repeat(64),
      summary: 'Move alias champion of fraud-scorer from version 7 to version 6.',
      action: 'mlflow.move-alias',
      approvalClass: 'R3',
      undo: 'Move the alias back to version 7.',
    },
    {
      operation: 'dataset-pointer',
      target: 'kubernetes/ConfigMap/ml/fraud-scorer-training',
      round: 1,
      digest: 'b'.repeat(64),
      summary: 'Set dataset of ml/fraud-scorer-training to 2026-11-19.',
      action: 'kubernetes.config-map-key',
      approvalClass: 'R3',
      undo: 'Set it back to 2026-11-20.',
    },
  ],
  planDigest: 'c'.repeat(64),
  status: 'open',
  statusReason: null,
  requestedBy: null,
  createdAt: '2026-11-20T10:02:00.000Z',
  expiresAt: '2026-11-20T11:02:00.000Z',
  settledAt: null,
};

/** What a sample fact may say; everything else is filled in. */
export type SampleFact = Pick<NewFact, 'kind'> &
  Partial<NewFact> & { readonly recordedAt?: string };

/** Facts in order, numbered from 1, a second apart unless they say when they were recorded; hashes are fillers. */
export function sampleFacts(facts: readonly SampleFact[]): readonly Fact[] {
  const start = Date.parse('2026-11-20T10:00:00.000Z');
  return facts.map((fact, index) => ({
    ...newFact({ key: `fact/${(index + 1).toString()}`, summary: fact.kind, ...fact }),
    incidentId: incident.id,
    sequence: index + 1,
    recordedAt: fact.recordedAt ?? new Date(start + index * 1000).toISOString(),
    previousHash: index.toString(16).padStart(64, '0'),
    hash: (index + 1).toString(16).padStart(64, '0'),
  }));
}
