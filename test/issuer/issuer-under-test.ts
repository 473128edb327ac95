import type { SignInPlace } from './door-stage.ts';

/** Another client that every issuer under test knows, with the redirect address of Firebreak. */
export const OTHER_CLIENT = { id: 'other', secret: 'the secret of another client' };

/** What the directory of every issuer under test says of everybody: none of it is a person or a role for Firebreak. */
export const DIRECTORY = {
  ...{ name: 'Olga Ortiz', preferred_username: 'olga', email: 'olga@example.com' },
  ...{ email_verified: true, groups: ['admin', 'approver-security'], roles: ['admin'] },
};

/** An issuer, twin or real, that knows Firebreak and another client, with what its administrator and its machine do. */
export interface IssuerUnderTest extends SignInPlace {
  /** Signs somebody in; `cookies` is what their browser keeps of the issuer from one time to the next. */
  signIn(address: string, subject: string | null, cookies?: Map<string, string>): Promise<string>;
  /** Signs with a new key from now on; the old one is gone. */
  rotate(): Promise<void>;
  /** Its clock is so far ahead of ours; behind when negative. */
  setAhead(seconds: number): Promise<void>;
  /** The next sign-in gets this ID token in place of its own. */
  plant(idToken: string): Promise<void>;
  close(): Promise<void>;
}
