import { isPattern } from './pattern.ts';
import { callOf, childrenOf, isSyntaxNode, literalText } from './syntax-tree.ts';
import type { SyntaxNode } from './syntax-tree.ts';

/** Most comprehensions (`map`, `exists` …) inside one another. */
export const COMPREHENSION_DEPTH_MAX = 2;

const COMPREHENSIONS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

const FORBIDDEN = new Map([
  ['matches', "use regex(text, 'pattern'), whose time grows linearly"],
  ['json', 'bytes cannot be parsed inside an expression'],
  ['bind', 'bound variables are not offered'],
]);

/** What an expression reads: a variable, and its first key when that is written out. */
export interface Reference {
  readonly variable: string;
  /** Null when the whole variable is read, or the key is computed. */
  readonly key: string | null;
  /** Offset in the source. */
  readonly offset: number;
}

/** Why an expression is refused though it parses. */
export interface Objection {
  readonly code: 'forbidden_function' | 'nested_too_deeply' | 'invalid_regular_expression';
  readonly message: string;
  readonly offset: number;
}

function objectionToCall(node: SyntaxNode): Objection | undefined {
  const call = callOf(node);
  if (!call) return undefined;
  const reason = FORBIDDEN.get(call.name);
  if (reason !== undefined) {
    const message = `Function '${call.name}' is not allowed: ${reason}.`;
    return { code: 'forbidden_function', message, offset: node.start };
  }
  const pattern = call.name === 'regex' && !call.receiver ? literalText(call.list[1]) : undefined;
  if (pattern !== undefined && !isPattern(pattern)) {
    const message = 'regex(): this pattern is not valid RE2 syntax.';
    return { code: 'invalid_regular_expression', message, offset: node.start };
  }
  const zoned = call.receiver && call.list.length === 1 && /^get[A-Z]/.test(call.name);
  if (!zoned) return undefined;
  const message = `'${call.name}' takes no time zone here: all times are UTC.`;
  return { code: 'forbidden_function', message, offset: node.start };
}

/** The first thing in the tree that our guards refuse, or undefined. */
export function findObjection(root: SyntaxNode, depth = 0): Objection | undefined {
  const objection = objectionToCall(root);
  if (objection) return objection;
  const call = callOf(root);
  const inner = call?.receiver === true && COMPREHENSIONS.has(call.name) ? depth + 1 : depth;
  if (inner > COMPREHENSION_DEPTH_MAX) {
    const message = `At most ${COMPREHENSION_DEPTH_MAX.toString()} of map, filter, exists, all may be nested.`;
    return { code: 'nested_too_deeply', message, offset: root.start };
  }
  for (const [index, child] of childrenOf(root).entries()) {
    // What a loop runs over is not inside the loop.
    const found = findObjection(child, index === 0 ? depth : inner);
    if (found) return found;
  }
  return undefined;
}

function identifier(node: unknown): string | undefined {
  if (!isSyntaxNode(node) || node.op !== 'id') return undefined;
  return typeof node.args === 'string' ? node.args : undefined;
}

function keyedReference(node: SyntaxNode): Reference | undefined {
  if (!Array.isArray(node.args)) return undefined;
  const first: unknown = node.args[0];
  const second: unknown = node.args[1];
  const at = (variable: string | undefined, key: string | undefined): Reference | undefined =>
    variable === undefined || key === undefined ? undefined : { variable, key, offset: node.start };
  if (node.op === '.') {
    return at(identifier(first), typeof second === 'string' ? second : undefined);
  }
  if (node.op === '[]') return at(identifier(first), literalText(second));
  if (node.op === 'in') return at(identifier(second), literalText(first));
  if (node.op === 'call' && first === 'get' && Array.isArray(second)) {
    return at(identifier(second[0]), literalText(second[1]));
  }
  return undefined;
}

/** Every variable that an expression reads, with the first key where it is written out. */
export function referencesOf(root: SyntaxNode): readonly Reference[] {
  const references: Reference[] = [];
  const visit = (node: SyntaxNode): void => {
    const keyed = keyedReference(node);
    if (keyed) references.push(keyed);
    const name = identifier(node);
    if (name !== undefined) references.push({ variable: name, key: null, offset: node.start });
    for (const child of childrenOf(node)) {
      // The variable of a keyed reference is counted with its key, not again as a whole.
      if (keyed && identifier(child) === keyed.variable) continue;
      visit(child);
    }
  };
  visit(root);
  return references;
}
