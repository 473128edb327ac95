import { ApplicationFailure } from '@temporalio/common';
import {
  credentialOf,
  credentialOfStep,
  CREDENTIALS,
  ELSEWHERE,
  WRITING_CREDENTIALS,
  type CredentialsApart,
  type WritingCredential,
} from '../domain/credential.ts';
import type { OperationRow } from '../domain/operation.ts';
import { findOperation, isEffect } from '../domain/playbook.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { pinnedOf } from './pinned-playbook.ts';

type Serving = Pick<ActivityDependencies, 'serves' | 'startWithinMs'>;

/** How effects are called when this process has not every credential; null when it has. */
export function apartOf({ serves, startWithinMs }: Serving): CredentialsApart | null {
  return CREDENTIALS.every((credential) => serves.has(credential)) ? null : { startWithinMs };
}

/** Why this process may not change what a row is about; null when it has the credential. */
export function missingCredential(
  { serves }: Pick<Serving, 'serves'>,
  { step }: Pick<OperationRow, 'step'>,
): string | null {
  const credential = credentialOfStep(step);
  return serves.has(credential) ? null : `this process has not the credential '${credential}'`;
}

/** Raises an `elsewhere` failure unless this process has all of these. */
export function demand(serving: Serving, credentials: readonly WritingCredential[]): void {
  const missing = credentials.filter((credential) => !serving.serves.has(credential));
  if (missing.length === 0) return;
  const { startWithinMs } = serving;
  const details: CredentialsApart = { startWithinMs };
  throw ApplicationFailure.create({
    message: `This process has not the credential ${missing.join(', ')}.`,
    type: ELSEWHERE,
    nonRetryable: true,
    details: [details],
  });
}

/** As `demand`, for the effects among these operations of an incident's playbook. */
export async function demandFor(
  deps: ActivityDependencies,
  incidentId: string,
  operations: readonly string[],
): Promise<void> {
  if (apartOf(deps) === null) return;
  const incident = await deps.store.incidents.get(incidentId);
  // Who only observes plans with what it looks with.
  if (!incident || incident.mode === 'observe') return;
  const { playbook } = await pinnedOf(deps, incident);
  for (const name of operations) {
    const found = findOperation(playbook, name);
    if (!found || !isEffect(found.operation)) continue;
    const credential = credentialOf(playbook, found.step, found.operation);
    demand(deps, credential === null ? WRITING_CREDENTIALS : [credential]);
  }
}
