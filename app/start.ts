import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino, { type Logger } from 'pino';
import { DEFAULT_CAPS } from '../domain/cap.ts';
import {
  DEFAULT_CHANGE_DELAY_SECONDS,
  DEFAULT_STORM,
  type Configuration,
} from '../domain/configuration.ts';
import type { Credential } from '../domain/credential.ts';
import { AppError } from '../domain/error.ts';
import { readConfigurationFile } from './config-file.ts';
import { readConfig, type Config } from './config.ts';
import { environmentWithFile, type Environment } from './environment.ts';
import { configurationReferences, PLAYBOOKS_DIR } from './configuration-references.ts';
import { startFirebreak, type Firebreak } from './firebreak.ts';
import type { ProcessRole } from './firebreak-settings.ts';
import type { SlackSettings } from './slack-settings.ts';
import { readTemporalConnection } from './temporal-connection.ts';

/** Flags of `firebreak start`; everything else comes from environment and file. */
export interface StartOptions {
  readonly role?: ProcessRole;
  /** The credentials that this process has as a worker; all of them by default. */
  readonly credentials?: readonly Credential[];
  readonly host?: string;
  readonly port?: number;
  readonly dataDir?: string;
  readonly config?: string;
  /** Folder of the playbooks; those beside the program by default. */
  readonly playbooksDir?: string;
  /** Ends the process's work: called when something that cannot be healed failed. */
  readonly onFailure: (error: Error) => void;
}

/** The configuration of an installation that nobody has configured yet: it observes, and knows no system. */
export const EMPTY_CONFIGURATION: Configuration = {
  instances: [],
  sources: [],
  inventory: [],
  selectionRules: [],
  routes: [],
  storm: DEFAULT_STORM,
  caps: DEFAULT_CAPS,
  people: [],
  changeDelaySeconds: DEFAULT_CHANGE_DELAY_SECONDS,
  heartbeatUrl: null,
  slackChannel: null,
  slackIncidentChannels: 'none',
  mailTo: [],
  digest: null,
  updates: [],
};

function flagsOf(options: StartOptions): Environment {
  return {
    HOST: options.host,
    PORT: options.port?.toString(),
    FIREBREAK_DATA_DIR: options.dataDir,
    FIREBREAK_CONFIG: options.config,
  };
}

const LOG_REDACTED = ['req.headers', 'headers', '*.token', '*.password', '*.taskToken'];

/** A log of JSON lines, on standard error or into a file; nothing of a request's headers is in it. */
export function createLog(level: Config['logLevel'], file?: string): Logger {
  const destination = file === undefined ? { fd: 2, sync: false } : { dest: file, sync: false };
  return pino({ level, redact: LOG_REDACTED, base: null }, pino.destination(destination));
}

/** The program's version, from its package. */
export async function programVersion(): Promise<string> {
  for (const folder of [join(import.meta.dirname, '..'), join(import.meta.dirname, '..', '..')]) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    const version: unknown =
      typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : null;
    if (typeof version === 'string') return version;
  }
  return 'unknown';
}

async function configurationOf(
  path: string,
  environment: Environment,
  playbooksDir: string,
): Promise<Configuration> {
  return readConfigurationFile(path, await configurationReferences(environment, playbooksDir));
}

function slackOf(config: Config, configuration: Configuration): SlackSettings | null {
  const { slack } = config;
  const { slackChannel } = configuration;
  if (slack === null || slackChannel === null) return null;
  return { ...slack, channel: slackChannel };
}

/**
 * Starts Firebreak on embedded defaults or on what the environment names. Raises `invalid` naming the variable, or
 * file, line and column, before anything is started.
 */
export async function start(options: StartOptions): Promise<Firebreak> {
  if (options.role === 'api' && options.credentials !== undefined) {
    const message = 'An API serves no credential: name them where the worker is started.';
    throw new AppError('invalid', message, { field: 'credential' });
  }
  const environment = environmentWithFile();
  const config = readConfig({ flags: flagsOf(options), environment });
  const { playbooksDir = PLAYBOOKS_DIR } = options;
  const { configFile } = config;
  // Read anew each time, with what `.env` says by then.
  const readConfiguration = (): Promise<Configuration> =>
    configFile === null
      ? Promise.resolve(EMPTY_CONFIGURATION)
      : configurationOf(configFile, environmentWithFile(), playbooksDir);
  const configuration = await readConfiguration();
  return startFirebreak({
    ...config,
    role: options.role ?? 'all',
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    configuration,
    ...(configFile === null ? {} : { readConfiguration }),
    playbooksDir,
    temporal: await readTemporalConnection(environment),
    temporalUi: true,
    slack: slackOf(config, configuration),
    version: await programVersion(),
    log: createLog(config.logLevel),
    onFailure: options.onFailure,
  });
}
