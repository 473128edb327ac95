import { atLeast } from '../domain/approval.ts';
import { quorumOf, raisedClass } from '../domain/approval-class.ts';
import { credentialOf } from '../domain/credential.ts';
import { OPERATIONS_MAX } from '../domain/playbook-schema.ts';
import { CONFIRM } from '../domain/playbook.ts';
import type {
  ActionOperation,
  ApprovalOperation,
  KnownGoodOperation,
  UndoOperation,
} from '../domain/playbook.ts';
import { checkCalls } from './call-checks.ts';
import type { CheckInput } from './check.ts';
import { namesBefore, note } from './check.ts';
import { checkExpressions } from './expression-checks.ts';
import type { PlacedOperation } from './normalise.ts';
import { classOfUndo } from './normalise.ts';
import { suggestionFor } from './suggestion.ts';

function checkNames(input: CheckInput): void {
  const seen = new Set<string>();
  for (const { operation, path } of input.placed) {
    if (seen.has(operation.name)) note(input, path, `The name '${operation.name}' is used twice.`);
    seen.add(operation.name);
  }
  if (input.placed.length > OPERATIONS_MAX) {
    note(input, [], `A playbook has at most ${OPERATIONS_MAX.toString()} operations.`);
  }
}

function checkOnFailure(input: CheckInput, { operation, path, step }: PlacedOperation): void {
  if (operation.onFailure !== 'undo' || (step !== 'isolate' && step !== 'revert')) return;
  const message = `'onFailure: undo' is refused in ${step}: what failed there must not bring the harm back.`;
  note(input, [...path, 'onFailure'], message);
}

function checkApprovalNeeded(
  input: CheckInput,
  placed: PlacedOperation,
  effect: ActionOperation | UndoOperation,
): void {
  if (placed.container === 'approval') return;
  if (atLeast(effect.approvalClass, 'R2')) {
    const message = `This effect is ${effect.approvalClass}: it must stand in the 'covers' of an approval.`;
    note(input, placed.path, message);
    return;
  }
  const manifest = effect.kind === 'action' ? input.catalogue.action(effect.use) : undefined;
  if (!manifest || manifest.reversible === true || effect.approvalClass === 'R0') return;
  note(
    input,
    placed.path,
    "This action cannot be undone: it must stand in the 'covers' of an approval.",
  );
}

function checkAction(input: CheckInput, placed: PlacedOperation, action: ActionOperation): void {
  const manifest = input.catalogue.action(action.use);
  if (!manifest) return;
  if (!atLeast(action.approvalClass, manifest.approvalClass)) {
    const message = `'${action.use}' is ${manifest.approvalClass}; a playbook can raise its class, not lower it.`;
    note(input, [...placed.path, 'class'], message);
  }
  if (action.containment && manifest.reversible !== true) {
    note(input, placed.path, 'An action that cannot be undone cannot be a containment.');
  }
}

function checkUndo(input: CheckInput, placed: PlacedOperation, undo: UndoOperation): void {
  const before = namesBefore(input, placed);
  const actions = input.placed.flatMap(({ operation }) =>
    operation.kind === 'action' && before.has(operation.name) ? [operation.name] : [],
  );
  for (const [index, name] of undo.of.entries()) {
    const path = [...placed.path, 'of', index];
    const target = input.placed.find(({ operation }) => operation.name === name)?.operation;
    if (!before.has(name) || target?.kind !== 'action') {
      const message = `'${name}' is not an action that comes before this undo.`;
      note(input, path, message + suggestionFor(name, actions));
      continue;
    }
    const manifest = input.catalogue.action(target.use);
    if (manifest && manifest.reversible !== true) {
      note(input, path, `'${name}' cannot be undone: '${target.use}' is irreversible.`);
    }
  }
  if (credentialOf(input.playbook, placed.step, undo) === null) {
    const message =
      'What isolate did and what other steps did are taken back by different credentials: write an undo for each.';
    note(input, [...placed.path, 'of'], message);
  }
  const least = classOfUndo(input.placed, undo.of);
  if (!atLeast(undo.approvalClass, least)) {
    note(
      input,
      [...placed.path, 'class'],
      `Taking this back is ${least}; the class cannot be lower.`,
    );
  }
}

function checkApproval(
  input: CheckInput,
  placed: PlacedOperation,
  approval: ApprovalOperation,
): void {
  const classes = approval.covers.map((effect) => effect.approvalClass);
  const highest = raisedClass('R0', ...classes);
  for (const role of quorumOf(highest).roles) {
    if (approval.roles.includes(role)) continue;
    note(
      input,
      [...placed.path, 'roles'],
      `The role '${role}' is missing: the effects are ${highest}.`,
    );
  }
  if (new Set(approval.roles).size < approval.roles.length) {
    note(input, [...placed.path, 'roles'], 'A role is named twice.');
  }
  if (approval.escalateAfterSeconds > approval.expiresAfterSeconds) {
    note(input, [...placed.path, 'escalate'], 'The approval expires before it escalates.');
  }
}

function checkKnownGood(
  input: CheckInput,
  placed: PlacedOperation,
  known: KnownGoodOperation,
): void {
  const target = input.placed.find(({ operation }) => operation.name === known.lineage)?.operation;
  if (target?.kind === 'lineage' && namesBefore(input, placed).has(known.lineage)) return;
  const lineages = input.placed.flatMap(({ operation }) =>
    operation.kind === 'lineage' ? [operation.name] : [],
  );
  const message = `'${known.lineage}' is not a lineage operation that comes before this one.`;
  note(input, [...placed.path, 'lineage'], message + suggestionFor(known.lineage, lineages));
}

function checkOperation(input: CheckInput, placed: PlacedOperation): void {
  const { operation } = placed;
  checkOnFailure(input, placed);
  if (operation.kind === 'action') checkAction(input, placed, operation);
  if (operation.kind === 'undo') checkUndo(input, placed, operation);
  if (operation.kind === 'action' || operation.kind === 'undo') {
    checkApprovalNeeded(input, placed, operation);
  }
  if (operation.kind === 'approval') checkApproval(input, placed, operation);
  if (operation.kind === 'known-good') checkKnownGood(input, placed, operation);
}

function isEffect({ operation }: PlacedOperation): boolean {
  return operation.kind === 'action' || operation.kind === 'undo';
}

function looks({ operation }: PlacedOperation): boolean {
  return operation.kind === 'gate' || (operation.kind === 'probe' && operation.expect !== null);
}

/** What confirms must be able to say no, and enough of it must be there. */
function checkConfirm(input: CheckInput): void {
  const { confirm } = input.playbook;
  if (input.placed.some(({ operation }) => operation.name === CONFIRM)) {
    const named = input.placed.find(({ operation }) => operation.name === CONFIRM);
    note(
      input,
      named?.path ?? [],
      `No operation is called '${CONFIRM}': that is the confirmation.`,
    );
  }
  if (confirm === undefined) return;
  if (confirm.needs > confirm.probes.length) {
    const message = `'needs' is ${confirm.needs.toString()}, and there are ${confirm.probes.length.toString()} probes.`;
    note(input, ['confirm', 'needs'], message);
  }
  for (const [index, probe] of confirm.probes.entries()) {
    if (probe.expect !== null) continue;
    note(input, ['confirm', 'probes', index], "A probe that confirms needs 'expect'.");
  }
}

/** Evidence before mutation, and a look of our own after it. */
function checkIsolate(input: CheckInput): void {
  const isolate = input.placed.filter(({ step }) => step === 'isolate');
  const first = isolate.find(isEffect);
  if (!first) return;
  const sealed = isolate.some(
    ({ operation, position }) => operation.kind === 'seal' && position < first.position,
  );
  if (!sealed) {
    note(
      input,
      first.path,
      'Isolation destroys evidence: a seal must come before the first effect.',
    );
  }
  const probed = isolate.some((placed) => looks(placed) && placed.position > first.position);
  if (!probed) {
    note(
      input,
      first.path,
      "Isolation counts only when seen: a probe with 'expect' must follow it.",
    );
  }
}

/** Patch first: nothing is retrained, promoted or lifted before a check has passed. */
function checkRedeploy(input: CheckInput): void {
  const redeploy = input.placed.filter(({ step }) => step === 'redeploy');
  const first = redeploy.find(isEffect);
  if (!first || redeploy.some((placed) => looks(placed) && placed.position < first.position))
    return;
  note(
    input,
    first.path,
    'Patch first: a gate or probe must come before the first effect of redeploy.',
  );
}

/**
 * Checks what a playbook means: names, order, references, classes, approvals, inputs and expressions.
 * Notes every problem in `input.problems`.
 */
export function checkPlaybook(input: CheckInput): void {
  checkNames(input);
  checkCalls(input);
  for (const placed of input.placed) checkOperation(input, placed);
  checkConfirm(input);
  checkIsolate(input);
  checkRedeploy(input);
  checkExpressions(input);
}
