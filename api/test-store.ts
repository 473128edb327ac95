import type { Decision } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { Page, PageRequest, Store, Tables } from '../store/tables.ts';
import { accountTable, pendingSignInTable } from './test-accounts.ts';
import { breakGlassTable } from './test-break-glass.ts';
import { haltTable } from './test-halts.ts';
import { legalHoldTable } from './test-legal-holds.ts';
import { operationTable } from './test-operations.ts';
import { personTable, sourceTable } from './test-people.ts';
import { refusedAnswerTable } from './test-refused-answers.ts';
import { updateTable } from './test-updates.ts';
import { changeIncident, type Memory } from './test-memory.ts';
import { quietIncidents, quietTables, unused } from './test-unused.ts';

function page<T>(all: readonly T[], request: PageRequest): Page<T> {
  const from = request.cursor === null ? 0 : Number(request.cursor);
  const to = from + request.limit;
  return { items: all.slice(from, to), next: to < all.length ? to.toString() : null };
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new AppError('not_found', `There is no such ${what}.`);
  return value;
}

function isAbout(incident: Incident | undefined, models: readonly string[] | null = null): boolean {
  const model = incident?.model ?? null;
  return models === null || (model !== null && models.includes(model));
}

function alertTable(memory: Memory): Tables['alerts'] {
  return {
    accept: (deliveries) => {
      if (memory.trouble !== null) return Promise.reject(memory.trouble);
      memory.deliveries.push(...deliveries);
      return Promise.resolve(
        deliveries.map((delivery) =>
          delivery.alerts.map((one, index) =>
            one.kind === 'alert'
              ? { alertId: `alr_${index.toString()}`, duplicate: false, incidentId: 'inc_1' }
              : {
                  alertId: `alr_${index.toString()}`,
                  duplicate: false,
                  incidentId: null,
                  problem: one.alert.problem,
                },
          ),
        ),
      );
    },
    missedAmong: unused('alerts.missedAmong'),
    ofIncident: unused('alerts.ofIncident'),
    foresee: unused('alerts.foresee'),
    drain: unused('alerts.drain'),
  };
}

function incidentTable(memory: Memory): Tables['incidents'] {
  return {
    get: (id) => Promise.resolve(memory.incidents.get(id) ?? null),
    byNumber: (number) =>
      Promise.resolve([...memory.incidents.values()].find((one) => one.number === number) ?? null),
    open: async (request) => {
      const known = memory.requests.get(request.requestId);
      if (known !== undefined) {
        return { incident: found(memory.incidents.get(known), 'incident'), created: false };
      }
      const [template] = memory.incidents.values();
      const incident: Incident = {
        ...found(template, 'template'),
        ...request.incident,
        id: `inc_${(memory.incidents.size + 1).toString()}`,
        openedAt: request.openedAt,
      };
      memory.incidents.set(incident.id, incident);
      memory.requests.set(request.requestId, incident.id);
      return Promise.resolve({ incident, created: true });
    },
    list: ({ states, models }, request) =>
      Promise.resolve(
        page(
          [...memory.incidents.values()]
            .filter((one) => states?.includes(one.state) ?? true)
            .filter((one) => isAbout(one, models)),
          request,
        ),
      ),
    lock: async (id) => Promise.resolve(found(memory.incidents.get(id), 'incident')),
    ...quietIncidents(),
    change: (id, change) => Promise.resolve(changeIncident(memory, id, change)),
    suspects: () => Promise.resolve([]),
  };
}

function approvalTable(memory: Memory): Tables['approvals'] {
  return {
    open: unused('approvals.open'),
    get: (id) => Promise.resolve(memory.approvals.get(id) ?? null),
    lock: async (id) => Promise.resolve(found(memory.approvals.get(id), 'approval')),
    settle: (id, status, statusReason) => {
      const approval = found(memory.approvals.get(id), 'approval');
      const settled = { ...approval, status, statusReason };
      memory.approvals.set(id, settled);
      return Promise.resolve(settled);
    },
    list: ({ status, incidentId, models }, request) =>
      Promise.resolve(
        page(
          [...memory.approvals.values()].filter(
            (one) =>
              (status === null || one.status === status) &&
              (incidentId === null || one.incidentId === incidentId) &&
              isAbout(memory.incidents.get(one.incidentId), models),
          ),
          request,
        ),
      ),
  };
}

function decisionTable(memory: Memory): Tables['decisions'] {
  return {
    insert: (row) => {
      const decision: Decision = { ...row, outcome: 'pending', reason: null };
      memory.decisions.set(row.id, decision);
      return Promise.resolve(decision);
    },
    get: (id) => Promise.resolve(memory.decisions.get(id) ?? null),
    settle: (id, outcome, reason) => {
      const decision = found(memory.decisions.get(id), 'decision');
      memory.decisions.set(id, { ...decision, outcome, reason });
      return Promise.resolve();
    },
    ofIncident: (id) =>
      Promise.resolve([...memory.decisions.values()].filter((one) => one.incidentId === id)),
    declaredIncidents: unused('decisions.declaredIncidents'),
    approvalsOf: (id) =>
      Promise.resolve(
        [...memory.decisions.values()].filter(
          ({ command }) => command.kind === 'approve' && command.approvalId === id,
        ),
      ),
  };
}

function evidenceTable(memory: Memory): Tables['evidence'] {
  return {
    put: unused('evidence.put'),
    get: (id) => Promise.resolve(memory.evidence.get(id) ?? null),
    ofIncident: (id) =>
      Promise.resolve([...memory.evidence.values()].filter((one) => one.incidentId === id)),
    addCustody: (entry) => {
      const stored = {
        ...entry,
        sequence: memory.custody.length + 1,
        previousHash: '00',
        hash: '01',
      };
      memory.custody.push(stored);
      return Promise.resolve(stored);
    },
    custodyOf: (id) => Promise.resolve(memory.custody.filter((one) => one.evidenceId === id)),
  };
}

function lineageTable(memory: Memory): Tables['lineage'] {
  const graph = () =>
    Promise.resolve({ nodes: memory.nodes, edges: memory.edges, truncated: false });
  return {
    merge: (nodes, edges) => {
      memory.nodes.push(...nodes);
      memory.edges.push(...edges);
      return Promise.resolve();
    },
    downstream: graph,
    upstream: graph,
    find: unused('lineage.find'),
    isTold: unused('lineage.isTold'),
  };
}

function factTable(memory: Memory): Tables['facts'] {
  return {
    append: unused('facts.append'),
    page: (incidentId, after, limit) =>
      Promise.resolve(
        memory.facts
          .filter((fact) => fact.incidentId === incidentId && fact.sequence > after)
          .slice(0, limit),
      ),
    all: unused('facts.all'),
    head: () => {
      const last = memory.facts.at(-1);
      return Promise.resolve({ sequence: last?.sequence ?? 0, hash: last?.hash ?? '00' });
    },
    holds: unused('facts.holds'),
  };
}

type SmallTables =
  | 'calendars'
  | 'results'
  | 'claims'
  | 'playbooks'
  | 'messages'
  | 'outbox'
  | 'sources'
  | 'escalations'
  | 'silences'
  | 'selfWatch'
  | 'rules';

/** The tables of which the API uses one read or none. */
function smallTables(
  memory: Memory,
): Pick<
  Tables,
  | SmallTables
  | 'settings'
  | 'observations'
  | 'findings'
  | 'isolations'
  | 'statusCards'
  | 'incidentChannels'
> {
  const no = unused;
  return {
    results: {
      put: no('results.put'),
      ofIncident: (id) => Promise.resolve(memory.results.filter((r) => r.incidentId === id)),
    },
    claims: {
      take: no('take'),
      holds: no('holds'),
      release: no('release'),
      wakeWaiting: no('wakeWaiting'),
      ofIncident: no('of'),
    },
    playbooks: {
      put: no('playbooks.put'),
      digests: no('playbooks.digests'),
      get: (digest) => Promise.resolve(memory.playbooks.get(digest) ?? null),
    },
    messages: {
      put: no('messages.put'),
      get: no('messages.get'),
      sent: no('messages.sent'),
      failed: no('messages.failed'),
      mailed: no('messages.mailed'),
      moved: no('messages.moved'),
      threadParent: no('messages.threadParent'),
      ofIncident: no('messages.ofIncident'),
      inSlack: (timestamps) =>
        Promise.resolve(
          memory.messages.filter(({ externalId }) => timestamps.includes(externalId ?? '')),
        ),
    },
    outbox: {
      add: no('outbox.add'),
      lease: no('outbox.lease'),
      done: no('outbox.done'),
      later: no('outbox.later'),
      depth: () => Promise.resolve(0),
    },
    sources: sourceTable(memory),
    settings: { get: no('get'), put: no('put'), putIfAbsent: no('putIfAbsent') },
    ...quietTables(),
  };
}

/** A store in memory for tests of the API: transactions run one after the other, as a lock would make them. */
export function createMemoryStore(memory: Memory): Store {
  const tables: Tables = {
    ...smallTables(memory),
    operations: operationTable(memory),
    alerts: alertTable(memory),
    incidents: incidentTable(memory),
    approvals: approvalTable(memory),
    decisions: decisionTable(memory),
    refusedAnswers: refusedAnswerTable(memory),
    breakGlass: breakGlassTable(memory),
    evidence: evidenceTable(memory),
    people: personTable(memory),
    accounts: accountTable(memory),
    pendingSignIns: pendingSignInTable(memory),
    lineage: lineageTable(memory),
    facts: factTable(memory),
    halts: haltTable(memory),
    legalHolds: legalHoldTable(memory),
    updates: updateTable(memory),
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...tables,
    together: (read) => read(tables),
    transaction: (work) => {
      const result = last.then(() => work(tables));
      last = result.catch(() => null);
      return result;
    },
    listen: (_channel, listener) => {
      memory.listeners.add(listener);
      return Promise.resolve(() => {
        memory.listeners.delete(listener);
        return Promise.resolve();
      });
    },
    ping: () => (memory.trouble === null ? Promise.resolve() : Promise.reject(memory.trouble)),
    close: () => Promise.resolve(),
  };
}
