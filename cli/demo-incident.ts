import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { answerApprovals } from './demo-approvals.ts';
import { say, tellFacts } from './demo-narration.ts';
import type { DemoFact } from './demo-schema.ts';
import type { Stage } from './demo-stage.ts';
import { allFacts } from './demo-summary.ts';

const LOOK_MS = 150;
const RUN_MAX_MS = 240_000;

const incidentList = z.object({ items: z.array(z.object({ id: z.string() })) });
const incidentReply = z.object({
  incident: z.object({ state: z.string(), phase: z.string(), stateReason: z.string().nullable() }),
});

/** Waits for the one incident that the alert opens. Raises `unavailable` when none is opened in time. */
async function theIncident({ owner, interrupted }: Stage): Promise<string> {
  const deadline = Date.now() + RUN_MAX_MS;
  while (Date.now() < deadline) {
    const { items } = await owner.get('/incidents', incidentList);
    const [incident] = items;
    if (incident) return incident.id;
    if (interrupted.aborted) break;
    await sleep(LOOK_MS);
  }
  throw new AppError('unavailable', 'The alert opened no incident.');
}

/** Does its work the first time that it is due, and never again. */
function once(work: () => Promise<void>): (due: boolean) => Promise<void> {
  let done = false;
  return async (due) => {
    if (done || !due) return;
    done = true;
    await work();
  };
}

function startedRedeploy(fact: DemoFact): boolean {
  return fact.kind === 'step.started' && fact.step === 'redeploy';
}

async function closeEntryPath({ patch, ...stage }: Stage): Promise<void> {
  if (patch === null) return;
  await stage.closeEntryPath();
  say(`  (the platform engineer closes the entry path: ${patch})`);
}

async function closeIncident({ owner, finding }: Stage, incidentId: string): Promise<void> {
  await owner.send('POST', `/incidents/${incidentId}/close`, {
    body: { verdict: 'confirmed', reason: finding },
    schema: z.json(),
  });
}

/**
 * Follows the incident from the alert until it is closed or moves no further, and does what people do on the way.
 * Answers its id, or null after Ctrl-C. Raises `unavailable` when the alert opens none.
 */
export async function followIncident(stage: Stage): Promise<string | null> {
  const incidentId = await theIncident(stage);
  const patch = once(() => closeEntryPath(stage));
  const close = once(() => closeIncident(stage, incidentId));
  const deadline = Date.now() + RUN_MAX_MS;
  let told = 0;
  for (;;) {
    const facts = await allFacts(stage.owner, incidentId);
    told = tellFacts(facts, told);
    const { incident } = await stage.owner.get(`/incidents/${incidentId}`, incidentReply);
    if (incident.state === 'closed') return incidentId;
    if (['held', 'stuck'].includes(incident.state) || Date.now() > deadline) {
      say(`It ${incident.state}: ${incident.stateReason ?? 'no progress'}`);
      return incidentId;
    }
    if (stage.interrupted.aborted) return null;
    await patch(facts.some(startedRedeploy));
    await answerApprovals(stage, incidentId);
    await close(incident.phase === 'review');
    await sleep(LOOK_MS);
  }
}
