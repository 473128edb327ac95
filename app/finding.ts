import { toAppError } from '../domain/error.ts';

/** One thing that Firebreak needs: whether it is there, and what to do when it is not. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** Null when nothing is to be done. */
  readonly fix: string | null;
}

/** What is as it should be. */
export function good(name: string, detail: string): Check {
  return { name, ok: true, detail, fix: null };
}

/** What is not, and how to mend it. */
export function bad(name: string, detail: string, fix: string): Check {
  return { name, ok: false, detail, fix };
}

/** Runs one check; what it raises is the finding. */
export async function check(
  name: string,
  fix: string,
  look: () => string | Promise<string>,
): Promise<Check> {
  try {
    return good(name, await look());
  } catch (error) {
    return bad(name, toAppError(error).message, fix);
  }
}
