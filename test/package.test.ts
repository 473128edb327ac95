// Goal: what is published holds everything that it needs to run, and nothing that only tests need.
// Method: the program is built and packed in a temporary folder, unpacked where an installation would put it,
// with this checkout's packages beside it, and started there.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { freshDatabase, tempDir } from './harness.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');
const BUILD_MS = 480_000;
const COPIED = [
  'package.json',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'NOTICE',
  'docs',
  'playbooks',
];

const manifestSchema = z.object({ version: z.string(), bin: z.object({ firebreak: z.string() }) });

describe('the package', () => {
  let installed = '';
  let files: readonly string[] = [];
  let manifest: z.infer<typeof manifestSchema>;

  const firebreak = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly stdout: string }> =>
    run(process.execPath, [join(installed, manifest.bin.firebreak), ...args], {
      cwd: installed,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    });

  beforeAll(async () => {
    const folder = await tempDir();
    const staging = join(folder, 'staging');
    await mkdir(staging);
    for (const name of COPIED) await cp(join(ROOT, name), join(staging, name), { recursive: true });
    const build = join(ROOT, 'scripts', 'build.ts');
    const args = ['--import', 'tsx', build, join(staging, 'dist'), '--unchecked'];
    await run(process.execPath, args, { cwd: ROOT });
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await run(npm, ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: staging });
    const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    await run('tar', ['-xzf', tarball ?? 'missing', '-C', folder], { cwd: folder });
    installed = join(folder, 'package');
    await symlink(join(ROOT, 'node_modules'), join(installed, 'node_modules'), 'junction');
    manifest = manifestSchema.parse(
      JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')),
    );
    files = await readdir(join(installed, 'dist'), { recursive: true });
  }, BUILD_MS);

  test('says its version', async () => {
    expect((await firebreak(['--version'])).stdout.trim()).toContain(manifest.version);
  });

  test('brings a database up to date', async () => {
    const database = await freshDatabase();
    try {
      await expect(firebreak(['migrate'], { DATABASE_URL: database.url })).resolves.toBeDefined();
    } finally {
      await database.drop();
    }
  });

  test('holds what is read at run time, where it is read', async () => {
    const data = (await readdir(join(ROOT, 'store', 'migrations'))).map((name) =>
      join('store', 'migrations', name),
    );
    const yaml = async (folder: string): Promise<readonly string[]> =>
      (await readdir(join(ROOT, folder)))
        .filter((name) => name.endsWith('.yaml'))
        .map((name) => join(folder, name));
    expect(files).toEqual(
      expect.arrayContaining([
        ...data,
        ...(await yaml('playbooks')),
        ...(await yaml('regimes')),
        'workflow-bundle.js',
      ]),
    );
  });

  test('holds no tests and no sources', () => {
    expect(
      files.filter((name) => /\.test\.|\.ts$|hostile-text|sample-incident/u.test(name)),
    ).toEqual([]);
  });
});
