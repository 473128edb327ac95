import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { visibleCut } from '../render/visible.ts';

const LINE_CHARACTERS_MAX = 500;

/** The objects of a list; none of anything else. */
export function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((one: Json) => isJsonObject(one)) : [];
}

/** A text as it is, anything else as JSON. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** One effect as an approver reads it; `--json` has before and after. */
function effectLines({ target, summary, undo }: JsonObject): readonly string[] {
  return [`      at ${textOf(target)}: ${textOf(summary)}`, `        undo: ${textOf(undo)}`];
}

function operationLines(operation: JsonObject): readonly string[] {
  const { operation: name, kind, title, effects, ...rest } = operation;
  const head = `  ${textOf(name)} (${textOf(kind)}): ${textOf(title)}`;
  const details = Object.entries(rest)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `      ${key}: ${textOf(value)}`);
  return [head, ...details, ...listOf(effects).flatMap(effectLines)];
}

/** A plan with zero writes, for people: each step with its operations. */
export function planText(plan: JsonObject): string {
  const lines = listOf(plan['steps']).flatMap((step) => [
    textOf(step['step']),
    ...listOf(step['operations']).flatMap(operationLines),
  ]);
  return lines.map((line) => visibleCut(line, LINE_CHARACTERS_MAX)).join('\n');
}
