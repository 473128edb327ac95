import { z } from 'zod';
import { ISSUER_VARIABLES } from './issuer-variables.ts';
import { MAIL_VARIABLES } from './mail-variables.ts';
import { TLS_VARIABLES } from './tls-variables.ts';
import { text, url, type Variable } from './variable.ts';

const PORT_MAX = 65_535;

const flag = z
  .enum(['0', '1', 'false', 'true'], { error: 'must be 0 or 1' })
  .transform((value) => value === '1' || value === 'true');

/** Every variable that Firebreak itself reads, in the order of `.env.example`. */
export const VARIABLES = {
  databaseUrl: {
    name: 'DATABASE_URL',
    about: 'Postgres 15 or newer. Unset: an embedded Postgres in the data folder.',
    secret: true,
    fallback: null,
    example: 'postgresql://firebreak:password@127.0.0.1:5432/firebreak',
    schema: url(['postgres', 'postgresql']),
  },
  dataDir: {
    name: 'FIREBREAK_DATA_DIR',
    about: 'Folder of evidence and of the embedded servers. One process at a time uses it.',
    secret: false,
    fallback: '.firebreak',
    example: '/var/lib/firebreak',
    schema: text,
  },
  haltFile: {
    name: 'FIREBREAK_HALT_FILE',
    about:
      'File that halts every effect of this process while it exists; its text is the reason. Unset: HALT in the data folder.',
    secret: false,
    fallback: null,
    example: '/run/firebreak/HALT',
    schema: text,
  },
  configFile: {
    name: 'FIREBREAK_CONFIG',
    about: 'Configuration file: connectors, sources, inventory, routes, people.',
    secret: false,
    fallback: null,
    example: './firebreak.yaml',
    schema: text,
  },
  host: {
    name: 'HOST',
    about:
      'Address to listen on. Anything but loopback needs TLS_CERT_FILE or FIREBREAK_TRUST_PROXY=1.',
    secret: false,
    fallback: '127.0.0.1',
    example: '0.0.0.0',
    schema: z.string().regex(/^[\w.:[\]-]{1,253}$/, { error: 'must be a host name or an address' }),
  },
  port: {
    name: 'PORT',
    about: 'Port to listen on; 0 takes a free one.',
    secret: false,
    fallback: '7400',
    example: '7400',
    schema: z
      .string()
      .regex(/^\d{1,5}$/, { error: `must be a number from 0 to ${PORT_MAX.toString()}` })
      .transform(Number)
      .refine((port) => port <= PORT_MAX, {
        error: `must be a number from 0 to ${PORT_MAX.toString()}`,
      }),
  },
  baseUrl: {
    name: 'BASE_URL',
    about: 'Address under which people reach the page; used in links.',
    secret: false,
    fallback: null,
    example: 'https://firebreak.example.com',
    schema: url(['http', 'https']).transform((address) => address.replace(/\/+$/, '')),
  },
  trustProxy: {
    name: 'FIREBREAK_TRUST_PROXY',
    about: '1 says that a proxy in front of us ends TLS and sets X-Forwarded-For.',
    secret: false,
    fallback: '0',
    example: '1',
    schema: flag,
  },
  ...TLS_VARIABLES,
  ...ISSUER_VARIABLES,
  logLevel: {
    name: 'LOG_LEVEL',
    about: 'One of trace, debug, info, warn, error, fatal, silent.',
    secret: false,
    fallback: 'info',
    example: 'debug',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be one of trace, debug, info, warn, error, fatal, silent',
    }),
  },
  taskQueue: {
    name: 'TEMPORAL_TASK_QUEUE',
    about: 'Task queue of our workflows and activities.',
    secret: false,
    fallback: 'firebreak',
    example: 'firebreak',
    schema: z.string().max(200, { error: 'must be at most 200 characters' }),
  },
  openTemporal: {
    name: 'FIREBREAK_OPEN_TEMPORAL',
    about:
      '1 accepts a Temporal server that asks for no TLS or no credential: who reaches it can stop and delay incidents, and read them.',
    secret: false,
    fallback: '0',
    example: '1',
    schema: flag,
  },
  syncSeconds: {
    name: 'FIREBREAK_SYNC_SECONDS',
    about: 'Seconds between two read-only looks at registries and clusters; 0 for none.',
    secret: false,
    fallback: '300',
    example: '300',
    schema: z
      .string()
      .regex(/^\d{1,5}$/, { error: 'must be a number of seconds from 30 to 86400, or 0' })
      .transform(Number)
      .refine((seconds) => seconds === 0 || (seconds >= 30 && seconds <= 86_400), {
        error: 'must be a number of seconds from 30 to 86400, or 0',
      }),
  },
  temporalCliPath: {
    name: 'TEMPORAL_CLI_PATH',
    about: 'Temporal CLI that runs the embedded server. Unset: the one on PATH, else in the cache.',
    secret: false,
    fallback: null,
    example: '/usr/local/bin/temporal',
    schema: text,
  },
  slackBotToken: {
    name: 'SLACK_BOT_TOKEN',
    about: 'Token of the Slack app, to post. Unset: no Slack.',
    secret: true,
    fallback: null,
    example: 'xoxb-…',
    schema: z.string().regex(/^xox[a-z]-/, { error: 'must be a Slack token (xoxb-…)' }),
  },
  slackAppToken: {
    name: 'SLACK_APP_TOKEN',
    about: 'App-level token, for Socket Mode: commands and buttons without a public address.',
    secret: true,
    fallback: null,
    example: 'xapp-…',
    schema: z.string().regex(/^xapp-/, { error: 'must be an app-level token (xapp-…)' }),
  },
  slackSigningSecret: {
    name: 'SLACK_SIGNING_SECRET',
    about:
      'Signing secret, for commands and buttons over HTTP instead: Slack posts to BASE_URL/api/v1/slack.',
    secret: true,
    fallback: null,
    example: '0123456789abcdef0123456789abcdef',
    schema: z.string().regex(/^[0-9a-f]{32}$/, { error: 'must be 32 hexadecimal digits' }),
  },
  slackApiUrl: {
    name: 'SLACK_API_URL',
    about: 'Base address of the Slack API; set only to go through a gateway or a stand-in.',
    secret: false,
    fallback: null,
    example: 'https://slack.com/api/',
    schema: url(['http', 'https']),
  },
  ...MAIL_VARIABLES,
  clientUrl: {
    name: 'FIREBREAK_URL',
    about: 'Server that the commands talk to.',
    secret: false,
    fallback: 'http://127.0.0.1:7400',
    example: 'https://firebreak.example.com',
    schema: url(['http', 'https']),
  },
  clientToken: {
    name: 'FIREBREAK_TOKEN',
    about: 'Your token for the commands.',
    secret: true,
    fallback: null,
    example: 'fb_…',
    schema: text,
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;

/** Variables of the Temporal SDKs, read by its own `@temporalio/envconfig`. */
export const TEMPORAL_VARIABLES = [
  [
    'TEMPORAL_ADDRESS',
    'Temporal server to use. Unset: an embedded one in the data folder.',
    '127.0.0.1:7233',
  ],
  ['TEMPORAL_NAMESPACE', 'Namespace on that server.', 'default'],
  [
    'TEMPORAL_API_KEY',
    'API key (Temporal Cloud); switches TLS on. Also as TEMPORAL_API_KEY_FILE.',
    '…',
  ],
  ['TEMPORAL_TLS', 'true or false.', 'true'],
  [
    'TEMPORAL_TLS_CLIENT_CERT_PATH',
    'Client certificate (PEM); _KEY_PATH beside it.',
    '/etc/firebreak/client.pem',
  ],
  ['TEMPORAL_TLS_CLIENT_KEY_PATH', 'Key of the client certificate.', '/etc/firebreak/client.key'],
  [
    'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    'Authority that signed the server certificate.',
    '/etc/firebreak/ca.pem',
  ],
  ['TEMPORAL_TLS_SERVER_NAME', 'Name expected in the server certificate.', 'temporal.example.com'],
  ['TEMPORAL_PROFILE', 'Profile of the configuration file of the Temporal tools.', 'production'],
  [
    'TEMPORAL_CONFIG_FILE',
    'That file, when it is not in its usual place.',
    '/etc/firebreak/temporal.toml',
  ],
] as const;

/**
 * The text of `.env.example`: every variable with what it does, all commented out, so that a copy of
 * it changes nothing.
 */
export function renderEnvExample(): string {
  const head = [
    '# Settings of Firebreak. Copy to .env and remove the # of what you set; real variables win over .env.',
    '# Order: flag, environment, configuration file, default. An empty value counts as unset.',
    '# A secret may also stand in a file: NAME_FILE=/path instead of NAME.',
    '# `demo`, `test` and `bench` read none of this.',
  ];
  const own = Object.values(VARIABLES).flatMap(({ name, about, fallback, example, secret }) => [
    '',
    `# ${about}${secret ? ` Also as ${name}_FILE.` : ''}${fallback === null ? '' : ` Default: ${fallback}`}`,
    `# ${name}=${example}`,
  ]);
  const temporal = TEMPORAL_VARIABLES.flatMap(([name, about, example]) => [
    '',
    `# ${about}`,
    `# ${name}=${example}`,
  ]);
  return `${[...head, ...own, ...temporal].join('\n')}\n`;
}
