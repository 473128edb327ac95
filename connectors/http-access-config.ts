import { z } from 'zod';

const path = z.string().min(1).max(4_096);
const secret = z.string().min(1).max(20_000).meta({ secret: true });

/** True for an address whose user and password stand where they end up in messages. */
function hasUser(address: string): boolean {
  return URL.canParse(address) && new URL(address).username !== '';
}

/** An address of a system: its user and password have fields of their own. */
const address = z
  .url({ protocol: /^https?$/ })
  .refine((text) => !hasUser(text), 'holds a user; username and password are fields of their own');

const clientCredentials = z.strictObject({
  tokenUrl: address.describe('Token endpoint of the authorization server.'),
  clientId: z.string().min(1).max(1_000).describe('Who we are there.'),
  clientSecret: secret.describe('The proof of it; sent as a basic credential.'),
  scope: z.string().min(1).max(1_000).optional().describe('Scopes asked for, with blanks between.'),
  audience: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Some servers want to be told for whom.'),
  caFile: path.optional().describe('PEM file of the authority of the token endpoint.'),
});

/** How one connector reaches one system over HTTP. */
export const httpAccessFields = {
  url: address.describe('Base address; a path in it is kept.'),
  token: secret.optional().describe('Bearer token, sent as it is.'),
  tokenFile: path
    .optional()
    .describe('File with a bearer token, read before each request: a renewed one is used at once.'),
  username: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('User of a login; `password` beside it.'),
  password: secret.optional().describe('Password of that user.'),
  oauth2: clientCredentials
    .optional()
    .describe('OAuth 2.0 client credentials: a token is fetched, and again before it expires.'),
  caFile: path
    .optional()
    .describe('PEM file of the authority of the server, trusted in place of the public ones.'),
  certFile: path
    .optional()
    .describe('PEM file of our client certificate (mTLS); `keyFile` beside it.'),
  keyFile: path.optional().describe('PEM file of the key of that certificate.'),
  proxy: z
    .url({ protocol: /^https?$/ })
    .meta({ secret: true })
    .optional()
    .describe('Proxy on the way, `http://user:password@host:port`. No variable sets one.'),
} as const;

/** The parsed form of `httpAccessFields`. */
export interface HttpAccessConfig {
  readonly url: string;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly oauth2?: z.infer<typeof clientCredentials> | undefined;
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly proxy?: string | undefined;
}

type Credentials = Omit<HttpAccessConfig, 'url'>;

const WAYS = ['token', 'tokenFile', 'username', 'oauth2'] as const;
const PAIRS = [
  ['username', 'password'],
  ['certFile', 'keyFile'],
] as const;

/**
 * Checks what no single field can: one way to be let in, and pairs that are whole. For `superRefine` of a
 * configuration that holds `httpAccessFields`.
 */
export function checkHttpAccess(config: Credentials, context: z.RefinementCtx): void {
  const given = WAYS.filter((way) => config[way] !== undefined);
  const [, second] = given;
  if (second !== undefined) {
    context.addIssue({
      code: 'custom',
      path: [second],
      message: `is one way too many to be let in: give one of ${WAYS.join(', ')}`,
    });
  }
  for (const [first, other] of PAIRS) {
    if ((config[first] === undefined) === (config[other] === undefined)) continue;
    const path = [config[first] === undefined ? first : other];
    context.addIssue({ code: 'custom', path, message: `${first} and ${other} come together` });
  }
}

/** The configuration of a connector that needs nothing beside its access. */
export const httpAccessConfig = z.strictObject(httpAccessFields).superRefine(checkHttpAccess);
