/** One node of a parsed expression, seen through guards instead of the library's types. */
export interface SyntaxNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
}

/** True when `value` is a node of a parsed expression. */
export function isSyntaxNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' &&
    value !== null &&
    'op' in value &&
    typeof value.op === 'string' &&
    'args' in value &&
    'start' in value &&
    typeof value.start === 'number'
  );
}

function collect(value: unknown, into: SyntaxNode[]): void {
  if (isSyntaxNode(value)) into.push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, into);
}

/** The nodes directly below a node, as they were written (macros unexpanded). */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  collect(node.args, children);
  return children;
}

/** The node that a macro such as `map` expands to, or undefined. */
export function expansionOf(node: SyntaxNode): SyntaxNode | undefined {
  const meta: unknown = Reflect.get(node, 'meta');
  if (typeof meta !== 'object' || meta === null) return undefined;
  const alternate: unknown = Reflect.get(meta, 'alternate');
  return isSyntaxNode(alternate) ? alternate : undefined;
}

/** The parts of an expanded macro that are evaluated: what it runs over and what it does each time. */
export function partsOfExpansion(node: SyntaxNode): readonly SyntaxNode[] {
  if (typeof node.args !== 'object' || node.args === null) return [];
  const parts: SyntaxNode[] = [];
  for (const name of ['iterable', 'init', 'step']) collect(Reflect.get(node.args, name), parts);
  return parts;
}

/** Name, receiver and arguments of a call, or undefined when the node is none. */
export function callOf(
  node: SyntaxNode,
):
  | { readonly name: string; readonly receiver: boolean; readonly list: readonly unknown[] }
  | undefined {
  if ((node.op !== 'call' && node.op !== 'rcall') || !Array.isArray(node.args)) return undefined;
  const name: unknown = node.args[0];
  const list: unknown = node.args[node.op === 'call' ? 1 : 2];
  if (typeof name !== 'string' || !Array.isArray(list)) return undefined;
  return { name, receiver: node.op === 'rcall', list };
}

/** The text of a string literal, or undefined. */
export function literalText(node: unknown): string | undefined {
  if (!isSyntaxNode(node) || node.op !== 'value') return undefined;
  return typeof node.args === 'string' ? node.args : undefined;
}
