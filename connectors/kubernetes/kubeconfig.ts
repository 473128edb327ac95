import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import {
  createCredentialCommand,
  commandSection,
  type CommandCredential,
} from './credential-command.ts';
import type { KubernetesConfig } from './manifest.ts';
import type { Tls } from '../http-transport.ts';
import { readTokenFile } from '../token-file.ts';

/** How one request is let in. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  /** What of the headers no message may show. */
  readonly secret: string | undefined;
  readonly tls: Tls;
}

/** The chosen context of a kubeconfig. */
export interface KubeconfigAccess {
  readonly server: string;
  /** `proxy-url` of the cluster; undefined without one. */
  readonly proxy: string | undefined;
  /** Asked before each request: files are read again, commands when their answer expires. Raises `unauthorized`. */
  credential(): Promise<Credential>;
}

type FileConfig = Extract<KubernetesConfig, { readonly kubeconfig: string }>;

/** What the library leaves out: it knows no `tokenFile` and runs commands without a deadline. */
const userSection = z.looseObject({
  tokenFile: z.string().min(1).nullish(),
  exec: commandSection.nullish(),
  'as-groups': z.unknown().optional(),
  'as-uid': z.unknown().optional(),
  'as-user-extra': z.unknown().optional(),
});
type UserSection = z.infer<typeof userSection>;

const fileSections = z.looseObject({
  users: z.array(z.looseObject({ name: z.string(), user: userSection.nullish() })).nullish(),
});

/** Who one is when another is impersonated; to leave them out would be to act with other rights. */
const UNSUPPORTED_FIELDS = ['as-groups', 'as-uid', 'as-user-extra'] as const;
const ANONYMOUS: User = { name: 'anonymous' };

interface Sections {
  readonly loaded: KubeConfig;
  readonly users: ReadonlyMap<string, UserSection>;
}

async function readSections(path: string): Promise<Sections> {
  const { KubeConfig: Loader } = await import('@kubernetes/client-node');
  const loaded = new Loader();
  try {
    const text = await readFile(path, 'utf8');
    loaded.loadFromString(text);
    loaded.makePathsAbsolute(dirname(path));
    const { users } = fileSections.parse(parse(text));
    return { loaded, users: new Map(users?.map(({ name, user }) => [name, user ?? {}])) };
  } catch {
    // The original error may quote the file, which holds credentials: it is not kept.
    throw new AppError('invalid', `The kubeconfig ${path} cannot be read.`, {
      field: 'kubeconfig',
    });
  }
}

function wrong(config: FileConfig, what: string): AppError {
  const message = `The kubeconfig ${config.kubeconfig} ${what}.`;
  return new AppError('invalid', message, { field: 'kubeconfig' });
}

function unsupported(config: FileConfig, field: string): AppError {
  const message = `The kubeconfig ${config.kubeconfig} uses ${field}, which is not supported.`;
  return new AppError('unsupported', message, { field: 'kubeconfig' });
}

/** Proxies of the kit; SOCKS is not among them. */
function isProxy(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

interface Chosen {
  readonly cluster: Cluster;
  readonly user: User;
}

/** The cluster and the user of the context; a context without a user is anonymous. */
function chosenOf(config: FileConfig, loaded: KubeConfig): Chosen {
  const name: string | undefined = config.context ?? loaded.getCurrentContext();
  if (!name) throw wrong(config, 'names no current context');
  const context = loaded.getContextObject(name);
  if (context === null) throw wrong(config, `has no context ${name}`);
  const cluster = loaded.getCluster(context.cluster);
  if (cluster === null) throw wrong(config, `names no cluster for the context ${name}`);
  if (!URL.canParse(cluster.server)) throw wrong(config, 'names a server that is not an address');
  if (cluster.proxyUrl && !isProxy(cluster.proxyUrl)) throw unsupported(config, 'this proxy-url');
  const user: User | null = context.user ? loaded.getUser(context.user) : ANONYMOUS;
  if (user === null) throw wrong(config, `names no user for the context ${name}`);
  return { cluster, user };
}

/** The library with the chosen context only, and without what is done here. */
function narrowed(loaded: KubeConfig, { cluster, user }: Chosen): KubeConfig {
  const plain = cluster.server.startsWith('http://');
  loaded.loadFromOptions({
    // The library refuses plain http unless TLS verification is off, where there is no TLS to verify.
    clusters: [{ ...cluster, ...(plain ? { skipTLSVerify: true } : {}), proxyUrl: undefined }],
    users: [{ ...user, exec: undefined }],
    contexts: [{ name: 'chosen', cluster: cluster.name, user: user.name }],
    currentContext: 'chosen',
  });
  return loaded;
}

/** The options of one request as the kubeconfig's user wants them: headers, certificates. */
async function applied(kubeconfig: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  try {
    await kubeconfig.applyToHTTPSOptions(options);
  } catch {
    // The error of a login may quote a credential: the cause is not kept.
    throw new AppError('unauthorized', 'The credential of the kubeconfig cannot be had.', {
      permission: 'a valid credential',
    });
  }
  return options;
}

function headerOf(options: RequestOptions, name: string): string | undefined {
  const value: unknown = new Map(Object.entries(options.headers ?? {})).get(name);
  return typeof value === 'string' ? value : undefined;
}

/** The authorization of a request: a token of ours first, as kubectl prefers it, then the library's. */
function authorizationOf(
  options: RequestOptions,
  token: string | undefined,
): Pick<Credential, 'headers' | 'secret'> {
  if (token !== undefined) return { headers: { authorization: `Bearer ${token}` }, secret: token };
  if (typeof options.auth === 'string') {
    const secret = Buffer.from(options.auth).toString('base64');
    return { headers: { authorization: `Basic ${secret}` }, secret };
  }
  const authorization = headerOf(options, 'Authorization');
  if (authorization === undefined) return { headers: {}, secret: undefined };
  return { headers: { authorization }, secret: authorization.replace(/^Bearer\s+/i, '') };
}

/** A value of the options that Node takes as PEM: text or bytes, never a list. */
function pem(value: unknown): string | Buffer | undefined {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;
}

function tlsOf(options: RequestOptions, command: CommandCredential | undefined): Tls {
  const ca = pem(options.ca);
  const cert = command?.clientCertificateData ?? pem(options.cert);
  const key = command?.clientKeyData ?? pem(options.key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ...(options.rejectUnauthorized === false ? { rejectUnauthorized: false } : {}),
  };
}

/**
 * Reads a kubeconfig and chooses its context. Raises `invalid` for a file that cannot be read or lacks what the context
 * names, `unsupported` for what would be left out (`proxy-url` of SOCKS, `as-groups`, `as-uid`, `as-user-extra`).
 */
export async function openKubeconfig(config: FileConfig): Promise<KubeconfigAccess> {
  const { loaded, users } = await readSections(config.kubeconfig);
  const chosen = chosenOf(config, loaded);
  const { exec, tokenFile, ...section } = users.get(chosen.user.name) ?? {};
  const refused = UNSUPPORTED_FIELDS.find((field) => section[field] !== undefined);
  if (refused !== undefined) throw unsupported(config, refused);
  const folder = dirname(config.kubeconfig);
  const command = exec ? createCredentialCommand(exec, folder) : undefined;
  const kubeconfig = narrowed(loaded, chosen);
  return {
    server: chosen.cluster.server,
    proxy: chosen.cluster.proxyUrl === '' ? undefined : chosen.cluster.proxyUrl,
    credential: async () => {
      const options = await applied(kubeconfig);
      const said = await command?.();
      const fromFile = tokenFile ? await readTokenFile(resolve(folder, tokenFile)) : undefined;
      const { headers, secret } = authorizationOf(options, fromFile ?? said?.token ?? undefined);
      const impersonated = headerOf(options, 'Impersonate-User');
      return {
        headers: {
          ...headers,
          ...(impersonated === undefined ? {} : { 'impersonate-user': impersonated }),
        },
        secret,
        tls: tlsOf(options, said),
      };
    },
  };
}
