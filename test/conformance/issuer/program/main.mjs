// A certified OpenID provider, npm's `oidc-provider`, as it comes, on its own pages. Environment: SETTINGS, a JSON
// document { port, controlPort, redirectUri, clients, algorithms, directory }. On the second port it takes what an issuer's administrator
// or its machine does: another key, another time, and an ID token that the token endpoint answers with next. Ends with SIGTERM.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Provider from 'oidc-provider';

const HOST = '127.0.0.1';
const SETTINGS = JSON.parse(process.env['SETTINGS']);
const { port, controlPort, redirectUri, clients, algorithms, directory } = SETTINGS;

/** What makes a key for each algorithm of an ID token. */
const KEYS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

// The clock of this process: the provider asks for the time here alone.
const { now } = Date;
let aheadMs = 0;
Date.now = () => now() + aheadMs;

/** The ID token that the token endpoint answers with next, in place of its own. */
let planted = null;

/** What the provider keeps, for as long as this process runs: also when its keys change. It looks itself at what is over. */
const kept = new Map();

/** Where it keeps what it made of one kind. */
class Store {
  constructor(kind) {
    this.kind = kind;
  }

  key(id) {
    return `${this.kind}:${id}`;
  }

  all() {
    return [...kept].filter(([key]) => key.startsWith(`${this.kind}:`));
  }

  async upsert(id, payload) {
    kept.set(this.key(id), payload);
  }

  async find(id) {
    return kept.get(this.key(id));
  }

  async findByUid(uid) {
    return this.all().find(([, payload]) => payload.uid === uid)?.[1];
  }

  async consume(id) {
    kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    kept.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const [key, payload] of this.all()) if (payload.grantId === grantId) kept.delete(key);
  }
}

function newKeys() {
  return algorithms.map((alg) => ({
    ...KEYS[alg]().privateKey.export({ format: 'jwk' }),
    ...{ alg, use: 'sig' },
  }));
}

function newProvider() {
  const provider = new Provider(`http://${HOST}:${port}`, {
    clients: clients.map(({ id, secret, algorithm }) => ({
      ...{ client_id: id, client_secret: secret, redirect_uris: [redirectUri] },
      id_token_signed_response_alg: algorithm,
      ...{ response_types: ['code'], grant_types: ['authorization_code'] },
    })),
    responseTypes: ['code'],
    pkce: { required: () => true },
    adapter: Store,
    jwks: { keys: newKeys() },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...directory, sub: id }) }),
    claims: { openid: ['sub', ...Object.keys(directory)] },
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: algorithms },
    cookies: { keys: ['a key of this process'] },
    features: { devInteractions: { enabled: true } },
  });
  provider.use(async (context, next) => {
    await next();
    if (context.path !== '/token' || context.status !== 200 || planted === null) return;
    context.body = { ...context.body, id_token: planted };
    planted = null;
  });
  return provider.callback();
}

let answer = newProvider();
const issuer = createServer((request, response) => answer(request, response));

const CONTROLS = {
  '/rotate': () => {
    answer = newProvider();
  },
  '/clock': ({ aheadSeconds }) => {
    aheadMs = aheadSeconds * 1000;
  },
  '/plant': ({ idToken }) => {
    planted = idToken;
  },
};

const control = createServer(async (request, response) => {
  CONTROLS[request.url](JSON.parse(await text(request)));
  response.writeHead(204).end();
});

control.listen(controlPort, HOST);
issuer.listen(port, HOST);
process.once('SIGTERM', () => process.exit(0));
