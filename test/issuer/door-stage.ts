import { expect } from '@jest/globals';
import { pino } from 'pino';
import { invariant } from '../../domain/error.ts';
import { createIssuer, type Issuer, type IssuerSettings } from '../../api/issuer.ts';
import { addPerson, createTestApi } from '../../api/test-api.ts';
import { TestBrowser, type Shown } from '../../api/test-browser.ts';

/** Where the issuer of the lab sends people back to. */
export const REDIRECT_URI = 'https://firebreak.example.com/login/issuer/callback';
/** Where somebody wanted to go who begins here. */
export const NEXT = '/approvals/apr_1';
const TIMEOUT_SECONDS = 5;

/** An issuer, twin or real, as far as Firebreak's own door needs one. */
export interface SignInPlace {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Signs somebody in as a person in a browser does, and answers where the browser is sent then; null declines. */
  signIn(address: string, subject: string | null): Promise<string>;
}

/** What every test of this door begins with: a server over memory, a browser, and `olga`, whom the issuer knows by that subject. */
export class DoorStage {
  /** So much later than now it is for the server, in milliseconds. */
  laterMs = 0;
  lines: string[] = [];
  private running: {
    readonly given: ReturnType<typeof createTestApi>;
    readonly browser: TestBrowser;
  } | null = null;
  private readonly place: () => SignInPlace;

  constructor(place: () => SignInPlace) {
    this.place = place;
  }

  get given(): ReturnType<typeof createTestApi> {
    invariant(this.running !== null, 'a test has begun');
    return this.running.given;
  }

  get browser(): TestBrowser {
    invariant(this.running !== null, 'a test has begun');
    return this.running.browser;
  }

  issuer(change: Partial<IssuerSettings> = {}, timeoutSeconds = TIMEOUT_SECONDS): Issuer {
    const { url: issuer, clientId, clientSecret } = this.place();
    const settings = { issuer, clientId, clientSecret, redirectUri: REDIRECT_URI, ...change };
    return createIssuer(settings, timeoutSeconds);
  }

  begin(change: Partial<IssuerSettings> = {}, timeoutSeconds = TIMEOUT_SECONDS): void {
    this.lines = [];
    this.laterMs = 0;
    const given = createTestApi({
      clock: () => new Date(Date.now() + this.laterMs),
      issuer: this.issuer(change, timeoutSeconds),
      log: pino({ level: 'info' }, { write: (line: string) => this.lines.push(line) }),
    });
    this.running = { given, browser: new TestBrowser(given.app) };
    this.knownAs('olga', this.place().url);
  }

  async end(): Promise<void> {
    await this.given.app.close();
  }

  /** Somebody whom the rules know as the subject of their own id at this issuer. */
  knownAs(id: string, issuer: string): void {
    const { memory } = this.given;
    if (!memory.people.has(id)) addPerson(memory, id, ['approver-model-owner']);
    const person = memory.people.get(id);
    if (person) memory.people.set(id, { ...person, identity: { issuer, subject: id } });
  }

  /** Follows the way to the issuer. */
  ask(by = this.browser, next = NEXT): Promise<Shown> {
    return by.get(`/login/issuer?next=${encodeURIComponent(next)}`);
  }

  /** Begins, signs in at the issuer (null declines), and answers the path at which the browser comes back. */
  async answer(by = this.browser, subject: string | null = 'olga', next = NEXT): Promise<string> {
    const { location } = await this.ask(by, next);
    const address = new URL(await this.place().signIn(location ?? '', subject));
    return `${address.pathname}${address.search}`;
  }

  /** Comes back from the issuer's site. */
  come(path: string, by = this.browser): Promise<Shown> {
    return by.comeFromElsewhere(path);
  }

  /** What the log says of refused sign-ins. */
  refusals(): readonly unknown[] {
    return this.lines
      .filter((line) => line.includes('a sign-in at the issuer was refused'))
      .map((line): unknown => JSON.parse(line));
  }

  /** Nobody is signed in, the browser has nothing to try again with, and the log says why. */
  expectRefused(reply: Shown, status: number, reason: string): void {
    const { sessions, pendingSignIns } = this.given.memory;
    const told: unknown = expect.objectContaining({ reason });
    expect([reply.status, this.refusals()]).toEqual([status, [told]]);
    expect([sessions.size, pendingSignIns.size]).toEqual([0, 0]);
    expect(reply.body).toContain('You are not signed in');
    expect(String(reply.headers['set-cookie'])).toMatch(/^firebreak-pending=;.*Max-Age=0$/u);
    expect(reply.headers['refresh']).toBeUndefined();
  }
}
