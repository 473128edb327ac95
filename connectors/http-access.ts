import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';
import { createTokenSource, type TokenSource } from './client-credentials.ts';
import type { HttpAccessConfig } from './http-access-config.ts';
import { createTransport, type Send, type Tls, type Transport } from './http-transport.ts';
import type { HttpClientOptions } from './http.ts';
import { readTokenFile } from './token-file.ts';

/** What of a client's options follows from its configuration; hand it to `createHttpClient`, which closes it. */
export type HttpAccess = Required<
  Pick<HttpClientOptions, 'baseUrl' | 'headers' | 'refused' | 'secrets' | 'send' | 'released'>
>;

/** Renewed credentials that are kept out of messages beside those of the configuration. */
const RENEWED_MAX = 20;

/** Adds a secret to a list that keeps its first `fixed` ones and, of those after them, the newest. */
export function rememberSecret(secrets: string[], secret: string | undefined, fixed = 0): void {
  if (secret === undefined || secret === '' || secrets.includes(secret)) return;
  secrets.push(secret);
  if (secrets.length > fixed + RENEWED_MAX) secrets.splice(fixed, 1);
}

/** The PEM that a field names. Raises `invalid`, naming the field. */
async function readPem(path: string, field: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AppError('invalid', `The file ${path} cannot be read.`, { field, cause: error });
  }
}

/** Files of a TLS connection, read each time: renewed certificates are used without a restart. */
async function readTls(
  files: Pick<HttpAccessConfig, 'caFile' | 'certFile' | 'keyFile'>,
): Promise<Tls> {
  const { caFile, certFile, keyFile } = files;
  return {
    ...(caFile === undefined ? {} : { ca: await readPem(caFile, 'caFile') }),
    ...(certFile === undefined ? {} : { cert: await readPem(certFile, 'certFile') }),
    ...(keyFile === undefined ? {} : { key: await readPem(keyFile, 'keyFile') }),
  };
}

type TlsFiles = Parameters<typeof readTls>[0];

/** Sends over the transport with what the files hold now. */
function sendWith(transport: Transport, files: TlsFiles): Send {
  if (Object.values(files).every((file) => file === undefined)) return transport.send;
  return async (url, request) => {
    transport.use(await readTls(files));
    return transport.send(url, request);
  };
}

function basicOf(config: HttpAccessConfig): string | undefined {
  const { username, password } = config;
  if (username === undefined || password === undefined) return undefined;
  return Buffer.from(`${username}:${password}`).toString('base64');
}

interface Identity {
  readonly authorization: () => Promise<string | undefined>;
  readonly refused: (headers: Headers) => void;
  readonly close: () => Promise<void>;
}

const nothing = (): undefined => undefined;
const STATIC = { refused: nothing, close: () => Promise.resolve() };

function identityOfClient(source: TokenSource, transport: Transport): Identity {
  return {
    authorization: async () => `Bearer ${await source.token()}`,
    refused: (headers) => {
      source.refused((headers.get('authorization') ?? '').replace(/^Bearer /, ''));
    },
    close: async () => {
      await source.close();
      await transport.close();
    },
  };
}

function identityOf(config: HttpAccessConfig, name: string, secrets: string[]): Identity {
  const { token, tokenFile, oauth2, proxy } = config;
  const fixed = secrets.length;
  const remember = (secret: string): void => {
    rememberSecret(secrets, secret, fixed);
  };
  if (oauth2 !== undefined) {
    const transport = createTransport(proxy);
    const send = sendWith(transport, { caFile: oauth2.caFile });
    const now = (): number => performance.now();
    const source = createTokenSource({ name, client: oauth2, send, remember, now });
    return identityOfClient(source, transport);
  }
  if (tokenFile !== undefined) {
    const read = async (): Promise<string> => {
      const renewed = await readTokenFile(tokenFile);
      remember(renewed);
      return `Bearer ${renewed}`;
    };
    return { ...STATIC, authorization: read };
  }
  const basic = basicOf(config);
  const bearer = token === undefined ? undefined : `Bearer ${token}`;
  const authorization = basic === undefined ? bearer : `Basic ${basic}`;
  return { ...STATIC, authorization: () => Promise.resolve(authorization) };
}

/** The texts of a configuration that no message may contain. */
function secretsOf(config: HttpAccessConfig): string[] {
  const { token, password, oauth2, proxy } = config;
  const secrets: string[] = [];
  for (const secret of [token, password, basicOf(config), oauth2?.clientSecret]) {
    if (secret !== undefined) secrets.push(secret);
  }
  const proxyPassword = proxy === undefined ? '' : new URL(proxy).password;
  if (proxyPassword !== '') secrets.push(decodeURIComponent(proxyPassword), proxyPassword);
  return secrets;
}

/**
 * Opens one way to one system: who we are (token, file, login, OAuth 2.0 client), whom we trust, our certificate, the
 * proxy. Reads nothing yet; requests raise `unauthorized` without a credential, `invalid` naming a file that is missing.
 */
export function openHttpAccess(config: HttpAccessConfig, name: string): HttpAccess {
  const { caFile, certFile, keyFile, proxy } = config;
  const secrets = secretsOf(config);
  const identity = identityOf(config, name, secrets);
  const transport = createTransport(proxy);
  return {
    baseUrl: config.url,
    headers: async () => {
      const authorization = await identity.authorization();
      return authorization === undefined ? {} : { authorization };
    },
    refused: identity.refused,
    secrets,
    send: sendWith(transport, { caFile, certFile, keyFile }),
    released: async () => {
      await identity.close();
      await transport.close();
    },
  };
}
