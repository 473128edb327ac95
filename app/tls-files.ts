import { createPrivateKey, X509Certificate } from 'node:crypto';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { readSecretFile } from './environment.ts';

/** Where certificate and key of our own server stand. */
export interface TlsFiles {
  /** PEM: the certificate first, then those that it hangs on. Absolute. */
  readonly certFile: string;
  /** PEM, without a passphrase. Absolute. */
  readonly keyFile: string;
}

/** Certificate and key that go together and hold now. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  readonly certificate: X509Certificate;
  /** SHA-256 (hex) of both. */
  readonly digest: string;
}

const CERT = 'TLS_CERT_FILE';
const KEY = 'TLS_KEY_FILE';

function invalid(name: string, sentence: string, cause?: unknown): AppError {
  return new AppError('invalid', `${name} ${sentence}.`, { field: name, cause });
}

function textOf(path: string, name: string): string {
  const text = readSecretFile(path, name);
  if (text === null) throw invalid(name, `names an empty file (${path})`);
  return text;
}

function certificateOf(cert: string, path: string): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch (error) {
    throw invalid(CERT, `names a file that holds no certificate in PEM (${path})`, error);
  }
}

function requireTime({ validFrom, validTo }: X509Certificate, now: Date): void {
  const [from, to] = [new Date(validFrom), new Date(validTo)];
  if (now < from) throw invalid(CERT, `holds a certificate that begins at ${from.toISOString()}`);
  if (now >= to) throw invalid(CERT, `holds a certificate that ended at ${to.toISOString()}`);
}

function requireKeyOf(certificate: X509Certificate, key: string, path: string): void {
  let fits: boolean;
  try {
    fits = certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    // What was wrong with it is not told: it is a key.
    throw invalid(KEY, `names a file that holds no key in PEM without a passphrase (${path})`);
  }
  if (!fits) throw invalid(KEY, `holds another key than that of the certificate (${path})`);
}

/**
 * Certificate and key of our server, read now. Raises `invalid`, naming the variable: a file that is missing or cannot be read, no
 * certificate, no key, a key of another certificate, a certificate that does not hold yet or any more.
 */
export function readTlsFiles({ certFile, keyFile }: TlsFiles, now: Date): TlsPair {
  const cert = textOf(certFile, CERT);
  const certificate = certificateOf(cert, certFile);
  requireTime(certificate, now);
  const key = textOf(keyFile, KEY);
  requireKeyOf(certificate, key, keyFile);
  return { cert, key, certificate, digest: sha256Hex(`${cert}\n${key}`) };
}
