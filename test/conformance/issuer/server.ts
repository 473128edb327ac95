import { freePort } from '../../../app/embedded/port.ts';
import { REDIRECT_URI } from '../../issuer/door-stage.ts';
import { DIRECTORY, OTHER_CLIENT, type IssuerUnderTest } from '../../issuer/issuer-under-test.ts';
import { answers, startServer } from '../server.ts';
import { signInByHand } from './browser.ts';
import { installIssuer } from './install.ts';

/** What the provider can sign an ID token with; the first is what most issuers do. */
export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** Starts a provider that knows Firebreak, in a folder. Raises `unavailable`. */
export async function startIssuer(
  folder: string,
  { algorithm, redirectUri }: { readonly algorithm?: string; readonly redirectUri?: string } = {},
): Promise<IssuerUnderTest> {
  const program = await installIssuer();
  const [port, controlPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port.toString()}`;
  const firebreak = { id: 'firebreak', secret: 'a secret: of the lab' };
  const settings = {
    ...{ port, controlPort, redirectUri: redirectUri ?? REDIRECT_URI, directory: DIRECTORY },
    algorithms: ALGORITHMS,
    clients: [firebreak, OTHER_CLIENT].map((client) => ({
      ...client,
      algorithm: algorithm ?? ALGORITHMS[0],
    })),
  };
  const server = await startServer({
    name: 'issuer',
    program: process.execPath,
    args: [program],
    environment: { SETTINGS: JSON.stringify(settings) },
    folder,
    ready: () => answers(`${url}/.well-known/openid-configuration`),
  });
  const control = async (path: string, body: object = {}): Promise<void> => {
    const address = `http://127.0.0.1:${controlPort.toString()}${path}`;
    const reply = await fetch(address, { method: 'POST', body: JSON.stringify(body) });
    if (reply.status !== 204) throw new Error(`${path}: ${reply.status.toString()}`);
  };
  return {
    ...{ url, clientId: firebreak.id, clientSecret: firebreak.secret },
    signIn: (address, subject, cookies = new Map()) =>
      signInByHand(address, { subject, cookies, until: settings.redirectUri }),
    rotate: () => control('/rotate'),
    setAhead: (aheadSeconds) => control('/clock', { aheadSeconds }),
    plant: (idToken) => control('/plant', { idToken }),
    close: () => server.stop(),
  };
}
