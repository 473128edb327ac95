import {
  findOperation,
  flatten,
  isEffect,
  type EffectOperation,
  type Playbook,
  type StepName,
} from './playbook.ts';

/**
 * What an identity of ours may do outside: `read` looks and nothing else, `isolate` applies, keeps up and takes back what
 * the isolate step changes, `revert` everything else that changes something. Who isolates or reverts also reads.
 */
export const CREDENTIALS = ['read', 'isolate', 'revert'] as const;
/** One of `CREDENTIALS`. */
export type Credential = (typeof CREDENTIALS)[number];
/** A credential that changes something. */
export type WritingCredential = Exclude<Credential, 'read'>;

/** Every credential that changes something. */
export const WRITING_CREDENTIALS = [
  'isolate',
  'revert',
] as const satisfies readonly WritingCredential[];

/** Queue of a credential beside the queue of workflows, which is that of `read`. */
export function queueOf(queue: string, credential: Credential): string {
  return credential === 'read' ? queue : `${queue}/${credential}`;
}

/** How effects are called where not every process has every credential. */
export interface CredentialsApart {
  /** How long one may wait for a process that has its credential, in milliseconds; then nobody has it, and people are told. */
  readonly startWithinMs: number;
}

/** Type of the failure by which a process says that it has not the credential; its detail is a `CredentialsApart`. */
export const ELSEWHERE = 'elsewhere';

/** Credential of what an operation of this step changed: to apply it, to keep it up, to take it back. */
export function credentialOfStep(step: StepName): WritingCredential {
  return step === 'isolate' ? 'isolate' : 'revert';
}

/**
 * Credential of an effect that stands in this step: what takes something back needs the credential that did it. Null for
 * an undo of effects of both: no one credential can do it.
 */
export function credentialOf(
  playbook: Playbook,
  step: StepName,
  operation: EffectOperation,
): WritingCredential | null {
  if (operation.kind === 'action') return credentialOfStep(step);
  const steps = operation.of.map((name) => findOperation(playbook, name)?.step ?? step);
  const [first = credentialOfStep(step), ...others] = new Set(steps.map(credentialOfStep));
  return others.length === 0 ? first : null;
}

/** `<connector>.<action>` of everything that these playbooks change with a credential, each once. */
export function actionsOf(
  playbooks: readonly Playbook[],
  credential: WritingCredential,
): readonly string[] {
  const uses = playbooks.flatMap(({ steps }) =>
    steps
      .filter(({ name }) => credentialOfStep(name) === credential)
      .flatMap(({ operations }) => flatten(operations))
      .flatMap((operation) =>
        isEffect(operation) && operation.kind === 'action' ? [operation.use] : [],
      ),
  );
  return [...new Set(uses)];
}
