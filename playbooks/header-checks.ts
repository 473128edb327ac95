import { PARAMETERS_MAX } from '../domain/playbook-schema.ts';
import { STEP_NAMES, type Playbook } from '../domain/playbook.ts';
import type { FileProblem, YamlDocument } from './yaml-document.ts';

const HEADER_KEYS = ['name', 'class', 'title', 'parameters', 'confirm'];

/** The head of a file, and where its problems are noted. */
interface Header {
  readonly document: YamlDocument;
  readonly problems: FileProblem[];
}

/** Notes steps that are missing or out of order, and header keys that stand after them. */
export function checkOrder(reading: Header, keys: readonly string[]): void {
  const steps = keys.filter((key) => STEP_NAMES.some((name) => name === key));
  const missing = STEP_NAMES.filter((name) => !steps.includes(name));
  for (const name of missing) {
    const message = `The step '${name}' is missing; a playbook has ${STEP_NAMES.join(', ')}.`;
    reading.problems.push(reading.document.problemAt([], message));
  }
  const wrong = steps.findIndex((key, index) => key !== STEP_NAMES[index]);
  const out = missing.length === 0 ? steps[wrong] : undefined;
  if (out !== undefined) {
    const message = `The step '${out}' is out of order: the steps are ${STEP_NAMES.join(', ')}.`;
    reading.problems.push(reading.document.problemAt([out], message, 'key'));
  }
  const late = keys
    .slice(keys.findIndex((key) => steps.includes(key)))
    .find((key) => !steps.includes(key));
  if (steps.length > 0 && late !== undefined && HEADER_KEYS.includes(late)) {
    const message = `The header key '${late}' stands after the steps; it comes before them.`;
    reading.problems.push(reading.document.problemAt([late], message, 'key'));
  }
}

/** Notes too many parameters, and defaults of another type than their parameter's. */
export function checkParameters(reading: Header, parameters: Playbook['parameters']): void {
  const names = Object.entries(parameters);
  if (names.length > PARAMETERS_MAX) {
    const message = `A playbook has at most ${PARAMETERS_MAX.toString()} parameters.`;
    reading.problems.push(reading.document.problemAt(['parameters'], message));
  }
  for (const [name, parameter] of names) {
    if (typeof parameter.default === parameter.type) continue;
    const message = `The default of '${name}' is not a ${parameter.type}.`;
    reading.problems.push(reading.document.problemAt(['parameters', name, 'default'], message));
  }
}
