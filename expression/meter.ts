import { AppError } from '../domain/error.ts';
import { callOf, childrenOf, expansionOf, partsOfExpansion } from './syntax-tree.ts';
import type { SyntaxNode } from './syntax-tree.ts';

/** Work units that one evaluation may use; one is about one turn of a loop. */
export const WORK_MAX = 250_000;
/** Longest text or list that `+` and `join` may build. */
export const BUILT_MAX = 256 * 1024;
/** Characters that count as one unit of work. */
const CHARACTERS_PER_UNIT = 64;

/**
 * Counts the work of one evaluation. The library has no run-time limit of its own, and nested loops or
 * doubled lists would otherwise take the process with them.
 */
export class Meter {
  #used = 0;

  /** Begins a new evaluation. */
  reset(): void {
    this.#used = 0;
  }

  /** Adds `units` of work. Raises `too_large` when the evaluation has used more than it may. */
  charge(units: number): void {
    this.#used += units;
    if (this.#used > WORK_MAX) {
      throw new AppError('too_large', 'The expression takes too many steps.', {
        details: { workMax: WORK_MAX },
      });
    }
  }
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 1;
}

function workOf(value: unknown): number {
  if (typeof value === 'string') return Math.ceil(value.length / CHARACTERS_PER_UNIT);
  return Array.isArray(value) ? value.length : 1;
}

function checkBuilt(size: number): void {
  if (size > BUILT_MAX) {
    throw new AppError('too_large', 'The expression builds too long a text or list.', {
      details: { builtMax: BUILT_MAX },
    });
  }
}

function sizeOfJoin(parts: readonly unknown[]): number {
  const [list, separator] = parts;
  if (!Array.isArray(list)) return 0;
  const between = typeof separator === 'string' ? separator.length : 0;
  return list.reduce((sum: number, item: unknown) => sum + sizeOf(item) + between, 0);
}

/** What one node costs before it runs, from the operands that it was given. */
function costOf(node: SyntaxNode, operands: readonly unknown[]): number {
  const [left, right] = operands;
  if (node.op === 'comprehension') return sizeOf(left) + 1;
  const call = callOf(node);
  if (!call) {
    if (node.op === '+') checkBuilt(sizeOf(left) + sizeOf(right));
    return workOf(left) + workOf(right);
  }
  const parts: readonly unknown[] = Array.isArray(left) ? left : [];
  if (call.name === 'join') checkBuilt(sizeOfJoin(parts));
  // An automaton reads each character several times over.
  const factor = call.name === 'regex' ? CHARACTERS_PER_UNIT / 4 : 1;
  return parts.reduce((sum: number, item) => sum + workOf(item), 0) * factor;
}

const METERED = new Set(['comprehension', 'call', 'rcall', '+', '==', '!=', 'in']);

function wrap(node: SyntaxNode, meter: Meter): void {
  const handle: unknown = Reflect.get(node, 'handle');
  if (typeof handle !== 'function' || !METERED.has(node.op)) return;
  Reflect.set(node, 'handle', (...operands: readonly unknown[]): unknown => {
    meter.charge(costOf(node, operands));
    const value: unknown = Reflect.apply(handle, undefined, operands);
    return value;
  });
}

/** Makes every looping, growing or scanning node of a type-checked tree charge `meter`. */
export function attachMeter(root: SyntaxNode, meter: Meter): void {
  const expansion = expansionOf(root);
  if (expansion) {
    wrap(expansion, meter);
    for (const part of partsOfExpansion(expansion)) attachMeter(part, meter);
    return;
  }
  wrap(root, meter);
  for (const child of childrenOf(root)) attachMeter(child, meter);
}
