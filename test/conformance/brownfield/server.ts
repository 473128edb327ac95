import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../../../domain/error.ts';
import { createJsonClient, type JsonClient } from '../../../lab/scenario/json-client.ts';

const WITHIN_MS = 300_000;
const LOOK_MS = 500;
const FACTS_MAX = 200;

const incidents = z.object({
  items: z.array(
    z.object({ id: z.string(), model: z.string().nullable(), state: z.string(), mode: z.string() }),
  ),
});
const facts = z.object({ items: z.array(z.object({ kind: z.string(), summary: z.string() })) });
const approvals = z.object({
  items: z.array(z.object({ id: z.string(), incidentId: z.string(), planDigest: z.string() })),
});

const changes = z.object({ items: z.array(z.object({ id: z.string(), digest: z.string() })) });
const OPEN_CHANGES = '/api/v1/configuration/changes?status=open';

/** What is waited for: an incident about a model, in a mode, whose timeline told something. */
export interface Awaited {
  readonly model: string;
  readonly mode: 'observe' | 'ask' | 'auto';
  /** Kind of the fact. */
  readonly told: string;
}

/** Firebreak as a script sees it that waits for it; what the page shows comes from the program. */
export interface RunningFirebreak {
  /** The incident that is waited for. Raises `unavailable` with what there is instead. */
  untilTold(wanted: Awaited): Promise<string>;
  /** The approval that an incident waits for. Raises `unavailable`. */
  untilAsked(incident: string): Promise<{ readonly id: string; readonly planDigest: string }>;
  /** Summaries of an incident's facts of one kind, in order. */
  facts(incident: string, kind: string): Promise<readonly string[]>;
  /** The change of the rules that people are asked about. Raises `unavailable`. */
  openChange(): Promise<{ readonly id: string; readonly digest: string }>;
  /** Waits until no change is open. Raises `unavailable`. */
  untilChanged(): Promise<void>;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + WITHIN_MS;
  while (Date.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await sleep(LOOK_MS);
  }
  throw new AppError('unavailable', `In time there was no ${what}.`);
}

async function factsOf(api: JsonClient, incident: string) {
  const path = `/api/v1/incidents/${incident}/timeline?limit=${FACTS_MAX.toString()}`;
  return facts.parse(await api.send('GET', path)).items;
}

/** Opens it with an administrator's token. */
export function openFirebreak(url: string, token: string): RunningFirebreak {
  const api = createJsonClient(url, { authorization: `Bearer ${token}` });
  const list = async () => incidents.parse(await api.send('GET', '/api/v1/incidents')).items;
  const asked = async () => changes.parse(await api.send('GET', OPEN_CHANGES)).items;
  return {
    untilTold: ({ model, mode, told }) =>
      until(`incident of ${model} in ${mode} that tells ${told}`, async () => {
        for (const one of await list()) {
          if (one.model !== model || one.mode !== mode || one.state === 'closed') continue;
          const all = await factsOf(api, one.id);
          if (all.some(({ kind }) => kind === told)) return one.id;
        }
        return undefined;
      }),
    untilAsked: (incident) =>
      until(`approval that ${incident} waits for`, async () => {
        const { items } = approvals.parse(await api.send('GET', '/api/v1/approvals?status=open'));
        return items.find(({ incidentId }) => incidentId === incident);
      }),
    facts: async (incident, wanted) =>
      (await factsOf(api, incident))
        .filter(({ kind }) => kind === wanted)
        .map(({ summary }) => summary),
    openChange: () => until('change of the rules', async () => (await asked())[0]),
    untilChanged: async () => {
      await until('end of the change', async () => (await asked()).length === 0 || undefined);
    },
  };
}
