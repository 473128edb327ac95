import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fact } from '../../domain/fact.ts';
import type { Incident, Mode } from '../../domain/incident.ts';
import type { InventoryEntry, ServingObject } from '../../domain/inventory.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Store } from '../../store/tables.ts';
import { unique } from '../harness.ts';

const WAIT_MAX_MS = 30_000;
const LOOK_MS = 50;

function objectOf(name: string, role: 'stable' | 'canary' | 'only'): ServingObject {
  const kind = 'Deployment';
  return { cluster: 'kubernetes', namespace: 'ml', kind, name, container: 'server', role };
}

/** An entry that resolves every test's target. */
export const ENTRY: InventoryEntry = {
  model: 'm',
  registryName: 'm',
  alias: 'champion',
  serving: [objectOf('stable', 'stable'), objectOf('canary', 'canary')],
  service: null,
  load: 'pinned-uri',
  replicas: 1,
  pipeline: null,
  datasets: [],
  datasetPointer: null,
  owner: 'ada',
  onIsolation: 'previous-version',
  source: 'file',
  confidence: 'high',
};

/** Another entry of the inventory, whose object may become a target. */
export const OTHER_ENTRY: InventoryEntry = {
  ...ENTRY,
  model: 'other',
  registryName: 'other',
  serving: [objectOf('shadow', 'only')],
};

/** How a test opens incidents and watches them. */
export interface Incidents {
  open(options?: {
    readonly mode?: Mode;
    readonly vetoSeconds?: number;
    readonly entry?: InventoryEntry;
    readonly key?: string;
    readonly drill?: boolean;
    readonly by?: string;
    readonly parameters?: JsonObject;
  }): Promise<Incident>;
  waitFor(
    incident: Incident,
    what: string,
    holds: (incident: Incident, facts: readonly Fact[]) => boolean,
  ): Promise<Incident>;
  facts(incident: Incident): Promise<readonly Fact[]>;
}

/** Looks until something is seen and answers it. Raises what `complaint` says when it takes too long. */
export async function eventually<T>(
  look: () => Promise<T | null>,
  complaint: () => Promise<string> | string,
): Promise<T> {
  const deadline = Date.now() + WAIT_MAX_MS;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (Date.now() > deadline) throw new Error(await complaint());
    await sleep(LOOK_MS);
  }
}

/** Incidents of the test's playbook, opened as the API opens them and read as the worker reads them. */
export function createIncidents(stores: {
  readonly api: Store;
  readonly worker: Store;
}): Incidents {
  const { api, worker } = stores;
  const facts = async (incident: Incident): Promise<readonly Fact[]> => {
    const all: Fact[] = [];
    for await (const fact of worker.facts.all(incident.id)) all.push(fact);
    return all;
  };
  const told = async (incident: Incident): Promise<string> => {
    const now = await worker.incidents.get(incident.id);
    const lines = (await facts(incident)).map(
      ({ sequence, kind, summary }) => `${sequence.toString()} ${kind} ${summary}`,
    );
    return [`state ${now?.state ?? '-'}`, ...lines].join('\n');
  };
  return {
    facts,
    waitFor: (incident, what, holds) =>
      eventually(
        async () => {
          const now = await worker.incidents.get(incident.id);
          const seen = await facts(incident);
          return now && holds(now, seen) ? now : null;
        },
        async () => `waited in vain for ${what}; ${await told(incident)}`,
      ),
    open: async ({
      mode = 'auto',
      vetoSeconds = 0,
      drill = false,
      key = unique('key'),
      by = 'opener',
      parameters = {},
      entry = ENTRY,
    } = {}) => {
      const { incident } = await api.incidents.open({
        requestId: randomUUID(),
        incidentKey: key,
        incident: {
          title: 'a test',
          severity: 'sev3',
          mode,
          drill,
          vetoSeconds,
          route: null,
          playbookName: 'test',
          suspect: null,
          model: entry.model,
          targets: { status: 'resolved', entry, candidates: [entry], steps: [] },
          parameters,
          origin: { kind: 'person', by, channel: 'api' },
          firstAlert: null,
          onsetAt: null,
        },
        reopenWindowSeconds: 0,
        openedAt: new Date().toISOString(),
      });
      return incident;
    },
  };
}
