import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type Json } from '../domain/json.ts';
import { verifyChain } from '../evidence/chain.ts';
import { say } from './demo-narration.ts';
import type { DemoFact } from './demo-schema.ts';
import type { Stage } from './demo-stage.ts';
import { allFacts, summarise, type DemoSummary, type StepSummary } from './demo-summary.ts';
import { EXIT } from './failure.ts';

/**
 * Writes the postmortem beside the demo's data and tells what became of the run; with `json` as one document on
 * standard output. Answers the exit code: 0 when every step held.
 */
export async function report(
  stage: Stage,
  run: { readonly incidentId: string; readonly dataDir: string },
): Promise<number> {
  const { owner, url } = stage;
  const { incidentId } = run;
  const postmortem = join(run.dataDir, `postmortem-${incidentId}.md`);
  await writeFile(postmortem, await owner.text(`/incidents/${incidentId}/postmortem.md`));
  const facts = await allFacts(owner, incidentId);
  const { facts: count, headHash, verified } = await verifyChain(facts);
  const chain = { facts: count, headHash, verified };
  const summary = await summarise(owner, { incidentId, url, postmortem, facts, chain });
  if (stage.options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else for (const line of linesOf(summary, facts)) say(line);
  return summary.outcome === 'succeeded' ? EXIT.ok : EXIT.failed;
}

function secondsBetween(from: string | null | undefined, to: string | null | undefined): string {
  if (typeof from !== 'string' || typeof to !== 'string') return 'unknown';
  return `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s`;
}

/** A value as people read it: text as it is, anything else as JSON. */
function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function rejectedLines(rejected: Json): readonly string[] {
  const all = Array.isArray(rejected) ? rejected.filter(isJsonObject) : [];
  return all.map((one) => `  ${textOf(one['candidate'])}: ${textOf(one['reason'])}`);
}

function stepLine({ step, outcome, startedAt, endedAt }: StepSummary): string {
  const time = secondsBetween(startedAt, endedAt);
  return `  ${step.padEnd(10)} ${textOf(outcome).padEnd(12)} ${time}`;
}

function linesOf(summary: DemoSummary, facts: readonly DemoFact[]): readonly string[] {
  const at = (kind: DemoFact['kind']): string | undefined =>
    facts.find((fact) => fact.kind === kind)?.recordedAt;
  const contained = secondsBetween(at('incident.opened'), at('containment.verified'));
  const { knownGood, evidence, timeline } = summary;
  const pieces = evidence.length.toString();
  const chain = timeline.verified ? 'verifies' : 'does not verify';
  return [
    `\nOutcome: ${summary.outcome}`,
    contained === 'unknown'
      ? 'Not contained, as far as probes saw.'
      : `Contained after ${contained}, verified by probes.`,
    `Known good: version ${textOf(knownGood.chosen)}. Rejected:`,
    ...rejectedLines(knownGood.rejected),
    ...summary.steps.map(stepLine),
    `Evidence sealed: ${pieces} pieces. Facts: ${facts.length.toString()}, the chain ${chain}.`,
    `Postmortem: ${summary.postmortem}`,
    `API: ${summary.url}`,
  ];
}
