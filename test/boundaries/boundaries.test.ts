// Goal: every import rule refuses what it is there to refuse, and nothing else.
// Method: all planted lines are written into one tree in a temp folder; one lint run with exactly the
// project's import rules goes over it; each line must get the rule named for it, or none.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ALLOWED, CIRCLE, PRESENT, VIOLATIONS, type Planted } from './planted.ts';

const ESLINT = join(import.meta.dirname, '..', '..', 'node_modules', 'eslint', 'bin', 'eslint.js');
const CONFIG = join(import.meta.dirname, 'import-rules.config.js');
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

const messageSchema = z.object({
  ruleId: z.string().nullable(),
  line: z.number(),
  message: z.string(),
});
const replySchema = z.array(z.object({ filePath: z.string(), messages: z.array(messageSchema) }));
type Message = z.infer<typeof messageSchema>;

const PLANTED = [...VIOLATIONS, ...ALLOWED];
const linesOf = new Map<string, string[]>();
for (const { file, line } of PLANTED) linesOf.set(file, [...(linesOf.get(file) ?? []), line]);

async function put(tree: string, file: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, file)), { recursive: true });
  await writeFile(join(tree, file), text);
}

function lint(tree: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [ESLINT, '--config', CONFIG, '--format', 'json', '.'],
      { cwd: tree, maxBuffer: OUTPUT_BYTES_MAX },
      (_error, stdout, stderr) => {
        // Violations make the exit code 1: only a missing document is a failure of the run.
        if (stdout === '') reject(new Error(`eslint gave no answer: ${stderr}`));
        else resolve(stdout);
      },
    );
  });
}

describe('import rules', () => {
  let tree = '';
  const found = new Map<string, readonly Message[]>();

  beforeAll(async () => {
    tree = await realpath(await mkdtemp(join(tmpdir(), 'firebreak-boundaries-')));
    for (const file of PRESENT)
      await put(tree, file, 'export const noun = 1;\nexport type Noun = 1;\n');
    await put(tree, CIRCLE.file, `${CIRCLE.line}\n`);
    for (const [file, lines] of linesOf) await put(tree, file, `${lines.join('\n')}\n`);
    const reply = replySchema.parse(JSON.parse(await lint(tree)));
    for (const { filePath, messages } of reply) found.set(relative(tree, filePath), messages);
  });

  afterAll(async () => {
    await rm(tree, { recursive: true, force: true });
  });

  const rulesAt = ({ file, line }: Planted): readonly (string | null)[] => {
    const messages = found.get(file);
    if (messages === undefined) throw new Error(`${file} was not linted`);
    const at = (linesOf.get(file) ?? []).indexOf(line) + 1;
    return messages.filter((message) => message.line === at).map(({ ruleId }) => ruleId);
  };

  test.each(VIOLATIONS)('refuses $line in $file', (planted) => {
    expect(rulesAt(planted)).toEqual([planted.rule]);
  });

  test.each(ALLOWED)('allows $line in $file', (planted) => {
    expect(rulesAt(planted)).toEqual([]);
  });
});
