import { AppError } from '../domain/error.ts';

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,5})([mhd])$/;

/** Milliseconds of `90m`, `2h` or `3d`. Raises `invalid` naming the option. */
export function durationMs(text: string, option: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const factor = UNITS_MS[unit ?? ''];
  if (count !== undefined && factor !== undefined && Number(count) > 0) {
    return Number(count) * factor;
  }
  throw new AppError('invalid', `--${option} is a time like 90m, 2h or 3d.`, { field: option });
}

/** An instant from a date or a time. Raises `invalid` naming the option. */
export function instantOf(text: string, option: string): string {
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new AppError('invalid', `--${option} is a date or a time.`, { field: option });
}

/** When something ends: `90d` from now, or an instant. Raises `invalid` naming the option. */
export function endOf(text: string, option: string, now: Date): string {
  return DURATION.test(text)
    ? new Date(now.getTime() + durationMs(text, option)).toISOString()
    : instantOf(text, option);
}
