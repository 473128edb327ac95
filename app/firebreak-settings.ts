import type { Logger } from 'pino';
import type { IssuerSettings } from '../api/issuer.ts';
import type { Configuration } from '../domain/configuration.ts';
import type { Credential } from '../domain/credential.ts';
import type { WorkflowBundle } from '../worker/bundle.ts';
import type { MailSettings } from './mail-settings.ts';
import type { ServerSettings } from './servers.ts';
import type { SlackSettings } from './slack-settings.ts';
import type { TlsFiles } from './tls-files.ts';

/** Which roles a process plays. */
export type ProcessRole = 'all' | 'api' | 'worker';

/** Everything that a process of Firebreak is started with; no part of it reads the environment. */
export interface FirebreakSettings extends ServerSettings {
  readonly role: ProcessRole;
  /** The credentials that this process has as a worker; all of them by default. */
  readonly credentials?: readonly Credential[];
  /** How long an effect may wait for a process that has its credential, in milliseconds. */
  readonly startWithinMs?: number;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly baseUrl: string | null;
  /** True behind a proxy that ends TLS and sets X-Forwarded-For. */
  readonly trustProxy?: boolean;
  /** Certificate and key of our own server; absent or null: plain HTTP. */
  readonly tls?: TlsFiles | null;
  /** Path of the HALT file; without it the one in the data folder. */
  readonly haltFile?: string | null;
  readonly configuration: Configuration;
  /** Reads the configuration again; null when there is no file. Raises `invalid`. */
  readonly readConfiguration?: () => Promise<Configuration>;
  readonly playbooksDir: string;
  readonly taskQueue: string;
  /** Seconds between two looks at registries and clusters; 0: none by itself. */
  readonly syncEverySeconds: number;
  /** A bundle that was built before; without it the one beside the program, or a fresh one. */
  readonly bundle?: WorkflowBundle;
  readonly slack: SlackSettings | null;
  readonly mail: MailSettings | null;
  /** Where people sign in besides our own accounts; absent or null: nowhere. */
  readonly issuer?: IssuerSettings | null;
  readonly version: string;
  readonly log: Logger;
  /** Called when something that cannot be healed ended the process's work. */
  readonly onFailure: (error: Error) => void;
}
