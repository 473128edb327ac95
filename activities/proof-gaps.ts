import { isJsonObject } from '../domain/json.ts';
import type { OperationResult } from '../domain/operation.ts';

const TITLE_MAX = 1_000;

/** The title with what is missing of the proofs of a version that people chose without them. */
export function titleWithGaps(
  title: string,
  results: readonly Pick<OperationResult, 'value'>[],
): string {
  const gaps = results.flatMap(({ value }) => {
    if (!isJsonObject(value) || value['status'] !== 'unproven') return [];
    const { version, missing } = value;
    if (typeof version !== 'string' || !Array.isArray(missing)) return [];
    return [`version ${version} is not proven: ${missing.join(' ')}`];
  });
  const last = gaps.at(-1);
  return last === undefined ? title : `${title} (${last})`.slice(0, TITLE_MAX);
}
