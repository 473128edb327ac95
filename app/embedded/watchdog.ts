import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { ProcessIdentity } from './process-identity.ts';

/** What a watchdog does when our process is gone. */
export interface WatchdogOptions {
  readonly server: ProcessIdentity;
  readonly signal: 'INT' | 'TERM' | 'QUIT';
  /** Names the process in charge; when it no longer says `owner`, the server was adopted and stays. */
  readonly ownerFile: string;
  readonly owner: string;
  /** How long a restarted Firebreak has to adopt the server. */
  readonly graceSeconds: number;
}

/** A running watch. */
export interface Watchdog {
  /** Ends the watch; the server stays as it is. */
  stop: () => void;
}

// `read` returns when the other end of the pipe closes, which the kernel does however we die.
// The start time (field 22, here after the last bracket) keeps it from a stranger with the same number.
const SCRIPT = `
pid=$1 started=$2 signal=$3 ownerfile=$4 owner=$5 grace=$6
read -r line
i=0
while [ "$i" -lt "$grace" ]; do
  kill -0 "$pid" 2>/dev/null || exit 0
  sleep 1
  i=$((i + 1))
done
[ "$(cat "$ownerfile" 2>/dev/null)" = "$owner" ] || exit 0
if [ -r "/proc/$pid/stat" ]; then
  stat=$(cat "/proc/$pid/stat" 2>/dev/null)
  set -- \${stat##*)}
  case "$started" in */"\${20}") ;; *) exit 0 ;; esac
fi
kill -s "$signal" "$pid" 2>/dev/null
`;

/**
 * Starts a tiny shell process, in its own session, that stops `server` once our process is gone
 * (also after `kill -9`), unless another Firebreak adopted the server within the grace time.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      SCRIPT,
      'firebreak-watchdog',
      options.server.pid.toString(),
      options.server.startedAt,
      options.signal,
      options.ownerFile,
      options.owner,
      options.graceSeconds.toString(),
    ],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    },
  );
  child.on('error', () => {
    // Without a shell there is no watchdog; the next start finds the server by its record.
  });
  child.stdin.on('error', () => {
    // The watchdog ended first: nothing left to tell it.
  });
  child.unref();
  // The pipe is a socket underneath, and must not keep our process alive.
  if (child.stdin instanceof Socket) child.stdin.unref();
  return {
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}
