import type { EvaluationContext } from '../domain/evaluation.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { OperationResult } from '../domain/operation.ts';
import type { PlaybookOperation, ProbeCall } from '../domain/playbook.ts';
import { AppError } from '../domain/error.ts';
import { compileExpression } from '../expression/expression.ts';
import { compileTemplate } from '../expression/template.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';

/** Items of one `forEach`; more is refused rather than half done. */
export const ITEMS_MAX = 200;

/** A plain JSON copy of a value made of JSON parts. */
function asObject(value: object): JsonObject {
  return Object.fromEntries(Object.entries(value));
}

function alertOf(incident: Incident): JsonObject {
  const alert = incident.firstAlert;
  if (!alert)
    return { labels: {}, annotations: {}, startsAt: incident.openedAt, title: '', source: '' };
  const { labels, annotations, startsAt, title, source } = alert;
  return { labels, annotations, startsAt, title, source };
}

/** The entry as playbooks read it: without a canary the only serving object carries the normal traffic, as a stable one does. */
function modelOf(entry: InventoryEntry): JsonObject {
  const serving = entry.serving.map((object): JsonObject => {
    const { role, ...rest } = object;
    return { ...rest, role: role === 'only' ? 'stable' : role };
  });
  return { ...asObject(entry), serving };
}

/** The variables of an operation's expressions, from what Postgres knows. */
export function contextOf(options: {
  readonly incident: Incident;
  readonly pinned: PinnedPlaybook;
  readonly results: readonly OperationResult[];
  readonly now: Date;
}): EvaluationContext {
  const { incident, pinned, results, now } = options;
  const { id, number, title, severity, model, suspect, onsetAt, openedAt, mode, owner } = incident;
  const defaults = Object.entries(pinned.playbook.parameters).map(
    ([name, parameter]): [string, Json] => [name, parameter.default],
  );
  const entry = incident.targets?.entry;
  return {
    incident: {
      id,
      number,
      title,
      severity,
      model,
      suspect,
      onsetAt,
      openedAt,
      mode,
      owner,
      playbook: pinned.playbook.name,
    },
    alert: alertOf(incident),
    parameters: { ...Object.fromEntries(defaults), ...incident.parameters },
    model: entry ? modelOf(entry) : {},
    results: Object.fromEntries(results.map((result) => [result.operation, result.value])),
    each: null,
    value: null,
    now: now.toISOString(),
  };
}

/** A value of `forEach` with the context that its expressions read. */
export interface Item {
  readonly context: EvaluationContext;
}

/** The contexts of an operation: one per item of `forEach`, or one. Raises `invalid`. */
export function itemsOf(forEach: string | null, context: EvaluationContext): readonly Item[] {
  if (forEach === null) return [{ context }];
  const list = compileExpression(forEach, 'operation', 'forEach').evaluate(context);
  if (!Array.isArray(list))
    throw new AppError('invalid', 'forEach did not give a list.', { field: 'forEach' });
  if (list.length > ITEMS_MAX) {
    throw new AppError('too_large', `forEach gave more than ${ITEMS_MAX.toString()} items.`, {
      field: 'forEach',
    });
  }
  return list.map((each: Json) => ({ context: { ...context, each } }));
}

/** True when the operation's `when` lets it run. Raises `invalid`. */
export function isWanted(
  operation: Pick<PlaybookOperation, 'when'>,
  context: EvaluationContext,
): boolean {
  if (operation.when === null) return true;
  return compileExpression(operation.when, 'operation', 'when').evaluate(context) === true;
}

/** The instance name and input of one call, its holes filled. Raises `invalid`. */
export function callOf(
  call: ProbeCall,
  context: EvaluationContext,
): { readonly use: string; readonly instance: string | null; readonly input: Json } {
  const instance = compileTemplate(call.instance, 'operation', 'instance').evaluate(context);
  if (instance !== null && typeof instance !== 'string') {
    throw new AppError('invalid', 'instance must be a name.', { field: 'instance' });
  }
  const input = compileTemplate(call.with, 'operation', 'with').evaluate(context);
  return { use: call.use, instance, input };
}

/** The verb of `<connector>.<verb>`. */
export function verbOf(use: string): string {
  return use.slice(use.indexOf('.') + 1);
}
