import * as oidc from 'openid-client';
import { AppError } from '../domain/error.ts';
import type { Identity } from '../domain/identity.ts';
import { subjectSchema } from '../domain/identity-schema.ts';
import { isLoopback } from '../domain/loopback.ts';
import { isUnknownClient, issuerTrouble, reasonOf, signInFailure } from './issuer-failure.ts';
import { fetchFromIssuer } from './issuer-fetch.ts';

/** What proves that an answer belongs to what this browser asked. */
export interface SignInFlow {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE: 43 to 128 unreserved characters. */
  readonly verifier: string;
}

/** Who an issuer says has just signed in. */
export interface IssuedIdentity extends Identity {
  /** When they did, in milliseconds since 1970 by the issuer's clock. */
  readonly signedInMs: number;
}

/** What an issuer says of itself and of us. */
export interface IssuerReport {
  /** How it calls itself: people's identities name it so. */
  readonly issuer: string;
  /** Whether it takes our client id and secret. */
  readonly client: 'known' | 'refused' | 'unknown';
  /** Why, when it does not, or does not tell. */
  readonly reason: string | null;
}

/** An OpenID Connect issuer where people sign in. */
export interface Issuer {
  /** Its host, for people. */
  readonly name: string;
  /** Where the browser goes to sign in anew. Raises `unavailable`. */
  begin(flow: SignInFlow): Promise<URL>;
  /**
   * Who signed in, by the query that the browser came back with, at most `ageMaxSeconds` ago. Raises `refused` and
   * `unavailable`, each with its `details.reason`.
   */
  finish(
    query: string,
    asked: { readonly flow: SignInFlow; readonly ageMaxSeconds: number },
  ): Promise<IssuedIdentity>;
  /** Looks whether it is there and knows us. Raises `unavailable`, `unsupported`. */
  check(): Promise<IssuerReport>;
}

/** How we are known at an issuer. */
export interface IssuerSettings {
  /** https, or http on this machine. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The address of our own callback. */
  readonly redirectUri: string;
}

const TIMEOUT_SECONDS = 5;
/** How far the clocks may differ. */
const TOLERANCE_SECONDS = 30;
const CHALLENGE = 'S256';
const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;

/** The secret in the header unless the issuer takes it only in the form. */
function authenticationBy(secret: string): oidc.ClientAuth {
  return (...request) => {
    const { token_endpoint_auth_methods_supported: methods = ['client_secret_basic'] } = request[0];
    const authenticate = methods.includes('client_secret_basic')
      ? oidc.ClientSecretBasic(secret)
      : oidc.ClientSecretPost(secret);
    authenticate(...request);
  };
}

/** Raises `unsupported` for an issuer without an endpoint that we need, or with one that is not encrypted. */
function requireEndpoints(server: oidc.ServerMetadata): void {
  for (const name of ENDPOINTS) {
    const address = server[name] ?? '';
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url?.protocol === 'https:') continue;
    if (url?.protocol === 'http:' && isLoopback(url.hostname)) continue;
    throw new AppError('unsupported', `The issuer names no encrypted ${name}.`);
  }
}

/** What the issuer says of itself now. Nothing of it is kept: addresses and keys change, and sign-ins are few. */
async function discover(
  { issuer, clientId, clientSecret }: IssuerSettings,
  timeout: number,
): Promise<oidc.Configuration> {
  const server = new URL(issuer);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is marked so only to stand out: settings take http on this machine alone
  const plain = server.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  const found = await oidc.discovery(
    server,
    clientId,
    { [oidc.clockTolerance]: TOLERANCE_SECONDS },
    authenticationBy(clientSecret),
    {
      ...{ execute: [...plain, oidc.enableNonRepudiationChecks], timeout },
      [oidc.customFetch]: fetchFromIssuer,
    },
  );
  requireEndpoints(found.serverMetadata());
  return found;
}

/** Who the claims of a checked ID token are about. Raises `refused`. */
function identityOf(claims: oidc.IDToken | undefined): IssuedIdentity {
  const subject = subjectSchema.safeParse(claims?.sub);
  const authTime = claims?.auth_time;
  if (claims === undefined || authTime === undefined || !subject.success) {
    throw new oidc.ClientError('the ID token names no subject that can be read');
  }
  if (authTime > Date.now() / 1000 + TOLERANCE_SECONDS) {
    throw new oidc.ClientError('ID Token "auth_time" lies in the future');
  }
  return { issuer: claims.iss, subject: subject.data, signedInMs: authTime * 1000 };
}

/** Whether the issuer takes our id and secret: it is asked for a code that nobody has, and must find fault with that alone. */
async function askAsClient(
  config: oidc.Configuration,
  redirectUri: string,
): Promise<Pick<IssuerReport, 'client' | 'reason'>> {
  const answer = new URL(redirectUri);
  answer.search = new URLSearchParams({
    code: oidc.randomState(),
    iss: config.serverMetadata().issuer,
  }).toString();
  try {
    await oidc.authorizationCodeGrant(config, answer, {
      pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    });
    return { client: 'unknown', reason: 'it took a code that nobody has' };
  } catch (error) {
    const known = error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant';
    if (known) return { client: 'known', reason: null };
    return { client: isUnknownClient(error) ? 'refused' : 'unknown', reason: reasonOf(error) };
  }
}

/**
 * An issuer over OpenID Connect: authorization code with PKCE, state, nonce and the issuer's own name in its answer, the ID token's
 * signature checked by its keys of now. Nothing is asked of it before somebody signs in, so that everything else works while it
 * is down.
 */
export function createIssuer(settings: IssuerSettings, timeout = TIMEOUT_SECONDS): Issuer {
  const { redirectUri } = settings;
  const name = new URL(settings.issuer).host;
  const configuration = (): Promise<oidc.Configuration> =>
    discover(settings, timeout).catch((error: unknown) => {
      throw issuerTrouble(name, error);
    });
  return {
    name,
    begin: async ({ state, nonce, verifier }) =>
      oidc.buildAuthorizationUrl(await configuration(), {
        ...{ redirect_uri: redirectUri, scope: 'openid', state, nonce },
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: CHALLENGE,
        // Each sign-in is a fresh one: whoever is at the keyboard proves it to the issuer anew.
        ...{ prompt: 'login', max_age: '0' },
      }),
    finish: async (query, { flow, ageMaxSeconds }) => {
      const config = await configuration();
      const answer = new URL(redirectUri);
      answer.search = query;
      try {
        const tokens = await oidc.authorizationCodeGrant(config, answer, {
          ...{ expectedState: flow.state, expectedNonce: flow.nonce },
          ...{ pkceCodeVerifier: flow.verifier, maxAge: ageMaxSeconds },
        });
        return identityOf(tokens.claims());
      } catch (error) {
        throw signInFailure(name, error);
      }
    },
    check: async () => {
      const config = await configuration();
      const { issuer, code_challenge_methods_supported: methods } = config.serverMetadata();
      if (methods?.includes(CHALLENGE) === false) {
        throw new AppError('unsupported', `${name} does not take PKCE with ${CHALLENGE}.`);
      }
      return { issuer, ...(await askAsClient(config, redirectUri)) };
    },
  };
}
