import { createHash, createVerify } from 'node:crypto';

/** RFC 6376 §3.4.2: one header field, relaxed. */
function relaxedField(field: string): string {
  const colon = field.indexOf(':');
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ');
  return `${field.slice(0, colon).toLowerCase().trim()}:${value.trim()}`;
}

/** RFC 6376 §3.4.4: a body, relaxed. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`;
}

function tagsOf(field: string): Readonly<Record<string, string>> {
  const pairs = field
    .slice(field.indexOf(':') + 1)
    .split(';')
    .map((tag): [string, string] => {
      const [name = '', ...value] = tag.split('=');
      return [name.trim(), value.join('=').replace(/\s+/g, '')];
    });
  return Object.fromEntries(pairs);
}

/**
 * Whether a receiver takes the one DKIM signature of a mail (relaxed/relaxed, rsa-sha256) for this domain and public key. `raw` is the
 * mail as it came, one character a byte.
 */
export function verifiesDkim(
  raw: string,
  signer: { readonly domain: string; readonly publicKey: string },
): boolean {
  const split = raw.indexOf('\r\n\r\n');
  const fields = raw.slice(0, split).split(/\r\n(?![ \t])/);
  const signature = fields.find((field) => /^dkim-signature:/i.test(field));
  if (signature === undefined) return false;
  const tags = tagsOf(signature);
  const hash = createHash('sha256').update(relaxedBody(raw.slice(split + 4)), 'latin1');
  if (tags['d'] !== signer.domain || tags['bh'] !== hash.digest('base64')) return false;
  const signed = (tags['h'] ?? '').split(':').flatMap((name) => {
    const field = fields.findLast((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`));
    return field === undefined ? [] : [`${relaxedField(field)}\r\n`];
  });
  const own = relaxedField(signature.replace(/(\bb=)[^;]*$/, '$1'));
  const check = createVerify('RSA-SHA256').update(`${signed.join('')}${own}`, 'latin1');
  return check.verify(signer.publicKey, tags['b'] ?? '', 'base64');
}
