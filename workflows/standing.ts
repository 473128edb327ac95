import { patched } from '@temporalio/workflow';
import type { Decision } from '../domain/decision.ts';
import { glances } from './proxies.ts';
import type { Run } from './run.ts';

/** Histories that began without the question go on without it. */
const PATCH = 'decision-stands';
/** Most of a name that is shown: nobody vouches for it. */
const NAME_MAX = 100;

/**
 * Tells what the API admitted from what somebody sent straight to Temporal, one after the other, in the order in which
 * they came. What nobody admitted is a fact, and people are told.
 */
export class Standing {
  private last: Promise<unknown> = Promise.resolve();

  async holds(run: Run, decision: Decision): Promise<boolean> {
    if (!patched(PATCH)) return true;
    const asking = this.last.then(() => glances.decisionStands({ decision }));
    this.last = asking.catch(() => undefined);
    const { stands } = await asking;
    if (!stands) raise(run, decision);
    return stands;
  }
}

function raise(run: Run, { command, actor }: Decision): void {
  const kind = command.kind.slice(0, NAME_MAX);
  const name = actor.name.slice(0, NAME_MAX);
  const text = `Somebody sent the decision ${kind} straight to Temporal, in the name of ${name}. Nobody took it here: it was refused.`;
  run.tell({ kind: 'decision.forged', summary: text, data: { kind, name } });
  run.carrier.announce({
    purpose: 'forged-decision',
    subject: `A forged decision on ${run.loaded.title}`,
    text,
    mail: true,
  });
}
