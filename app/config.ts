import { resolve } from 'node:path';
import { isLoopback } from '../domain/loopback.ts';
import { cacheFolder } from './cache-folder.ts';
import { given, invalidSetting, readSecret, type Environment } from './environment.ts';
import { VARIABLES } from './environment-schema.ts';
import type { IssuerSettings } from '../api/issuer.ts';
import { CALLBACK_PATH } from '../render/sign-in-page.ts';
import { dkimKeyProblem } from '../connectors/mail/dkim.ts';
import type { DkimSettings, MailSettings } from './mail-settings.ts';
import type { SlackSettings, SlackWay } from './slack-settings.ts';
import type { TlsFiles } from './tls-files.ts';
import type { Variable } from './variable.ts';

/** Where the value of a setting came from. */
export type SettingSource = 'flag' | 'environment' | 'file' | 'default';

/** One setting as it may be shown to people. */
export interface ShownSetting {
  readonly name: string;
  /** The value, `(secret)`, or null when it is off. */
  readonly value: string | null;
  readonly source: SettingSource;
}

/** What a process is started with, checked. */
export interface Config {
  /** Null: run an embedded Postgres. */
  readonly databaseUrl: string | null;
  /** Absolute. */
  readonly dataDir: string;
  readonly cacheDir: string;
  /** Absolute; null when it is the one in the data folder. */
  readonly haltFile: string | null;
  /** Absolute; null when there is none. */
  readonly configFile: string | null;
  readonly host: string;
  readonly port: number;
  readonly baseUrl: string | null;
  readonly trustProxy: boolean;
  /** Certificate and key of our own server; null: it speaks plain HTTP. */
  readonly tls: TlsFiles | null;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  readonly taskQueue: string;
  /** Seconds between two looks at registries and clusters; 0: none. */
  readonly syncEverySeconds: number;
  readonly temporalCliPath: string | null;
  /** PATH, to look for the Temporal CLI. */
  readonly searchPath: string;
  readonly slack: Omit<SlackSettings, 'channel'> | null;
  readonly mail: MailSettings | null;
  /** Null: people sign in with passwords of our own alone. */
  readonly issuer: IssuerSettings | null;
  /** Every setting with its source; secrets are not in it. */
  readonly shown: readonly ShownSetting[];
}

/** Where settings are looked for, first match wins: flags, environment, configuration file. */
export interface ConfigSources {
  /** By variable name: `{ PORT: '8080' }` for `--port 8080`. */
  readonly flags?: Environment;
  readonly environment: Environment;
  /** The part `settings` of the configuration file, by variable name; it may hold no secret. */
  readonly file?: Environment;
  /** Relative paths start here. Default: the present folder. */
  readonly folder?: string;
}

/** Reads variables one by one and keeps what was found for `shown`. */
class Reader {
  readonly shown: ShownSetting[] = [];
  private readonly sources: ConfigSources;

  constructor(sources: ConfigSources) {
    this.sources = sources;
  }

  /** The setting, or null when nothing gives it. Raises `invalid`, naming the variable. */
  optional<T>(variable: Variable<T>): T | null {
    const found = this.find(variable);
    const value = found.value === null ? null : variable.secret ? '(secret)' : found.value;
    this.shown.push({ name: variable.name, value, source: found.source });
    if (found.value === null) return null;
    const parsed = variable.schema.safeParse(found.value);
    if (parsed.success) return parsed.data;
    // The issue speaks about the rule only: the value may be a secret.
    throw invalidSetting(variable.name, parsed.error.issues[0]?.message ?? 'is not valid');
  }

  /** As `optional`, for a setting that has a default. */
  required<T>(variable: Variable<T>): T {
    const value = this.optional(variable);
    if (value === null) throw invalidSetting(variable.name, 'is not set');
    return value;
  }

  private find(variable: Variable<unknown>): { value: string | null; source: SettingSource } {
    const { flags, environment, file } = this.sources;
    const { name, secret } = variable;
    const flag = given(flags, name);
    if (flag !== null) return { value: flag, source: 'flag' };
    const fromEnvironment = secret ? readSecret(environment, name) : given(environment, name);
    if (fromEnvironment !== null) return { value: fromEnvironment, source: 'environment' };
    const fromFile = given(file, name);
    if (fromFile !== null && secret) {
      throw invalidSetting(
        name,
        `is a secret and may not stand in the configuration file; use ${name} or ${name}_FILE`,
      );
    }
    if (fromFile !== null) return { value: fromFile, source: 'file' };
    return { value: variable.fallback, source: 'default' };
  }
}

/** How Slack reaches us; null when it does not. Both ways at once would be answered on one alone. */
function readSlackWay(reader: Reader): SlackWay | null {
  const appToken = reader.optional(VARIABLES.slackAppToken);
  const signingSecret = reader.optional(VARIABLES.slackSigningSecret);
  if (appToken !== null && signingSecret !== null) {
    throw invalidSetting(
      'SLACK_SIGNING_SECRET',
      'is for requests over HTTP, SLACK_APP_TOKEN for Socket Mode: Slack uses one of them, set that one',
    );
  }
  if (appToken !== null) return { kind: 'socket', appToken };
  return signingSecret === null ? null : { kind: 'http', signingSecret };
}

function readSlack(reader: Reader): Config['slack'] {
  const botToken = reader.optional(VARIABLES.slackBotToken);
  const way = readSlackWay(reader);
  const apiUrl = reader.optional(VARIABLES.slackApiUrl);
  if (botToken === null) {
    if (way === null) return null;
    const other = way.kind === 'socket' ? 'SLACK_APP_TOKEN' : 'SLACK_SIGNING_SECRET';
    throw invalidSetting('SLACK_BOT_TOKEN', `is needed with ${other}`);
  }
  if (apiUrl !== null && isPlain(apiUrl, 'http:')) {
    throw invalidSetting(
      'SLACK_API_URL',
      'would send the token unencrypted over the network; use https',
    );
  }
  return { botToken, way, apiUrl };
}

function isPlain(address: string, protocol: string): boolean {
  const parsed = new URL(address);
  return parsed.protocol === protocol && !isLoopback(parsed.hostname);
}

/** Who signs our mail; null when nobody does here. A key that cannot sign stops the start: mail would go out unsigned. */
function readDkim(reader: Reader): DkimSettings | null {
  const domain = reader.optional(VARIABLES.mailDkimDomain);
  const selector = reader.optional(VARIABLES.mailDkimSelector);
  const privateKey = reader.optional(VARIABLES.mailDkimKey);
  if (domain === null && selector === null && privateKey === null) return null;
  if (domain === null) throw invalidSetting('MAIL_DKIM_DOMAIN', 'is needed to sign mail');
  if (selector === null)
    throw invalidSetting('MAIL_DKIM_SELECTOR', 'is needed with MAIL_DKIM_DOMAIN');
  if (privateKey === null) throw invalidSetting('MAIL_DKIM_KEY', 'is needed with MAIL_DKIM_DOMAIN');
  const problem = dkimKeyProblem(privateKey);
  if (problem !== null) throw invalidSetting('MAIL_DKIM_KEY', problem);
  return { domain, selector, privateKey };
}

function readMail(reader: Reader): Config['mail'] {
  const url = reader.optional(VARIABLES.smtpUrl);
  const caFile = reader.optional(VARIABLES.smtpCaFile);
  const from = reader.optional(VARIABLES.mailFrom);
  const dkim = readDkim(reader);
  if (url === null) return null;
  if (from === null) throw invalidSetting('MAIL_FROM', 'is needed with SMTP_URL');
  return { url, from, caFile, dkim };
}

/** Where people sign in besides our own accounts; it sends them back to `BASE_URL`. */
function readIssuer(reader: Reader, baseUrl: string | null): IssuerSettings | null {
  const issuer = reader.optional(VARIABLES.oidcIssuer);
  const clientId = reader.optional(VARIABLES.oidcClientId);
  const clientSecret = reader.optional(VARIABLES.oidcClientSecret);
  if (issuer === null) {
    if (clientId === null && clientSecret === null) return null;
    throw invalidSetting('OIDC_ISSUER', 'is needed with OIDC_CLIENT_ID and OIDC_CLIENT_SECRET');
  }
  if (clientId === null) throw invalidSetting('OIDC_CLIENT_ID', 'is needed with OIDC_ISSUER');
  if (clientSecret === null)
    throw invalidSetting('OIDC_CLIENT_SECRET', 'is needed with OIDC_ISSUER');
  if (baseUrl === null || isPlain(baseUrl, 'http:')) {
    throw invalidSetting(
      'BASE_URL',
      'must be an https address: OIDC_ISSUER sends people back there',
    );
  }
  return { issuer, clientId, clientSecret, redirectUri: `${baseUrl}${CALLBACK_PATH}` };
}

/** Where certificate and key of our own server stand; null when a proxy ends TLS, or nobody. */
function readTls(reader: Reader, folder: string): TlsFiles | null {
  const cert = reader.optional(VARIABLES.tlsCertFile);
  const key = reader.optional(VARIABLES.tlsKeyFile);
  if (cert === null && key === null) return null;
  if (cert === null) throw invalidSetting('TLS_CERT_FILE', 'is needed with TLS_KEY_FILE');
  if (key === null) throw invalidSetting('TLS_KEY_FILE', 'is needed with TLS_CERT_FILE');
  return { certFile: resolve(folder, cert), keyFile: resolve(folder, key) };
}

function checkExposure({
  host,
  trustProxy,
  tls,
}: Pick<Config, 'host' | 'trustProxy' | 'tls'>): void {
  // What BASE_URL says is only what links say: nothing of it encrypts what comes in here.
  if (isLoopback(host) || trustProxy || tls !== null) return;
  throw invalidSetting(
    'HOST',
    `opens the server to the network (${host}) where tokens would travel unencrypted; set TLS_CERT_FILE and TLS_KEY_FILE, or FIREBREAK_TRUST_PROXY=1 behind a proxy that ends TLS, or keep 127.0.0.1`,
  );
}

/**
 * The settings of a process: flag, then environment, then configuration file, then default. Raises
 * `invalid`, naming the variable, for a value that does not parse, a secret in the configuration
 * file, and for every combination that would be insecure; the value itself is never in the message.
 */
export function readConfig(sources: ConfigSources): Config {
  const reader = new Reader(sources);
  const folder = sources.folder ?? process.cwd();
  const databaseUrl = reader.optional(VARIABLES.databaseUrl);
  const dataDir = resolve(folder, reader.required(VARIABLES.dataDir));
  const haltFile = reader.optional(VARIABLES.haltFile);
  const configFile = reader.optional(VARIABLES.configFile);
  const host = reader.required(VARIABLES.host);
  const port = reader.required(VARIABLES.port);
  const baseUrl = reader.optional(VARIABLES.baseUrl);
  const trustProxy = reader.required(VARIABLES.trustProxy);
  const tls = readTls(reader, folder);
  checkExposure({ host, trustProxy, tls });
  return {
    databaseUrl,
    dataDir,
    cacheDir: cacheFolder(sources.environment),
    haltFile: haltFile === null ? null : resolve(folder, haltFile),
    configFile: configFile === null ? null : resolve(folder, configFile),
    host,
    port,
    baseUrl,
    trustProxy,
    tls,
    logLevel: reader.required(VARIABLES.logLevel),
    taskQueue: reader.required(VARIABLES.taskQueue),
    syncEverySeconds: reader.required(VARIABLES.syncSeconds),
    temporalCliPath: reader.optional(VARIABLES.temporalCliPath),
    searchPath: given(sources.environment, 'PATH') ?? '',
    slack: readSlack(reader),
    mail: readMail(reader),
    issuer: readIssuer(reader, baseUrl),
    shown: reader.shown,
  };
}

/** Which server the commands talk to, and with whose token (null: none given). */
export function readClientConfig(sources: ConfigSources): {
  readonly url: string;
  readonly token: string | null;
} {
  const reader = new Reader(sources);
  const url = reader.required(VARIABLES.clientUrl);
  const token = reader.optional(VARIABLES.clientToken);
  if (token !== null && isPlain(url, 'http:')) {
    throw invalidSetting(
      'FIREBREAK_URL',
      'would send your token unencrypted over the network; use https',
    );
  }
  return { url, token };
}
