import { z } from 'zod';
import type { Decision } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import { canonicalJson } from '../evidence/digest.ts';
import { document, incidentIdRow } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { addWork } from './outbox.ts';
import type { DecisionTable } from './tables.ts';

const DECISIONS_MAX = 10_000;

const COLUMNS = `id, incident_id as "incidentId", command, actor, decided_at as "decidedAt", signature,
  outcome, reason`;

const INSERT = {
  name: 'decision-insert',
  text: `insert into firebreak.decision (id, incident_id, kind, command, approval_id, person, actor,
      decided_at, signature)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing returning ${COLUMNS}`,
};

const GET = {
  name: 'decision-get',
  text: `select ${COLUMNS} from firebreak.decision where id = $1`,
};

const SETTLE = {
  name: 'decision-settle',
  text: `update firebreak.decision set outcome = $2, reason = $3 where id = $1 and outcome = 'pending'`,
};

const OF_INCIDENT = {
  name: 'decision-of-incident',
  text: `select ${COLUMNS} from firebreak.decision where incident_id = $1 order by number limit $2`,
};

const DECLARED_INCIDENTS = {
  name: 'decision-declared-incidents',
  text: `select d.incident_id as "incidentId" from (
      select distinct incident_id from firebreak.decision where kind = 'declare'
    ) d join firebreak.incident i on i.id = d.incident_id order by i.number desc limit $1`,
};

const APPROVALS_OF = {
  name: 'decision-approvals-of',
  text: `select ${COLUMNS} from firebreak.decision
    where approval_id = $1 and kind = 'approve' order by number limit $2`,
};

const decisionRow: z.ZodType<Decision> = z.object({
  id: z.string(),
  incidentId: z.string(),
  command: document<Decision['command']>(),
  actor: document<Decision['actor']>(),
  decidedAt: z.string(),
  signature: z.string(),
  outcome: z.enum(['pending', 'accepted', 'refused']),
  reason: z.string().nullable(),
});

type NewDecision = Parameters<DecisionTable['insert']>[0];

function approvalIdOf({ command }: NewDecision): string | null {
  return command.kind === 'approve' || command.kind === 'reject' ? command.approvalId : null;
}

function isSame(stored: Decision, decision: NewDecision): boolean {
  const said = ({ incidentId, command, actor }: NewDecision): string =>
    canonicalJson({ incidentId, command, person: actor.person });
  return said(stored) === said(decision);
}

async function insert(connection: Connection, decision: NewDecision): Promise<Decision> {
  const inserted = await firstRow(
    connection.rows(
      INSERT,
      [
        decision.id,
        decision.incidentId,
        decision.command.kind,
        JSON.stringify(decision.command),
        approvalIdOf(decision),
        decision.actor.person,
        JSON.stringify(decision.actor),
        decision.decidedAt,
        decision.signature,
      ],
      decisionRow,
    ),
  );
  if (inserted !== null) {
    const { id, incidentId } = inserted;
    await addWork(connection, [{ kind: 'deliver-decision', decisionId: id, incidentId }]);
    return inserted;
  }
  const stored = await firstRow(connection.rows(GET, [decision.id], decisionRow));
  if (stored !== null && isSame(stored, decision)) return stored;
  throw new AppError('conflict', `Decision ${decision.id} was already taken with other words.`);
}

/** Decisions over a connection; see the contract for what each function answers. */
export function createDecisionTable(connection: Connection): DecisionTable {
  return {
    insert: (decision) => connection.atomic((transaction) => insert(transaction, decision)),
    get: (id) => firstRow(connection.rows(GET, [id], decisionRow)),
    settle: async (id, outcome, reason) => {
      await connection.write(SETTLE, [id, outcome, reason]);
    },
    declaredIncidents: async (limit) => {
      const rows = await connection.rows(DECLARED_INCIDENTS, [limit], incidentIdRow);
      return rows.map(({ incidentId }) => incidentId);
    },
    ofIncident: (incidentId) =>
      connection.rows(OF_INCIDENT, [incidentId, DECISIONS_MAX], decisionRow),
    approvalsOf: (approvalId) =>
      connection.rows(APPROVALS_OF, [approvalId, DECISIONS_MAX], decisionRow),
  };
}
