import {
  STEP_NAMES,
  type LeafOperation,
  type Playbook,
  type PlaybookOperation,
  type StepName,
} from '../../domain/playbook.ts';

/** A playbook with these operations in these steps. */
export function playbookOf(
  steps: Partial<Record<StepName, readonly PlaybookOperation[]>>,
): Playbook {
  return {
    formatVersion: 1,
    name: 'test',
    class: 'test',
    title: 'Test',
    parameters: {},
    steps: STEP_NAMES.map((name) => ({ name, operations: steps[name] ?? [] })),
  };
}

const base = { title: 'an operation', when: null, onFailure: 'hold' } as const;

function probe(
  name: string,
  value: string,
  expected: number,
): PlaybookOperation & { kind: 'probe' } {
  return {
    ...base,
    kind: 'probe',
    name,
    use: 'world.value',
    instance: null,
    forEach: null,
    with: { name: value },
    expect: `value.value == ${expected.toString()}`,
    withinSeconds: 0,
  };
}

/** Short forms of operations for tests. */
export const op = {
  contain: (name: string, value: string, to: number): PlaybookOperation & { kind: 'action' } => ({
    ...base,
    kind: 'action',
    name,
    use: 'world.contain',
    instance: null,
    forEach: null,
    with: { name: value, value: to },
    approvalClass: 'R1',
    containment: true,
  }),
  set: (name: string, value: string, to: number): PlaybookOperation & { kind: 'action' } => ({
    ...base,
    kind: 'action',
    name,
    use: 'world.set',
    instance: null,
    forEach: null,
    with: { name: value, value: to },
    approvalClass: 'R3',
    containment: false,
  }),
  undo: (name: string, of: readonly string[]): PlaybookOperation & { kind: 'undo' } => ({
    ...base,
    kind: 'undo',
    name,
    of,
    approvalClass: 'R3',
  }),
  probe,
  /** A probe that proves containment. */
  proof: (name: string, value: string, expected: number): PlaybookOperation => ({
    ...probe(name, value, expected),
    proves: 'containment',
  }),
  seal: (name: string, value: string): PlaybookOperation & { kind: 'seal' } => ({
    ...base,
    kind: 'seal',
    name,
    use: 'world.value',
    instance: null,
    forEach: null,
    with: { name: value },
  }),
  group: (
    name: string,
    operations: readonly LeafOperation[],
    onFailure: 'hold' | 'continue' = 'hold',
  ): PlaybookOperation => ({ ...base, kind: 'parallel', name, operations, onFailure }),
  approval: (
    name: string,
    covers: readonly (PlaybookOperation & { kind: 'action' | 'undo' })[],
  ): PlaybookOperation => ({
    ...base,
    kind: 'approval',
    name,
    roles: ['approver-model-owner', 'approver-security'],
    covers,
    expiresAfterSeconds: 3600,
    escalateAfterSeconds: 600,
  }),
};
