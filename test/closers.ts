import { afterEach } from '@jest/globals';

/** Ends of what a test has opened. */
export type Closers = (() => Promise<unknown>)[];

/** A list whose entries are called behind each test, the newest first; to be asked for once, outside of tests. */
export function closersAfterEach(): Closers {
  const closers: Closers = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  return closers;
}
