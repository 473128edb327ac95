import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { AppError } from '../../domain/error.ts';

/** The account Postgres runs under; it refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'nobody';
const ID_TIMEOUT_MS = 5_000;
const ID_MAX = 2 ** 32;

function idOf(flag: '-u' | '-g'): number {
  const text = execFileSync('id', [flag, NAME], { encoding: 'utf8', timeout: ID_TIMEOUT_MS });
  // Some systems print the number as negative.
  return (Number(text.trim()) + ID_MAX) % ID_MAX;
}

/** A container may give us a number that has no account; `initdb` wants one. */
function requireOwnAccount(): void {
  try {
    userInfo();
  } catch (error) {
    throw new AppError(
      'unsupported',
      'The embedded Postgres needs a user that the system knows by name. Add the user to /etc/passwd, or set DATABASE_URL.',
      { cause: error },
    );
  }
}

/**
 * The account for Postgres: `nobody` when we are root, null (ours) otherwise.
 * Raises `unsupported` as root on a machine without that account, and as a user without a name.
 */
export function serverAccount(): ServerAccount | null {
  if (process.getuid?.() !== 0) {
    requireOwnAccount();
    return null;
  }
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch (error) {
    throw new AppError(
      'unsupported',
      'Postgres refuses to run as root and this machine has no account named nobody. Start as another user, or set DATABASE_URL.',
      { cause: error },
    );
  }
}

/** True when `account` may pass through every folder above `path`; null stands for ourselves. */
export function canReach(account: ServerAccount | null, path: string): boolean {
  if (account === null) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const stat = statSync(folder);
    const bit = stat.uid === account.uid ? 0o100 : stat.gid === account.gid ? 0o010 : 0o001;
    if ((stat.mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
