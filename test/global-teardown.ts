const STOP_TIMEOUT_MS = 20_000;

/** Closes the pipe that keeps the test servers running and waits until they are gone. */
// eslint-disable-next-line import-x/no-default-export -- jest takes nothing else.
export default async function globalTeardown(): Promise<void> {
  const child = globalThis.firebreakTestServers;
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  child.ref();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.stdin?.end();
  await gone;
  clearTimeout(timer);
}
