import type { ConnectionOptions } from '@temporalio/client';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import { AppError } from '../domain/error.ts';
import { isLoopback } from '../domain/loopback.ts';
import { given, readSecret, type Environment } from './environment.ts';
import { VARIABLES } from './environment-schema.ts';

/** How to reach a Temporal server that is not ours. */
export interface TemporalConnection {
  readonly connection: ConnectionOptions & NativeConnectionOptions;
  readonly namespace: string;
}

/** Any of these says that a server is meant; a file in its usual place alone does not. */
const SELECTORS = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'] as const;
const NAMESPACE = 'default';

async function load(environment: Environment, apiKey: string | null): Promise<ClientConnectConfig> {
  const { loadClientConnectConfig } = await import('@temporalio/envconfig');
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value !== '') variables[name] = value;
  }
  if (apiKey !== null) variables['TEMPORAL_API_KEY'] = apiKey;
  try {
    return loadClientConnectConfig({ overrideEnvVars: variables });
  } catch (error) {
    throw new AppError(
      'invalid',
      'The TEMPORAL_* variables or their configuration file do not parse.',
      {
        field: 'TEMPORAL_CONFIG_FILE',
        cause: error,
      },
    );
  }
}

/** Host of `host:port`. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}

/** What a server may be told by anybody who reaches it; null when it asks for TLS and a credential of its own. */
function opennessOf({ tls, apiKey }: ConnectionOptions): string | null {
  if (apiKey !== undefined) return null;
  if (tls === undefined || tls === null || tls === false) return 'without TLS';
  const certified = typeof tls === 'object' && tls.clientCertPair !== undefined;
  return certified ? null : 'without an API key or a client certificate';
}

/**
 * Raises `invalid` for a server beyond this machine that anybody may talk to. Nobody can authorise an effect there
 * (the guard reads signed rows in Postgres), but starts, terminations and reads of every history are open to all.
 */
function refuseOpen(environment: Environment, address: string, options: ConnectionOptions): void {
  const { name, schema, fallback } = VARIABLES.openTemporal;
  const openness = opennessOf(options);
  if (openness === null || isLoopback(hostOf(address))) return;
  if (schema.parse(given(environment, name) ?? fallback)) return;
  throw new AppError(
    'invalid',
    `${address} is a Temporal server ${openness}: whoever reaches it can stop every incident. Set TEMPORAL_API_KEY, or TEMPORAL_TLS with a client certificate, or accept it with ${name}=1.`,
    { field: 'TEMPORAL_TLS' },
  );
}

/**
 * The Temporal server that the environment names, read by the SDK's own rules (`TEMPORAL_*`, profiles),
 * or null: then run an embedded one. Raises `invalid` when the settings do not parse, name no address, or name a
 * server that is open to all.
 */
export async function readTemporalConnection(
  environment: Environment,
): Promise<TemporalConnection | null> {
  const apiKey = readSecret(environment, 'TEMPORAL_API_KEY');
  if (SELECTORS.every((name) => given(environment, name) === null)) return null;
  const { connectionOptions, namespace } = await load(environment, apiKey);
  const { address, apiKey: key, tls, metadata } = connectionOptions;
  if (address === undefined || address === '') {
    throw new AppError('invalid', 'TEMPORAL_ADDRESS is not set and the profile names no address.', {
      field: 'TEMPORAL_ADDRESS',
    });
  }
  refuseOpen(environment, address, connectionOptions);
  return {
    connection: {
      address,
      ...(key === undefined ? {} : { apiKey: key }),
      ...(tls === undefined ? {} : { tls }),
      ...(metadata === undefined ? {} : { metadata }),
    },
    namespace: namespace ?? NAMESPACE,
  };
}
