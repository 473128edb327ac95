import { isJsonObject, type Json } from './json.ts';
import { differencesBetween, type RuleDifference } from './rule-difference.ts';
import { canBeChanged, type Rules } from './rules.ts';

/** The rules as plain JSON. */
export function rulesAsJson(rules: Rules): Json {
  const plain: unknown = JSON.parse(JSON.stringify(rules));
  return isJsonObject(plain) ? plain : null;
}

const MODE_ORDER: readonly Json[] = ['observe', 'ask', 'auto'];
const CLASS_ORDER: readonly Json[] = ['R0', 'R1'];

function isLowerIn(order: readonly Json[], { before, after }: RuleDifference): boolean {
  const from = order.indexOf(before);
  const to = order.indexOf(after);
  return to >= 0 && from > to;
}

/** A number that became smaller, or a limit where there was none. */
function isLowerLimit({ before, after }: RuleDifference, noLimit: boolean): boolean {
  if (typeof after !== 'number') return false;
  return before === null ? noLimit : typeof before === 'number' && after < before;
}

/** A list that lost elements and got none. */
function isFewer({ before, after }: RuleDifference): boolean {
  return (
    Array.isArray(before) &&
    Array.isArray(after) &&
    after.length < before.length &&
    after.every((one) => before.includes(one))
  );
}

function tightensPerson(difference: RuleDifference): boolean {
  const [, , field, ...deeper] = difference.path;
  if (field === 'grants') return deeper.length <= 1 && difference.after === null;
  if (deeper.length > 0) return false;
  switch (field) {
    case undefined:
      return difference.before !== null && difference.after === null;
    case 'active':
      return difference.before === true && difference.after === false;
    case 'roles':
      return isFewer(difference);
    default:
      return false;
  }
}

function tightensSource(field: string | undefined, difference: RuleDifference): boolean {
  switch (field) {
    case 'models':
      return isFewer(difference) || (difference.before === null && Array.isArray(difference.after));
    case 'highestClass':
      return isLowerIn(CLASS_ORDER, difference);
    case 'incidentsPerHour':
      return isLowerLimit(difference, true);
    default:
      return false;
  }
}

function tightensCap(difference: RuleDifference): boolean {
  const [, part, third, fourth] = difference.path;
  switch (part) {
    case 'atOnce':
    case 'perHour':
      return third !== undefined && isLowerLimit(difference, false);
    case 'source':
      return tightensSource(third, difference);
    case 'sources':
      return tightensSource(fourth, difference);
    default:
      return false;
  }
}

function tightens(difference: RuleDifference): boolean {
  const [part, , field] = difference.path;
  switch (part) {
    case 'people':
      return tightensPerson(difference);
    case 'routes':
      return field === 'mode' && isLowerIn(MODE_ORDER, difference);
    case 'caps':
      return tightensCap(difference);
    default:
      return false;
  }
}

/**
 * True when a change only takes away, so that nobody has to be asked: modes and caps lowered, people deactivated, roles
 * taken. Everything that is not known to take away counts as more, and so does what leaves nobody to approve the next
 * change.
 */
export function onlyTightens(before: Rules, after: Rules): boolean {
  const differences = differencesBetween(rulesAsJson(before), rulesAsJson(after));
  if (differences.length === 0 || !differences.every(tightens)) return false;
  return canBeChanged(after) || !canBeChanged(before);
}
