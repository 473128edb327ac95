import { AppError } from '../domain/error.ts';
import type { Arguments } from './registrar.ts';

/** The argument at a place. Raises `invalid` when it is missing; commander has checked that before. */
export function argument(args: Arguments, index: number, name: string): string {
  const value = args.positional[index];
  if (value === undefined) throw new AppError('invalid', `${name} is missing.`, { field: name });
  return value;
}

/** A text option, or undefined. */
export function option(args: Arguments, name: string): string | undefined {
  const value = args.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** True for a flag that is given. */
export function flag(args: Arguments, name: string): boolean {
  return args.options[name] === true;
}

/** A text option. Raises `invalid` when it is not given. */
export function requiredOption(args: Arguments, name: string): string {
  const value = option(args, name);
  if (value === undefined) throw new AppError('invalid', `--${name} is missing.`, { field: name });
  return value;
}

/** A repeatable text option. */
export function optionList(args: Arguments, name: string): readonly string[] {
  const value = args.options[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** A whole number within limits. Raises `invalid` for anything else. */
export function numberOption(
  args: Arguments,
  name: string,
  limits: { readonly min: number; readonly max: number },
): number | undefined {
  const text = option(args, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= limits.min && value <= limits.max) return value;
  const range = `${limits.min.toString()} to ${limits.max.toString()}`;
  throw new AppError('invalid', `--${name} is a whole number, ${range}.`, { field: name });
}

/** One of a list of words. Raises `invalid` naming them. */
export function choice<T extends string>(text: string, choices: readonly T[], name: string): T {
  const found = choices.find((one) => one === text);
  if (found !== undefined) return found;
  throw new AppError('invalid', `${name} is one of ${choices.join(', ')}.`, { field: name });
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
