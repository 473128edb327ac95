import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

declare global {
  // jest runs set-up and tear-down in one process and gives them no other way to share a value.
  var firebreakTestServers: ChildProcess | undefined;
}

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

function setVariable(name: string, value: unknown): void {
  if (typeof value === 'string') process.env[name] = value;
}

/** Ctrl-C ends the run as before, but only when the servers are gone; a second one ends it at once. */
function stopServersOnSignals(child: ChildProcess): void {
  for (const [signal, code] of SIGNALS) {
    process.once(signal, () => {
      const end = (): never => process.exit(code);
      process.once(signal, end);
      if (child.exitCode !== null || child.signalCode !== null) end();
      child.ref();
      child.once('exit', end);
      child.stdin?.end();
    });
  }
}

/** Starts the servers of this test run and tells the tests where they are, by the environment. */
// eslint-disable-next-line import-x/no-default-export -- jest takes nothing else.
export default async function globalSetup(config: { readonly rootDir: string }): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/servers.ts'], {
    cwd: config.rootDir,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  globalThis.firebreakTestServers = child;
  stopServersOnSignals(child);
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([
    once(lines, 'line').then(([line]) => String(line)),
    once(child, 'exit').then(() => null),
  ]);
  if (first === null) throw new Error('The test servers did not start; the reason stands above.');
  const ready: unknown = JSON.parse(first);
  if (typeof ready !== 'object' || ready === null)
    throw new Error('The test servers answered nonsense.');
  const values = new Map<string, unknown>(Object.entries(ready));
  setVariable('FIREBREAK_TEST_DATABASE_URL', values.get('databaseUrl'));
  setVariable('FIREBREAK_TEST_TEMPORAL_ADDRESS', values.get('temporalAddress'));
  setVariable('FIREBREAK_TEST_CLI_PATH', values.get('temporalCliPath'));
  setVariable('FIREBREAK_TEST_SERVER_PATH', values.get('testServerPath'));
  setVariable('FIREBREAK_TEST_BUNDLE', values.get('bundlePath'));
  setVariable('FIREBREAK_TEST_PROGRAM', values.get('programPath'));
  // The pipe alone must not keep jest from ending.
  child.unref();
  lines.close();
  child.stdout.destroy();
}
