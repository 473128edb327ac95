import {
  allHandlersFinished,
  condition,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';
import { close, commandUnless, commandWithReminders, hold } from './await-decision.ts';
import { decideUpdate, statusQuery, wakeSignal, type IncidentInput } from './messages.ts';
import { nearRecords, records } from './proxies.ts';
import type { Decision } from '../domain/decision.ts';
import { runPlaybook } from './run-playbook.ts';
import { Run } from './run.ts';
import { standDown } from './stand-down.ts';

/** How a run ended. */
export interface IncidentEnd {
  readonly closed: boolean;
}

/**
 * The life of one incident: load, choose targets, the five steps, review, close. It only decides: every effect,
 * fact and message is an activity's, and a new generation can begin from Postgres at any point.
 */
export async function incident(input: IncidentInput): Promise<IncidentEnd> {
  const run = new Run(input);
  setHandler(wakeSignal, () => {
    run.wake();
  });
  setHandler(decideUpdate, (decision) => run.decide(decision), {
    validator: (decision: Decision) => {
      run.validate(decision);
    },
  });
  setHandler(statusQuery, () => run.status());
  setDefaultSignalHandler((name) => tellForeignSignal(run, name));

  const { loadIncident } = input.lean === true ? nearRecords : records;
  run.load(await run.carrier.call((reference) => loadIncident(reference)));
  const targeted = await chooseTargets(run);
  const end = targeted === 'closed' ? 'closed' : await runPlaybook(run);
  if (end === 'done') await review(run);
  await condition(allHandlersFinished);
  return { closed: run.ended };
}

const SIGNAL_NAME_MAX = 100;

/** Only the wake signal is ours, and all that it does is to make the run look. Told once: others may be many. */
async function tellForeignSignal(run: Run, name: string): Promise<void> {
  await condition(() => run.isLoaded);
  const summary = `Ignored: the signal ${name.slice(0, SIGNAL_NAME_MAX)}, which Firebreak does not send.`;
  if (!run.tellOnce('foreign-signal', { kind: 'incident.signal-ignored', summary })) return;
  run.carrier.announce({
    purpose: 'foreign-signal',
    subject: `A foreign signal was ignored: ${run.loaded.title}`,
    text: summary,
    mail: true,
  });
}

const NO_SINGLE_MODEL = 'no single model is meant: pick one';

/** Labels that select no model, several, or one only weakly: nothing is done before a person picked. */
async function chooseTargets(run: Run): Promise<'chosen' | 'closed'> {
  if (!run.loaded.targetsResolved) {
    run.tell({ kind: 'incident.held', summary: `Held: ${NO_SINGLE_MODEL}` });
  }
  while (!run.loaded.targetsResolved) {
    run.waiting = { kind: 'targets' };
    run.set({ state: 'held', stateReason: NO_SINGLE_MODEL, owner: 'on-call' });
    const decision = await commandWithReminders(run, 'which model is meant');
    const { command, actor } = decision;
    if (command.kind === 'close') {
      if (await close(run, decision)) return 'closed';
      continue;
    }
    if (command.kind !== 'targets') {
      run.answer(decision, { outcome: 'refused', reason: 'Pick the model first.' });
      continue;
    }
    const loaded = await run.carrier.call((reference) =>
      records.chooseTargets({
        ...reference,
        model: command.model,
        person: actor.person,
        reason: command.reason,
        decisionId: decision.id,
      }),
    );
    const known = loaded.targetsResolved;
    run.answer(decision, {
      outcome: known ? 'accepted' : 'refused',
      reason: known ? null : `No model is called ${command.model} in the inventory.`,
    });
    run.load(loaded);
    if (known) run.set({ state: 'open', stateReason: null });
  }
  run.waiting = null;
  return 'chosen';
}

/** After the five steps: the postmortem's draft, then a person closes with a verdict. */
async function review(run: Run): Promise<void> {
  run.step = null;
  run.operation = null;
  run.set({ phase: 'review', step: null });
  run.carrier.announce({
    purpose: 'review',
    subject: `Ready for review: ${run.loaded.title}`,
    text: `All five steps of ${run.loaded.title} ended. Close it with a verdict.`,
    mail: false,
  });
  // From the moment that people can see the review they may close: what they say meanwhile waits for the draft.
  run.waiting = { kind: 'close' };
  await run.carrier.call((reference) => records.writePostmortem(reference));
  while (!run.isEnded()) {
    run.waiting = { kind: 'close' };
    const decision = await commandUnless(run, 'a closing verdict', () => run.cancelled !== null);
    if (decision) await reviewed(run, decision);
    if (run.cancelled !== null && !run.isEnded()) {
      const reason = `cancelled: ${run.cancelled.reason}`;
      await hold(run, { step: null, operation: null, reason });
    }
  }
}

/** What people may still decide when the five steps are over. */
async function reviewed(run: Run, decision: Decision): Promise<void> {
  switch (decision.command.kind) {
    case 'close':
      await close(run, decision);
      return;
    case 'stand-down':
      run.answer(decision, { outcome: 'accepted', reason: null });
      await standDown(run, decision);
      return;
    default:
      run.answer(decision, {
        outcome: 'refused',
        reason: 'The five steps are over: close the incident.',
      });
  }
}
