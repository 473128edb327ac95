import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../../app/cache-folder.ts';

/** Where a real system is installed: it stays between runs. */
export function realFolder(name: string): string {
  return join(cacheFolder(process.env), 'real', name);
}

/** Says what is being done to whoever waits for it. */
export function tell(line: string): void {
  process.stderr.write(`conformance: ${line}\n`);
}

/**
 * Runs `make` unless the folder's stamp says that exactly this was made there before. The stamp is written last, so
 * what was broken off is made again.
 */
export async function makeOnce(
  folder: string,
  stamp: string,
  make: () => Promise<void>,
): Promise<void> {
  const file = join(folder, 'stamp');
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found === stamp) return;
  await rm(file, { force: true });
  await mkdir(folder, { recursive: true });
  const began = Date.now();
  await make();
  await writeFile(file, stamp);
  tell(`installed in ${Math.round((Date.now() - began) / 1000).toString()} s`);
}
