import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { STEP_NAMES, type StepName } from '../domain/playbook.ts';
import { factSchema, type DemoFact } from './demo-schema.ts';
import type { DemoPerson } from './demo-person.ts';

const PAGE = 200;
const PAGES_MAX = 100;

const factPage = z.object({
  items: z.array(factSchema),
  next: z.string().nullable(),
});
const resultsReply = z.object({
  incident: z.object({
    id: z.string(),
    state: z.string(),
    playbookName: z.string(),
    playbookDigest: z.string().nullable(),
  }),
  results: z.array(
    z.object({ step: z.string(), operation: z.string(), outcome: z.string(), value: z.json() }),
  ),
});
const plansReply = z.object({
  items: z.array(z.object({ operation: z.string(), target: z.string(), state: z.string() })),
});
const evidenceReply = z.object({
  items: z.array(
    z.object({ id: z.string(), sha256: z.string(), bytes: z.number(), title: z.string() }),
  ),
});
const approvalsReply = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      operation: z.string(),
      status: z.string(),
      approvalClass: z.string(),
    }),
  ),
});

const approvalReply = z.object({
  approvedBy: z.array(z.object({ person: z.string() })),
});

/** What became of one step. */
export interface StepSummary {
  readonly step: StepName;
  /** `not_run` when it never ended. */
  readonly outcome: Json;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly operations: readonly Json[];
}

/** What became of a chain of facts when it was checked. */
interface CheckedChain {
  readonly facts: number;
  readonly headHash: string;
  readonly verified: boolean;
}

/** The demo's one JSON document. */
export interface DemoSummary {
  readonly incidentId: string;
  readonly outcome: 'succeeded' | 'failed';
  readonly playbook: { readonly name: string; readonly digest: string | null };
  readonly steps: readonly StepSummary[];
  readonly knownGood: { readonly chosen: Json; readonly rejected: Json };
  readonly blastRadius: Json;
  readonly approvals: readonly Json[];
  readonly evidence: readonly Json[];
  readonly timeline: CheckedChain;
  readonly postmortem: string;
  readonly url: string;
}

/** Every fact of an incident, in order. */
export async function allFacts(
  person: DemoPerson,
  incidentId: string,
): Promise<readonly DemoFact[]> {
  const facts: DemoFact[] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = `limit=${PAGE.toString()}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const reply = await person.get(`/incidents/${incidentId}/timeline?${query}`, factPage);
    facts.push(...reply.items);
    if (reply.next === null || reply.items.length === 0) return facts;
    cursor = reply.next;
  }
  return facts;
}

function timesOf(
  facts: readonly DemoFact[],
  step: StepName,
): Pick<StepSummary, 'outcome' | 'startedAt' | 'endedAt'> {
  const started = facts.find((fact) => fact.kind === 'step.started' && fact.step === step);
  const ended = facts.find((fact) => fact.kind === 'step.ended' && fact.step === step);
  const data = ended?.data;
  const outcome = isJsonObject(data) ? data['outcome'] : undefined;
  return {
    outcome: outcome ?? 'not_run',
    startedAt: started?.recordedAt ?? null,
    endedAt: ended?.recordedAt ?? null,
  };
}

type Results = z.output<typeof resultsReply>['results'];
type Plans = z.output<typeof plansReply>['items'];

function operationsOf(step: string, results: Results, plans: Plans): readonly Json[] {
  return results
    .filter((result) => result.step === step)
    .flatMap(({ operation, outcome }): readonly Json[] => {
      const targets = plans
        .filter((plan) => plan.operation === operation)
        .map(({ target }) => target);
      return targets.length === 0
        ? [{ name: operation, target: null, outcome }]
        : targets.map((target) => ({ name: operation, target, outcome }));
    });
}

function valueOf(results: Results, operation: string): JsonObject {
  const value = results.find((result) => result.operation === operation)?.value;
  return isJsonObject(value) ? value : {};
}

/** Every approval of the incident, with the people who gave it. */
async function approvalsOf(person: DemoPerson, incidentId: string): Promise<readonly Json[]> {
  const { items } = await person.get(`/approvals?incident=${incidentId}`, approvalsReply);
  const approvals: Json[] = [];
  for (const item of items) {
    const { approvedBy } = await person.get(`/approvals/${item.id}`, approvalReply);
    approvals.push({ ...item, approvedBy: approvedBy.map((one) => one.person) });
  }
  return approvals;
}

/** Everything that the run left, as one document. */
export async function summarise(
  person: DemoPerson,
  run: {
    readonly incidentId: string;
    readonly url: string;
    readonly postmortem: string;
    readonly chain: CheckedChain;
    readonly facts: readonly DemoFact[];
  },
): Promise<DemoSummary> {
  const { incidentId, facts } = run;
  const { incident, results } = await person.get(`/incidents/${incidentId}`, resultsReply);
  const plans = await person.get(`/incidents/${incidentId}/plans`, plansReply);
  const evidence = await person.get(`/incidents/${incidentId}/evidence`, evidenceReply);
  const approvals = await approvalsOf(person, incidentId);
  const steps = STEP_NAMES.map((step) => ({
    step,
    ...timesOf(facts, step),
    operations: operationsOf(step, results, plans.items),
  }));
  const good = valueOf(results, 'known-good');
  const radius = valueOf(results, 'blast-radius');
  const all = steps.every(({ outcome }) => outcome === 'succeeded');
  return {
    incidentId,
    outcome: all && incident.state === 'closed' && run.chain.verified ? 'succeeded' : 'failed',
    playbook: { name: incident.playbookName, digest: incident.playbookDigest },
    steps,
    knownGood: { chosen: good['version'] ?? null, rejected: good['rejected'] ?? [] },
    blastRadius: radius['affected'] ?? [],
    approvals,
    evidence: evidence.items.map(({ id, sha256, bytes, title }) => ({ id, sha256, bytes, title })),
    timeline: { ...run.chain },
    postmortem: run.postmortem,
    url: run.url,
  };
}
