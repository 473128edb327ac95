import { randomBytes } from 'node:crypto';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { challengeOf, idToken, newSigningKey, type TokenForgery } from './token.ts';

/** A program that people sign in for. */
export interface IssuerClient {
  readonly id: string;
  readonly secret: string;
}

/** How an issuer twin behaves. */
export interface IssuerTwinOptions {
  /** Where it sends people back to, each to the letter. */
  readonly redirectUris: readonly string[];
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Another client that it knows, with the same redirect addresses. */
  readonly otherClient?: IssuerClient;
  /** What the directory says of everybody, in their ID tokens. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Who has an account there; `olga` and `sam` by default. */
  readonly subjects?: readonly string[];
  readonly faults?: FaultPlan;
  readonly port?: number;
  readonly now?: () => Date;
}

/** How the next answer is made wrong. */
export interface Forgery extends TokenForgery {
  /** Parameters of the answer to the browser in place of the right ones; null leaves one out. */
  readonly answer?: Readonly<Record<string, string | null>>;
  /** An ID token in place of its own, as it is. */
  readonly idToken?: string;
}

/** A running stand-in for an OpenID Connect issuer; its address is the issuer. */
export interface IssuerTwin extends Twin {
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * Signs somebody in as a person in a browser does: opens the page, chooses, and answers where the browser is sent then. Null for
   * `subject` declines.
   */
  signIn(address: string, subject: string | null): Promise<string>;
  /** Makes the answer and the token of the next sign-in wrong. */
  forge(forgery: Forgery): void;
  /** Signs with a new key from now on; the old one is gone. */
  rotate(): void;
}

interface Asked {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string | null;
  readonly nonce: string | null;
  readonly challenge: string;
  /** Where the answer stands in the address: `#` for a token, as nobody here may ask for one. */
  readonly part: 'search' | 'hash';
}

interface Code extends Asked {
  readonly subject: string;
  readonly forgery: Forgery;
  readonly madeMs: number;
}

const CODE_MS = 60_000;
const TOKEN_SECONDS = 300;
const KEPT_MAX = 1000;

const random = (): string => randomBytes(16).toString('base64url');

/** Keeps the newest entries of a map. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > KEPT_MAX && oldest !== undefined) map.delete(oldest);
}

/** A refusal of the token endpoint. */
function refusal(error: string): TwinReply {
  return { status: 400, body: { error, error_description: 'The request is not granted.' } };
}

/** A refusal of whom the token endpoint does not know; the challenge is for who came with a header. */
function unknownClient({ headers }: TwinRequest): TwinReply {
  const body = { error: 'invalid_client', error_description: 'client authentication failed' };
  const challenge = { 'www-authenticate': 'Basic realm="issuer", error="invalid_client"' };
  return {
    ...{ status: 401, body },
    ...(headers.authorization === undefined ? {} : { headers: challenge }),
  };
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** Id and secret of the client, from the header or the form. */
function credentialsOf({ headers }: TwinRequest, form: URLSearchParams): readonly string[] {
  const basic = /^Basic (.+)$/iu.exec(headers.authorization ?? '')?.[1];
  if (basic === undefined) return [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  return Buffer.from(basic, 'base64').toString('utf8').split(':').map(decoded);
}

/** What an issuer keeps, and how it answers. */
class IssuerWorld {
  /** Known once it listens. */
  issuer = '';
  readonly client: IssuerClient;
  forgery: Forgery = {};
  key = newSigningKey();
  private readonly options: IssuerTwinOptions;
  private readonly asked = new Map<string, Asked>();
  private readonly codes = new Map<string, Code>();

  constructor(options: IssuerTwinOptions) {
    this.options = options;
    this.client = {
      id: options.clientId ?? 'firebreak',
      secret: options.clientSecret ?? 'a secret: of the lab',
    };
  }

  private knows(id: string): IssuerClient | undefined {
    return [this.client, this.options.otherClient].find((client) => client?.id === id);
  }

  private isClient(id: string, secret: string): boolean {
    return this.knows(id)?.secret === secret;
  }

  private now(): number {
    return (this.options.now ?? (() => new Date()))().getTime();
  }

  handle(request: TwinRequest): TwinReply {
    switch (`${request.method} ${request.url.pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return { status: 200, body: this.metadata() };
      case 'GET /keys':
        return {
          ...{ status: 200, body: { keys: [this.key.jwk] } },
          headers: { 'content-type': 'application/jwk-set+json' },
        };
      case 'GET /authorize':
        return this.ask(request.url.searchParams);
      case 'POST /authorize':
        return this.answer(new URLSearchParams(request.body.toString('utf8')));
      case 'POST /token':
        return this.exchange(request);
      default:
        return { status: 404, body: 'There is nothing here.' };
    }
  }

  private metadata(): object {
    const { issuer } = this;
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      scopes_supported: ['openid'],
      id_token_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  /** Back to the client, with the parameters of the answer. */
  private back(
    asked: Asked,
    parameters: Readonly<Record<string, string>>,
    forgery = {},
  ): TwinReply {
    const { redirectUri, state, part } = asked;
    const given = { ...parameters, iss: this.issuer, state, ...forgery };
    const address = new URL(redirectUri);
    const answer = new URLSearchParams(part === 'search' ? address.search : '');
    for (const [name, value] of Object.entries(given)) {
      if (typeof value === 'string') answer.set(name, value);
    }
    address[part] = answer.toString();
    return { status: 303, headers: { location: address.href } };
  }

  private refuse(asked: Asked, error: string): TwinReply {
    return this.back(asked, { error, error_description: 'The request is not granted.' });
  }

  /** What is wrong with a request that may be told to the client. */
  private problemOf(query: URLSearchParams): string | null {
    if (query.get('response_type') !== 'code') return 'unsupported_response_type';
    if (!(query.get('scope') ?? '').split(' ').includes('openid')) return 'invalid_request';
    const hashed = query.get('code_challenge_method') === 'S256';
    const challenge = query.get('code_challenge') ?? '';
    return hashed && /^[\w-]{43}$/u.test(challenge) ? null : 'invalid_request';
  }

  private ask(query: URLSearchParams): TwinReply {
    const redirectUri = query.get('redirect_uri') ?? '';
    const clientId = query.get('client_id') ?? '';
    const known = this.options.redirectUris.includes(redirectUri);
    if (this.knows(clientId) === undefined || !known) {
      // Never on to an address that nobody registered.
      return { status: 400, body: 'This client or its redirect address is not known here.' };
    }
    const challenge = query.get('code_challenge') ?? '';
    const asked: Asked = {
      ...{ clientId, redirectUri, challenge },
      ...{ state: query.get('state'), nonce: query.get('nonce') },
      part: (query.get('response_type') ?? '').includes('token') ? 'hash' : 'search',
    };
    const error = this.problemOf(query);
    if (error !== null) return this.refuse(asked, error);
    const id = random();
    keep(this.asked, id, asked);
    return { status: 200, headers: { 'content-type': 'text/html' }, body: this.page(id) };
  }

  private page(id: string): string {
    const buttons = this.subjects().map(
      (subject) => `<p><button name="subject" value="${subject}">${subject}</button></p>`,
    );
    return `<!doctype html><title>Issuer of the lab</title><h1>Who are you?</h1>
      <form method="post" action="/authorize"><input type="hidden" name="request" value="${id}">
      ${buttons.join('')}<p><button name="decline" value="yes">Decline</button></p></form>`;
  }

  private subjects(): readonly string[] {
    return this.options.subjects ?? ['olga', 'sam'];
  }

  private answer(form: URLSearchParams): TwinReply {
    const id = form.get('request') ?? '';
    const asked = this.asked.get(id);
    this.asked.delete(id);
    if (asked === undefined) return { status: 400, body: 'Nobody asked for this.' };
    const subject = form.get('subject') ?? '';
    const { forgery } = this;
    this.forgery = {};
    if (!this.subjects().includes(subject)) return this.refuse(asked, 'access_denied');
    const code = random();
    keep(this.codes, code, { ...asked, subject, forgery, madeMs: this.now() });
    return this.back(asked, { code }, forgery.answer);
  }

  private exchange(request: TwinRequest): TwinReply {
    const form = new URLSearchParams(request.body.toString('utf8'));
    const [id = '', secret = ''] = credentialsOf(request, form);
    if (!this.isClient(id, secret)) return unknownClient(request);
    if (form.get('grant_type') !== 'authorization_code') return refusal('unsupported_grant_type');
    const name = form.get('code') ?? '';
    const code = this.codes.get(name);
    if (code?.clientId !== id || !this.isFor(code, form)) return refusal('invalid_grant');
    this.codes.delete(name);
    const { forgery } = code;
    const token = forgery.idToken ?? idToken(this.claimsOf(code), this.key, forgery);
    const body = { access_token: random(), token_type: 'Bearer', expires_in: TOKEN_SECONDS };
    return { status: 200, body: { ...body, id_token: token }, changed: true };
  }

  private isFor(code: Code, form: URLSearchParams): boolean {
    return (
      this.now() - code.madeMs <= CODE_MS &&
      form.get('redirect_uri') === code.redirectUri &&
      challengeOf(form.get('code_verifier') ?? '') === code.challenge
    );
  }

  private claimsOf({ clientId, subject, nonce, madeMs }: Code): Readonly<Record<string, unknown>> {
    const seconds = Math.floor(this.now() / 1000);
    return {
      ...this.options.claims,
      ...{ iss: this.issuer, sub: subject, aud: clientId, nonce },
      ...{ iat: seconds, exp: seconds + TOKEN_SECONDS, auth_time: Math.floor(madeMs / 1000) },
    };
  }
}

/** Where somebody is sent who opens the address and chooses. Raises when the issuer shows no page to choose on. */
async function signIn(url: string, address: string, subject: string | null): Promise<string> {
  const page = await (await fetch(address, { redirect: 'manual' })).text();
  const id = /name="request" value="([^"]+)"/u.exec(page)?.[1];
  if (id === undefined) throw new Error(`issuer twin: there is no page to sign in on: ${page}`);
  const chosen = subject === null ? { decline: 'yes' } : { subject };
  const body = new URLSearchParams({ request: id, ...chosen });
  const reply = await fetch(`${url}/authorize`, { method: 'POST', body, redirect: 'manual' });
  return reply.headers.get('location') ?? '';
}

/** Starts a stand-in for an OpenID Connect issuer on 127.0.0.1. */
export async function createIssuerTwin(options: IssuerTwinOptions): Promise<IssuerTwin> {
  const world = new IssuerWorld(options);
  const twin = await startTwin({
    name: 'issuer',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => world.handle(request),
  });
  world.issuer = twin.url;
  return {
    ...twin,
    clientId: world.client.id,
    clientSecret: world.client.secret,
    signIn: (address, subject) => signIn(twin.url, address, subject),
    forge: (forgery) => {
      world.forgery = forgery;
    },
    rotate: () => {
      world.key = newSigningKey();
    },
  };
}
