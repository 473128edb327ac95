import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import type { Logger } from 'pino';
import { toAppError } from '../domain/error.ts';
import { readTlsFiles, type TlsFiles, type TlsPair } from './tls-files.ts';

/** What renewing works with. */
export interface TlsRenewalOptions {
  readonly files: TlsFiles;
  /** What the server was started with. */
  readonly started: TlsPair;
  readonly server: Server;
  readonly now: () => Date;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

/** Follows the files of a server's certificate. */
export interface TlsRenewal {
  /** Reads the files, and serves what is new in them from the next connection on. What does not hold changes nothing and is logged once. */
  look(): void;
  stop(): void;
}

/** How often the files are read: the old certificate holds for days after its successor was written. */
const LOOK_EVERY_MS = 60_000;

/** Looks at the files every minute until it is stopped: a renewed certificate needs no restart. */
export function followTlsFiles(options: TlsRenewalOptions): TlsRenewal {
  const { files, server, now, log } = options;
  let { digest } = options.started;
  let problem: string | null = null;
  const look = (): void => {
    try {
      const pair = readTlsFiles(files, now());
      problem = null;
      if (pair.digest === digest || !(server instanceof TlsServer)) return;
      server.setSecureContext({ cert: pair.cert, key: pair.key });
      ({ digest } = pair);
      log.info({ until: pair.certificate.validTo }, 'the certificate of this server was renewed');
    } catch (error) {
      const { message } = toAppError(error);
      if (message === problem) return;
      problem = message;
      log.error({ problem }, 'the certificate of this server was not renewed: the former stays');
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    look,
    stop: () => {
      clearInterval(timer);
    },
  };
}
