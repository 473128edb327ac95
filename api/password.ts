import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AppError } from '../domain/error.ts';
import { SIGN_IN } from '../domain/sign-in.ts';

/** What scrypt is asked for: cost, block size, parallelism, salt and key. Each costs 32 MiB and about a quarter of a second. */
interface Parameters {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallel: number;
  readonly salt: Buffer;
  readonly bytes: number;
}

const COST = 2 ** 15;
const BLOCK_SIZE = 8;
const PARALLEL = 3;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Fewer different characters are a pattern; a shorter id is part of ordinary words. */
const DIFFERENT_MIN = 5;
const ID_MIN = 4;
/** A stored secret may ask for no more memory than this. */
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
/** So many at a time, and so many more that wait: whoever comes then is told to come back. */
const RUNNING_MAX = 2;
const WAITING_MAX = 20;

function derive(password: string, parameters: Parameters): Promise<Buffer> {
  const { cost: N, blockSize: r, parallel: p, salt, bytes } = parameters;
  return new Promise((resolve, reject) => {
    // The same words typed on another keyboard are the same password.
    scrypt(
      password.normalize('NFKC'),
      salt,
      bytes,
      { N, r, p, maxmem: MEMORY_BYTES_MAX },
      (error, key) => {
        if (error === null) resolve(key);
        else
          reject(
            new AppError('internal', 'The password could not be looked at.', { cause: error }),
          );
      },
    );
  });
}

function textOf({ cost, blockSize, parallel, salt }: Parameters, key: Buffer): string {
  const numbers = [cost, blockSize, parallel].map(String);
  return ['scrypt', ...numbers, salt.toString('base64'), key.toString('base64')].join('$');
}

/** The parameters and key of a stored secret. Raises `internal` for what this version did not write. */
function parse(secret: string): { readonly parameters: Parameters; readonly key: Buffer } {
  const [kind, cost, blockSize, parallel, salt = '', key = ''] = secret.split('$');
  const bytes = Buffer.from(key, 'base64');
  if (kind !== 'scrypt' || bytes.length < KEY_BYTES) {
    throw new AppError('internal', 'A stored password is not what this version expects.');
  }
  return {
    key: bytes,
    parameters: {
      ...{ cost: Number(cost), blockSize: Number(blockSize), parallel: Number(parallel) },
      ...{ salt: Buffer.from(salt, 'base64'), bytes: bytes.length },
    },
  };
}

/** Turns passwords into what is kept of them, and compares; bounded, so that a flood of attempts costs no more than this. */
export interface Passwords {
  /** What is stored: the parameters, a fresh salt and the key. Raises `unavailable` when too many wait. */
  keep(password: string): Promise<string>;
  /** True when it is the password. Without a secret it takes as long and is false. Raises as `keep`. */
  matches(password: string, secret: string | null): Promise<boolean>;
}

/** Lets a bounded number of works run, the others wait in turn. */
function bounded(): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= RUNNING_MAX) {
      if (waiting.length >= WAITING_MAX) {
        throw new AppError('unavailable', 'Too many people sign in just now; try again shortly.');
      }
      // Whoever ends hands the place on, so that nobody slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** Creates it; `cost` is lower in tests only. */
export function createPasswords(cost: number = COST): Passwords {
  const run = bounded();
  const fresh = (): Parameters => ({
    ...{ cost, blockSize: BLOCK_SIZE, parallel: PARALLEL, bytes: KEY_BYTES },
    salt: randomBytes(SALT_BYTES),
  });
  return {
    keep: (password) =>
      run(async () => {
        const parameters = fresh();
        return textOf(parameters, await derive(password, parameters));
      }),
    matches: (password, secret) =>
      run(async () => {
        const stored = secret === null ? null : parse(secret);
        const derived = await derive(password, stored?.parameters ?? fresh());
        const key = stored?.key ?? randomBytes(KEY_BYTES);
        return timingSafeEqual(derived, key) && stored !== null;
      }),
  };
}

/** A password to be used once: 120 random bits in letters and digits that are not taken for each other. */
export function oneTimePassword(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  const all = Array.from(randomBytes(24), (byte) => letters.charAt(byte % letters.length)).join('');
  return all.replaceAll(/(.{6})(?=.)/gu, '$1-');
}

/** Raises `invalid` for a password that is too short, too long, or holds the person's own id. */
export function requireGoodPassword(password: string, personId: string): void {
  const { passwordCharactersMin: min, passwordCharactersMax: max } = SIGN_IN;
  const length = Array.from(password).length;
  if (length < min || length > max) {
    const message = `A password has ${min.toString()} to ${max.toString()} characters.`;
    throw new AppError('invalid', message, { field: 'password' });
  }
  const holdsId = personId.length >= ID_MIN && password.toLowerCase().includes(personId);
  if (new Set(password).size < DIFFERENT_MIN || holdsId) {
    const message = 'This password is easy to guess: it repeats itself or holds your id.';
    throw new AppError('invalid', message, { field: 'password' });
  }
}
