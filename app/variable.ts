import { z } from 'zod';

/** One setting that the environment may give. */
export interface Variable<T> {
  readonly name: string;
  /** What it does, in sentences; goes into `.env.example`. */
  readonly about: string;
  /** Never shown; may also be given as a file by `<name>_FILE`. */
  readonly secret: boolean;
  /** Text used when nothing is given; null when the setting is then off. */
  readonly fallback: string | null;
  readonly example: string;
  readonly schema: z.ZodType<T, string>;
}

/** The schema of an address with one of these protocols. */
export function url(protocols: readonly string[]): z.ZodType<string, string> {
  return z
    .string()
    .refine(
      (address) =>
        URL.canParse(address) && protocols.includes(new URL(address).protocol.slice(0, -1)),
      {
        error: `must be an address that begins with ${protocols.map((name) => `${name}://`).join(' or ')}`,
      },
    );
}

/** The schema of any text. */
export const text = z.string();
