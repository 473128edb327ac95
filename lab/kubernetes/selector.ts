import { isJsonObject, type Json } from '../../domain/json.ts';
import { listAt, mapAt, textAt } from './object.ts';
import { badRequest } from './status.ts';

type Labels = Readonly<Record<string, string>>;

/** True when every key of an equality selector has its value. */
export function matchesMap(labels: Labels, selector: Labels): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

function matchesExpression(labels: Labels, expression: Json): boolean {
  const value = labels[textAt(expression, 'key')];
  const values = listAt(expression, 'values');
  switch (textAt(expression, 'operator')) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** A LabelSelector (`matchLabels`, `matchExpressions`); an empty one matches everything, none nothing. */
export function matchesSelector(labels: Labels, selector: Json | undefined): boolean {
  if (!isJsonObject(selector)) return false;
  return (
    matchesMap(labels, mapAt(selector, 'matchLabels')) &&
    listAt(selector, 'matchExpressions').every((one) => matchesExpression(labels, one))
  );
}

const SET_TERM = /^([^\s!=,()]+)\s+(in|notin)\s+\(([^()]*)\)$/;
const EQUAL_TERM = /^([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)$/;
const EXISTS_TERM = /^(!?)\s*([^\s!=,()]+)$/;

type Check = (labels: Labels) => boolean;

function setCheck(match: readonly string[]): Check {
  const [, key = '', operator, list = ''] = match;
  const values = list.split(',').map((value) => value.trim());
  return (labels) => {
    const value = labels[key];
    return (value !== undefined && values.includes(value)) === (operator === 'in');
  };
}

function equalCheck(match: readonly string[]): Check {
  const [, key = '', operator, value = ''] = match;
  return (labels) => (labels[key] === value) === (operator !== '!=');
}

function existsCheck(match: readonly string[]): Check {
  const [, not, key = ''] = match;
  return (labels) => (labels[key] === undefined) === (not === '!');
}

function parseTerm(term: string): Check {
  const set = SET_TERM.exec(term);
  if (set) return setCheck(set);
  const equal = EQUAL_TERM.exec(term);
  if (equal) return equalCheck(equal);
  const exists = EXISTS_TERM.exec(term);
  if (exists) return existsCheck(exists);
  throw badRequest(`unable to parse requirement: ${term}`);
}

/** The `labelSelector` of a query: `a=b,c!=d,e in (f,g),h,!i`. Raises 400 when it cannot be read. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const terms = text
    .split(/,(?![^()]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .map(parseTerm);
  return (labels) => terms.every((term) => term(labels));
}
