import pg from 'pg';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { createAccountTable } from './account.ts';
import { createPendingSignInTable } from './pending-sign-in.ts';
import { createAlertTable } from './alert.ts';
import { createApprovalTable } from './approval.ts';
import { createBreakGlassTable } from './break-glass.ts';
import { createCalendarTable } from './calendar.ts';
import { createClaimTable } from './claim.ts';
import { anyRow, columnTypes } from './column.ts';
import { poolConnection, together } from './connection.ts';
import type { Connection } from './connection.ts';
import { createDecisionTable } from './decision.ts';
import { createEscalationTable } from './escalation.ts';
import { createEvidenceTable } from './evidence.ts';
import { createFactTable } from './fact.ts';
import { createFindingTable } from './finding.ts';
import { createGatheringSocket } from './gathering-socket.ts';
import { createHaltTable } from './halt.ts';
import { createIncidentTable } from './incident.ts';
import { createIsolationTable } from './isolation.ts';
import { createLegalHoldTable } from './legal-hold.ts';
import { createLineageTable } from './lineage.ts';
import { Listener } from './listener.ts';
import { createMessageTable } from './message.ts';
import { createObservationTable } from './observation.ts';
import { createOperationTable } from './operation.ts';
import { createOutboxTable } from './outbox.ts';
import { createPersonTable } from './person.ts';
import { createPlaybookTable } from './playbook.ts';
import { createRefusedAnswerTable } from './refused-answer.ts';
import { createResultTable } from './result.ts';
import { STORE_ROLES } from './role.ts';
import type { StoreRole } from './role.ts';
import { createRuleTable } from './rule.ts';
import { createSelfWatchTable } from './self-watch.ts';
import { createSettingTable } from './setting.ts';
import { createSilenceTable } from './silence.ts';
import { createSourceTable } from './source.ts';
import { createStakeholderUpdateTable } from './stakeholder-update.ts';
import { createIncidentChannelTable } from './incident-channel.ts';
import { createStatusCardTable } from './status-card.ts';
import type { Store, Tables } from './tables.ts';

/** How to reach the database, and as whom. */
export interface StoreOptions {
  readonly databaseUrl: string;
  /** The role that every connection takes on; null keeps the login's own rights. */
  readonly role: StoreRole | null;
  /** Most connections of the pool; the listener has one more. */
  readonly poolSize: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 15_000;
const LOCK_TIMEOUT_MS = 8000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;

/**
 * Settings as start-up options: in force before the first statement, with no round trip. Options that the URL
 * carries come first, so that ours win.
 */
function sessionConfig({ databaseUrl, role }: StoreOptions): pg.ClientConfig {
  let url: URL;
  try {
    url = new URL(databaseUrl);
  } catch (error) {
    throw new AppError('invalid', 'The database URL is not a URL.', {
      field: 'databaseUrl',
      cause: error,
    });
  }
  const given = url.searchParams.get('options');
  url.searchParams.delete('options');
  const settings = {
    timezone: 'UTC',
    datestyle: 'ISO',
    statement_timeout: STATEMENT_TIMEOUT_MS.toString(),
    lock_timeout: LOCK_TIMEOUT_MS.toString(),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS.toString(),
    ...(role === null ? {} : { role: STORE_ROLES[role] }),
  };
  const ours = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: url.href,
    options: [...(given === null ? [] : [given]), ...ours].join(' '),
    application_name: `firebreak-${role ?? 'store'}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    stream: createGatheringSocket,
    types: columnTypes(),
  };
}

/** Every table over one connection. */
export function createTables(connection: Connection): Tables {
  return {
    alerts: createAlertTable(connection),
    incidents: createIncidentTable(connection),
    operations: createOperationTable(connection),
    isolations: createIsolationTable(connection),
    results: createResultTable(connection),
    claims: createClaimTable(connection),
    approvals: createApprovalTable(connection),
    decisions: createDecisionTable(connection),
    refusedAnswers: createRefusedAnswerTable(connection),
    breakGlass: createBreakGlassTable(connection),
    escalations: createEscalationTable(connection),
    calendars: createCalendarTable(connection),
    playbooks: createPlaybookTable(connection),
    evidence: createEvidenceTable(connection),
    messages: createMessageTable(connection),
    statusCards: createStatusCardTable(connection),
    incidentChannels: createIncidentChannelTable(connection),
    outbox: createOutboxTable(connection),
    lineage: createLineageTable(connection),
    facts: createFactTable(connection),
    people: createPersonTable(connection),
    accounts: createAccountTable(connection),
    pendingSignIns: createPendingSignInTable(connection),
    sources: createSourceTable(connection),
    settings: createSettingTable(connection),
    observations: createObservationTable(connection),
    findings: createFindingTable(connection),
    silences: createSilenceTable(connection),
    selfWatch: createSelfWatchTable(connection),
    halts: createHaltTable(connection),
    legalHolds: createLegalHoldTable(connection),
    updates: createStakeholderUpdateTable(connection),
    rules: createRuleTable(connection),
  };
}

/**
 * The store over a pool whose connections all act as `role`. Raises `unavailable` when the database cannot be
 * reached, `unauthorized` when the login may not take the role on.
 */
export async function createStore(options: StoreOptions): Promise<Store> {
  const config = sessionConfig(options);
  const pool = new pg.Pool({ ...config, max: options.poolSize, pipeline: true });
  // Without listeners a stopping server ends the process. The pool drops the connection; the next statement tells.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  const connection = poolConnection(pool);
  const listener = new Listener(config);
  const close = async (): Promise<void> => {
    await listener.close();
    await pool.end();
  };
  try {
    await checkRole(connection, options.role);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...createTables(connection),
    together: (read) => together(pool, (flight) => read(createTables(flight))),
    transaction: (work) => connection.atomic((transaction) => work(createTables(transaction))),
    listen: (channel, notify) => listener.listen(channel, notify),
    ping: async () => {
      await connection.rows({ name: 'ping', text: 'select 1 as one' }, [], anyRow);
    },
    close,
  };
}

/** A pooler may drop start-up options; nothing may run with more rights than it was given. */
async function checkRole(connection: Connection, role: StoreRole | null): Promise<void> {
  const row = z.object({ role: z.string(), timezone: z.string() });
  const text = `select current_user::text as role, current_setting('timezone') as timezone`;
  const session = (await connection.rows({ text }, [], row))[0];
  if (role !== null && session?.role !== STORE_ROLES[role]) {
    throw new AppError(
      'unauthorized',
      `The database session did not become ${STORE_ROLES[role]}.`,
      {
        permission: `set role ${STORE_ROLES[role]}`,
      },
    );
  }
  if (session?.timezone !== 'UTC') {
    throw new AppError('unsupported', 'The database connection drops start-up options.');
  }
}
