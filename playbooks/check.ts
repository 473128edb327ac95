import type { Playbook, PlaybookOperation, ProbeCall } from '../domain/playbook.ts';
import type { Catalogue } from './catalogue.ts';
import type { PlacedOperation } from './normalise.ts';
import type { DocumentPath, FileProblem, YamlDocument } from './yaml-document.ts';

/** What a semantic check looks at, and where it notes what it finds. */
export interface CheckInput {
  readonly document: YamlDocument;
  readonly catalogue: Catalogue;
  readonly playbook: Playbook;
  readonly placed: readonly PlacedOperation[];
  readonly problems: FileProblem[];
}

/** Notes a problem at a key or value of an operation. */
export function note(input: CheckInput, path: DocumentPath, message: string): void {
  input.problems.push(input.document.problemAt(path, message));
}

/**
 * Names of the operations whose values are known when this one is evaluated: everything before the outermost
 * operation that it is part of. Members of one approval or parallel do not see each other.
 */
export function namesBefore(input: CheckInput, at: PlacedOperation): ReadonlySet<string> {
  const names = new Set<string>();
  for (const other of input.placed) {
    if (other.step === at.step && other.position === at.position) break;
    // What confirms an alert keeps no value for later expressions.
    if (other.position >= 0) names.add(other.operation.name);
  }
  return names;
}

/** One call of an action or probe in an operation. */
export interface OperationCall {
  readonly call: ProbeCall;
  readonly wanted: 'action' | 'probe';
  /** Keys below the operation where it stands. */
  readonly at: readonly string[];
  /** True when `each` holds an item there. */
  readonly each: boolean;
}

/** Every call that an operation makes itself; those of its members are theirs. */
export function callsOf(operation: PlaybookOperation): readonly OperationCall[] {
  if ('use' in operation) {
    const wanted = operation.kind === 'action' ? 'action' : 'probe';
    return [{ call: operation, wanted, at: [], each: operation.forEach !== null }];
  }
  if (!('digest' in operation)) return [];
  const digest: OperationCall = {
    call: operation.digest,
    wanted: 'probe',
    at: ['digest'],
    each: true,
  };
  if (operation.kind === 'lineage') return [digest];
  return [{ call: operation.versions, wanted: 'probe', at: ['versions'], each: false }, digest];
}
