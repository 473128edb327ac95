import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, both PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Who signs: a certificate of its own name. */
export interface Authority extends IssuedCertificate {
  readonly commonName: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTF8 = 0x0c;
const UTC_TIME = 0x17;
const BOOLEAN_TRUE = Buffer.from([0x01, 0x01, 0xff]);
const HOUR_MS = 3_600_000;
/** A day: a certificate of the lab lives as long as a test. */
const LIFETIME_MS = 24 * HOUR_MS;

/** One DER value: tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.from([length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from([tag, 0x82]), size, content]);
}

function oid(hex: string): Buffer {
  return der(OID, Buffer.from(hex, 'hex'));
}

/** ecdsa-with-SHA256. */
const ALGORITHM = der(SEQUENCE, oid('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const ALTERNATIVE_NAME = '551d11';

function nameOf(commonName: string): Buffer {
  const attribute = der(SEQUENCE, oid(COMMON_NAME), der(UTF8, Buffer.from(commonName)));
  return der(SEQUENCE, der(SET, attribute));
}

function timeOf(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return der(UTC_TIME, Buffer.from(text.slice(2)));
}

/** An authority may sign; anything else is good for 127.0.0.1. */
function extensionsOf(isAuthority: boolean): Buffer {
  const extension = isAuthority
    ? der(
        SEQUENCE,
        oid(BASIC_CONSTRAINTS),
        BOOLEAN_TRUE,
        der(OCTET_STRING, der(SEQUENCE, BOOLEAN_TRUE)),
      )
    : der(
        SEQUENCE,
        oid(ALTERNATIVE_NAME),
        der(OCTET_STRING, der(SEQUENCE, der(0x87, Buffer.from([127, 0, 0, 1])))),
      );
  return der(0xa3, der(SEQUENCE, extension));
}

function pemOf(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

function issue(commonName: string, signer: Authority | null): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);
  const now = Date.now();
  const body = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    ALGORITHM,
    nameOf(signer?.commonName ?? commonName),
    der(SEQUENCE, timeOf(now - HOUR_MS), timeOf(now + LIFETIME_MS)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    extensionsOf(signer === null),
  );
  const signature = sign('sha256', body, signer ? createPrivateKey(signer.key) : privateKey);
  const bits = der(BIT_STRING, Buffer.from([0]), signature);
  return {
    cert: pemOf('CERTIFICATE', der(SEQUENCE, body, ALGORITHM, bits)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A new authority that signed itself. */
export function createAuthority(commonName: string): Authority {
  return { commonName, ...issue(commonName, null) };
}

/** A certificate for a server on 127.0.0.1 or for a client of that name. */
export function issueCertificate(authority: Authority, commonName: string): IssuedCertificate {
  return issue(commonName, authority);
}
