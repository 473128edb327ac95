import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { DEMO_PEOPLE } from './demo-configuration.ts';
import { say } from './demo-narration.ts';
import type { Stage } from './demo-stage.ts';

const approvalSchema = z.object({
  id: z.string(),
  title: z.string(),
  approvalClass: z.string(),
  planDigest: z.string(),
  quorum: z.object({ people: z.number(), roles: z.array(z.string()) }),
  plans: z.array(z.object({ summary: z.string(), undo: z.string(), target: z.string() })),
});
const approvalList = z.object({ items: z.array(approvalSchema) });

type OpenApproval = z.output<typeof approvalSchema>;

/** How people read which way an answer went. */
const DOOR_WORDS = {
  api: 'by the API',
  cli: 'by the command line',
  slack: 'by a click in Slack',
  page: 'on the page, freshly signed in',
} as const;

/** Answers what is asked now: on a terminal each person is asked; unattended all approve, each by the door of this demo. */
export async function answerApprovals(stage: Stage, incidentId: string): Promise<void> {
  const path = `/approvals?status=open&incident=${incidentId}`;
  const { items } = await stage.owner.get(path, approvalList);
  for (const approval of items) {
    await stage.showQuestion(approval.id);
    say(`\n  Approval ${approval.approvalClass}: ${approval.title}`);
    for (const plan of approval.plans) say(`    • ${plan.summary}  (undo: ${plan.undo})`);
    await answer(stage, approval);
    say('');
  }
}

/** The people of the demo whose answer counts, as many as must agree. */
function askedFor(stage: Stage, { quorum }: OpenApproval): Stage['approvers'] {
  const counting: readonly string[] = DEMO_PEOPLE.filter(({ roles }) =>
    roles.some((role) => quorum.roles.includes(role)),
  ).map(({ name }) => name);
  return stage.approvers
    .filter(({ name }) => counting.includes(name))
    .slice(0, Math.max(quorum.people, quorum.roles.length));
}

/** One person after the other; the first who rejects is the last. */
async function answer(stage: Stage, approval: OpenApproval): Promise<void> {
  for (const approver of askedFor(stage, approval)) {
    const yes = await asked(stage, approver.name);
    const verdict = yes ? 'approve' : 'reject';
    const { by, door } = await stage.answerBy(approver, approval, verdict);
    say(`    ${by}: ${verdict} (${DOOR_WORDS[door]})`);
    if (!yes) return;
  }
}

function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY && process.env['CI'] === undefined;
}

async function asked({ options, interrupted }: Stage, name: string): Promise<boolean> {
  if (!isInteractive() || options.exit || options.json) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await terminal.question(`    ${name}, approve? [Y/n] `, { signal: interrupted });
    return !said.trim().toLowerCase().startsWith('n');
  } finally {
    terminal.close();
  }
}
