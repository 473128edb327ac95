import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

const BITS_MIN = 1024;

function keyOf(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    // What was wrong with it may hold a part of the key: it is told as unreadable.
    return null;
  }
}

/** Why mail cannot be signed with this key, as the end of a sentence; null for an RSA key in PEM that is long enough. */
export function dkimKeyProblem(pem: string): string | null {
  const key = keyOf(pem);
  if (key === null) return 'holds no private key in PEM without a passphrase';
  if (key.asymmetricKeyType !== 'rsa')
    return 'holds no RSA key, the one kind that mail is signed with';
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return bits < BITS_MIN
    ? `holds an RSA key of ${bits.toString()} bits; receivers want ${BITS_MIN.toString()} or more`
    : null;
}

/** The public half as the TXT record `selector._domainkey.domain` holds it after `p=`. Raises what a wrong key raises. */
export function dkimPublicKey(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64');
}
