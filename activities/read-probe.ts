import type { ProbeReply } from '../connectors/connector.ts';
import { AppError } from '../domain/error.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { Incident } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import type { ProbeCall } from '../domain/playbook.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { lookingContext } from './effect.ts';
import { callOf, verbOf } from './evaluation.ts';

/** Who asks. */
export interface Asker {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly incident: Incident;
}

/** A reply with what was asked: custody needs both. */
export interface ReadReply {
  readonly reply: ProbeReply;
  readonly use: string;
  readonly instance: string;
  readonly input: Json;
}

/** Evaluates a call and asks the probe. Raises what the connector raises, `invalid`, and `refused` across the wall of a drill. */
export async function readProbe(
  asker: Asker,
  call: ProbeCall,
  context: EvaluationContext,
): Promise<ReadReply> {
  const { deps, attempt, incident } = asker;
  const { use, instance, input } = callOf(call, context);
  const found = deps.connectors.of(incident).find(use, instance);
  const probe = found.connector.probes[verbOf(use)];
  if (!probe) throw new AppError('invalid', `There is no probe ${use}.`, { field: 'use' });
  const key = { incidentId: incident.id, text: `${incident.id}/${use}` };
  const reply = await probe.read(input, lookingContext(deps, attempt, key));
  return { reply, use, instance: found.name, input };
}
