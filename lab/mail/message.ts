/** A mail as a receiver shows it. */
export interface ReceivedMail {
  readonly from: string;
  /** Envelope recipients that were accepted. */
  readonly to: readonly string[];
  /** Whether it came over TLS. */
  readonly secure: boolean;
  /** Header fields by lower-case name, unfolded and decoded; the last of a name wins. */
  readonly headers: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly messageId: string;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** The body or its plain part, decoded. */
  readonly text: string;
  /** The HTML part, decoded; null when there is none. */
  readonly html: string | null;
  /** As it came over the wire. */
  readonly raw: string;
}

function decodeQuotedPrintable(text: string, underscores: boolean): Buffer {
  const joined = text.replace(/=\r?\n/g, '');
  const spaced = underscores ? joined.replaceAll('_', ' ') : joined;
  const bytes: number[] = [];
  for (let at = 0; at < spaced.length; at += 1) {
    const coded = /^=([0-9A-Fa-f]{2})/.exec(spaced.slice(at, at + 3))?.[1];
    bytes.push(coded === undefined ? spaced.charCodeAt(at) : Number.parseInt(coded, 16));
    if (coded !== undefined) at += 2;
  }
  return Buffer.from(bytes);
}

/** Decodes `=?utf-8?Q?…?=` and `=?utf-8?B?…?=`. */
function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(=\?)/g, '$1$2')
    .replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_all, kind: string, coded: string) =>
      (kind.toLowerCase() === 'b'
        ? Buffer.from(coded, 'base64')
        : decodeQuotedPrintable(coded, true)
      ).toString('utf8'),
    );
}

function decodeBody(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(body, false).toString('utf8');
  return body;
}

interface Entity {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Header fields and body of a mail or of one part of it. */
function splitEntity(raw: string): Entity {
  const split = raw.indexOf('\r\n\r\n');
  const head = split < 0 ? raw : raw.slice(0, split);
  const headers: Record<string, string> = {};
  for (const line of head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0)
      headers[line.slice(0, colon).toLowerCase()] = decodeWords(line.slice(colon + 1).trim());
  }
  return { headers, body: split < 0 ? '' : raw.slice(split + 4) };
}

/** The parts of a multipart body; the mail itself when it has one body. */
function partsOf(mail: Entity): readonly Entity[] {
  const type = mail.headers['content-type'] ?? '';
  const [, quoted, bare] = /^multipart\/.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return [mail];
  return `\r\n${mail.body}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => splitEntity(part.replace(/^\r\n/, '')));
}

function isOfType({ headers }: Entity, type: string): boolean {
  return (headers['content-type'] ?? 'text/plain').toLowerCase().startsWith(type);
}

function decoded({ headers, body }: Entity): string {
  const encoding = (headers['content-transfer-encoding'] ?? '').toLowerCase();
  return decodeBody(body, encoding).replace(/\r?\n$/, '');
}

/** Reads a mail of one text, with or without the same in HTML, from its bytes. */
export function parseMail(
  raw: string,
  envelope: Pick<ReceivedMail, 'from' | 'to' | 'secure'>,
): ReceivedMail {
  const mail = splitEntity(raw);
  const { headers } = mail;
  const { 'message-id': messageId = '', references = '', subject = '' } = headers;
  const parts = partsOf(mail);
  const plain = parts.find((part) => isOfType(part, 'text/plain'));
  const markup = parts.find((part) => isOfType(part, 'text/html'));
  return {
    ...envelope,
    headers,
    subject,
    messageId,
    inReplyTo: headers['in-reply-to'] ?? null,
    references: references.split(/\s+/).filter((id) => id !== ''),
    text: plain === undefined ? '' : decoded(plain),
    html: markup === undefined ? null : decoded(markup),
    raw,
  };
}
