import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { z } from 'zod';
import { run } from '../../cli/test-run.ts';
import { told } from '../../playbooks/sample-playbook.ts';
import { bounded } from '../api/bounded.ts';

/** Where and why a playbook is refused; `place` is line:column. */
export interface Refusal {
  readonly code: 'invalid' | 'too_large';
  readonly place: string | null;
  readonly message: RegExp;
}

const problem = z.object({
  file: z.string(),
  line: z.number().int().min(1),
  column: z.number().int().min(1),
  field: z.string(),
  message: z.string().min(1),
});

const PLACE = /^(?<file>.+?):(?<line>\d+):(?<column>\d+): /;

/**
 * Expects that a text is refused as a playbook by both doors, the loader and `playbook validate`: with file, line,
 * column and reason, with exit code 2, without a stack, in bounds.
 */
export async function expectRefused(folder: string, text: string, refusal: Refusal): Promise<void> {
  const { code, message, places } = await bounded(() => told(text));
  expect(code).toBe(refusal.code);
  expect(message).toMatch(refusal.message);
  const problems = places.map((place) => problem.parse(JSON.parse(place)));
  const spots = problems.map(({ line, column }) => `${line.toString()}:${column.toString()}`);
  if (refusal.place !== null) expect(spots).toContain(refusal.place);
  if (refusal.code === 'invalid') expect(spots).not.toEqual([]);

  const file = join(folder, 'hostile.yaml');
  await writeFile(file, text);
  const { code: exit, out, err } = await bounded(() => run(['playbook', 'validate', file]));
  expect([exit, out]).toEqual([2, '']);
  expect(err).not.toMatch(/\n\s+at |node_modules/);
  expect(err.length).toBeLessThan(64 * 1024);
  expect(err).toContain(file);
  const first = err.split('\n', 1)[0]?.replace(/^error: /, '') ?? '';
  if (refusal.code === 'invalid') expect(first).toMatch(PLACE);
}

/** Expects that both doors take a text. */
export async function expectLoaded(folder: string, text: string): Promise<void> {
  expect((await bounded(() => told(text))).message).toBe('');
  const file = join(folder, 'fine.yaml');
  await writeFile(file, text);
  expect((await bounded(() => run(['playbook', 'validate', file]))).code).toBe(0);
}
