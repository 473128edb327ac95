/**
 * Calls `work` for each item, at most `limit` at a time; results in the order of the items. When one raises, what
 * was begun is finished and the first error is raised.
 */
export async function forEachAtMost<T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const errors: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      const item = items[index];
      if (index >= items.length || item === undefined || errors.length > 0) return;
      try {
        results.set(index, await work(item));
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (errors.length > 0) throw errors[0];
  return [...results.entries()].sort(([a], [b]) => a - b).map(([, result]) => result);
}
