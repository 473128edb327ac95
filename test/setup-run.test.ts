// Goal: what is exported around us never reaches a demo or test run, and signals and exit codes pass
// through. Method: hostile values that all point to a trap port; the started program prints what it sees.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { makeCheckout, runNode } from './setup-checkout.ts';

const ROOT = join(import.meta.dirname, '..');

async function checkoutWith(text: string): Promise<Awaited<ReturnType<typeof makeCheckout>>> {
  const checkout = await makeCheckout();
  const tsx = join(checkout.root, 'node_modules/tsx');
  mkdirSync(tsx, { recursive: true });
  writeFileSync(join(tsx, 'package.json'), '{"name":"tsx","main":"index.js"}');
  writeFileSync(join(tsx, 'index.js'), '');
  writeFileSync(join(checkout.root, 'program.mjs'), text);
  return checkout;
}

test('hostile variables are not passed on; what the machine needs is', async () => {
  const { root } = await checkoutWith('console.log(JSON.stringify(process.env));');
  const kept = {
    PATH: '/usr/bin:/bin',
    HOME: '/nonexistent',
    TERM: 'xterm',
    COLUMNS: '99',
    NO_COLOR: '1',
    CI: '1',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    no_proxy: 'x',
    TEMPORAL_CLI_PATH: '/x/temporal',
    XDG_CACHE_HOME: '/x',
    TMPDIR: '/tmp',
    NODE_EXTRA_CA_CERTS: '/dev/null',
  };
  const hostile = {
    DATABASE_URL: 'postgres://prod/x',
    DATABASE_URL_FILE: '/x',
    PGHOST: 'prod',
    PGPASSWORD: 'x',
    PGSERVICE: 'x',
    TEMPORAL_ADDRESS: 'prod:7233',
    TEMPORAL_PROFILE: 'prod',
    TEMPORAL_API_KEY: 'x',
    TEMPORAL_CONFIG_FILE: '/x',
    KUBECONFIG: '/prod',
    SLACK_BOT_TOKEN: 'xoxb-1',
    SMTP_URL: 'smtp://prod',
    MLFLOW_TRACKING_URI: 'http://prod',
    AWS_ACCESS_KEY_ID: 'x',
    FIREBREAK_DATA_DIR: '/prod',
    FIREBREAK_CONFIG: '/prod',
    NODE_OPTIONS: '--no-warnings',
    NODE_ENV: 'production',
  };
  const { stdout, code } = await runNode([join(root, 'scripts/run.mjs'), 'program.mjs'], {
    ...kept,
    ...hostile,
  });
  expect(code).toBe(0);
  expect(z.record(z.string(), z.string()).parse(JSON.parse(stdout))).toEqual(kept);
});

test('a real test run under hostile variables connects nowhere and ends with the summary of jest', async () => {
  let connections = 0;
  const trap = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const address = trap.address();
  const port = typeof address === 'object' && address !== null ? address.port.toString() : '';
  try {
    const names = [
      'PATH',
      'HOME',
      'XDG_CACHE_HOME',
      'TEMPORAL_CLI_PATH',
      'TEMPORAL_TEST_SERVER_PATH',
    ];
    const machine = Object.fromEntries(
      names.flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const { code, stderr } = await runNode(
      [join(ROOT, 'scripts/run.mjs'), '--jest', 'evidence/digest.test.ts'],
      {
        ...machine,
        DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/d`,
        PGHOST: '127.0.0.1',
        PGPORT: port,
        TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: port,
        SLACK_API_URL: `http://127.0.0.1:${port}`,
        SMTP_URL: `smtp://127.0.0.1:${port}`,
      },
    );
    expect(stderr.trim().split('\n').slice(-5).join('\n')).toMatch(
      /^Test Suites: 1 passed, 1 total\nTests: {7}\d+ passed, \d+ total\nSnapshots: .*\nTime: .*\nRan all test suites/,
    );
    expect(code).toBe(0);
    expect(connections).toBe(0);
  } finally {
    trap.close();
  }
});

test.each<[NodeJS.Signals, number]>([
  ['SIGTERM', 3],
  ['SIGINT', 4],
  ['SIGHUP', 5],
])('a %s reaches the program, whose exit code comes back', async (signal, wanted) => {
  const { root, environment } = await checkoutWith(
    `process.on('${signal}', () => process.exit(${wanted.toString()})); setInterval(() => {}, 1000); console.log('up');`,
  );
  const run = spawn(process.execPath, [join(root, 'scripts/run.mjs'), 'program.mjs'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise((resolve) => run.once('exit', resolve));
  await new Promise((resolve) => run.stdout.once('data', resolve));
  run.kill(signal);
  expect(await code).toBe(wanted);
});

test('a program that dies of a signal gives 128 and its number', async () => {
  const { root, environment } = await checkoutWith("process.kill(process.pid, 'SIGKILL');");
  const { code } = await runNode([join(root, 'scripts/run.mjs'), 'program.mjs'], environment);
  expect(code).toBe(137);
});
