// Goal: the set-up installs exactly when it has to, alone, and says what is wrong. Method: our scripts
// in a checkout of their own with an npm that writes down how it was called.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { makeCheckout } from './setup-checkout.ts';

function calls(root: string): readonly string[] {
  const path = join(root, 'npm-calls');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

describe('the set-up of a checkout', () => {
  test('installs from the lock file without scripts, once, and is then silent', async () => {
    const { root, setup } = await makeCheckout();
    const first = await setup([], { NODE_ENV: 'production' });
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain('npm says hello');
    const second = await setup();
    expect(second).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(calls(root)).toEqual(['ci --ignore-scripts --include=dev --no-audit --no-fund']);
  });

  test.each<[string, (root: string) => void]>([
    [
      'the lock file changed',
      (root) => {
        writeFileSync(join(root, 'package-lock.json'), '{"a":1}');
      },
    ],
    [
      'the packages are gone',
      (root) => {
        rmSync(join(root, 'node_modules'), { recursive: true });
      },
    ],
    [
      'the stamp is of another Node',
      (root) => {
        writeFileSync(join(root, 'node_modules', '.firebreak-stamp'), 'x');
      },
    ],
  ])('installs again when %s', async (_, change) => {
    const { root, setup } = await makeCheckout();
    await setup();
    change(root);
    expect((await setup()).code).toBe(0);
    expect(calls(root)).toHaveLength(2);
  });

  test('writes no stamp when npm failed, so the next one tries again', async () => {
    const { root, setup } = await makeCheckout(
      "mkdirSync('node_modules', { recursive: true }); process.exit(1);",
    );
    const failed = await setup();
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain('setup: npm ci ended with 1');
    await setup();
    expect(calls(root)).toHaveLength(2);
  });

  test('tells an unreachable registry (exit 4) from a broken lock file (exit 2), naming no host', async () => {
    const { setup } = await makeCheckout(
      "console.error('npm error code ENOTFOUND'); process.exit(1);",
    );
    const failed = await setup();
    expect(failed.code).toBe(4);
    expect(failed.stderr).toContain('npm reached no registry');
  });

  test('refuses to install under a running demo, naming it, and does so once that is gone', async () => {
    const { root, environment, setup } = await makeCheckout();
    mkdirSync(join(root, 'node_modules/tsx'), { recursive: true });
    writeFileSync(join(root, 'node_modules/tsx/package.json'), '{"name":"tsx","main":"index.js"}');
    writeFileSync(join(root, 'node_modules/tsx/index.js'), '');
    writeFileSync(join(root, 'long.mjs'), "console.log('up'); setInterval(() => {}, 1000);");
    const demo = spawn(process.execPath, [join(root, 'scripts/run.mjs'), 'long.mjs'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => demo.stdout.once('data', resolve));
      const refused = await setup();
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(
        `process ${(demo.pid ?? 0).toString()} (long.mjs) uses them`,
      );
      expect(calls(root)).toEqual([]);
    } finally {
      const gone = new Promise((resolve) => demo.once('exit', resolve));
      demo.kill('SIGTERM');
      await gone;
    }
    expect((await setup()).code).toBe(0);
  });

  test('lets two set-ups at once install one after the other, the second finding it done', async () => {
    const { root, setup } = await makeCheckout(
      "mkdirSync('node_modules', { recursive: true }); await new Promise((r) => setTimeout(r, 700));",
    );
    const both = await Promise.all([setup(), setup()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(calls(root)).toHaveLength(1);
  });

  test('takes over from a set-up that was killed', async () => {
    const { root, environment, setup } = await makeCheckout(
      "mkdirSync('node_modules', { recursive: true }); await new Promise((r) => setTimeout(r, process.env.SLOW ? 60000 : 0));",
    );
    const slow = spawn(process.execPath, [join(root, 'scripts/setup.mjs')], {
      env: { ...environment, SLOW: '1' },
      stdio: 'ignore',
      detached: true,
    });
    while (calls(root).length === 0) await sleep(20);
    if (slow.pid !== undefined) process.kill(-slow.pid, 'SIGKILL');
    expect((await setup()).code).toBe(0);
    expect(calls(root)).toHaveLength(2);
  });

  test('knows its flags', async () => {
    const { setup } = await makeCheckout();
    const failed = await setup(['--temproal']);
    expect(failed.code).toBe(2);
    expect(failed.stderr).toContain('unknown flag --temproal');
  });
});
