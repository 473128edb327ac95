import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { SIGN_IN } from '../../domain/sign-in.ts';
import { noPasswordPage, passwordPage, signInPage } from '../../render/sign-in-page.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { changePassword, signIn, type SignedIn } from '../sign-in.ts';
import { addressOf } from '../page/address.ts';
import { formTokenOf, newSecret, readCookie, requireFormToken, setCookie } from '../page/cookie.ts';
import { formOf, ownPath, pageScope, sendOn, sendPage } from '../page/page-scope.ts';
import { readerOf, visitorOf, visitorOn, type SignInDoor } from '../page/visitor.ts';
import { retryAfterOf, statusOf } from '../problem.ts';

const FIELD_CHARACTERS_MAX = 1000;
const field = z.string().max(FIELD_CHARACTERS_MAX);
const nextSchema = field.transform(ownPath);

const signInForm = z.strictObject({ token: field, id: field, password: field, next: nextSchema });
const signOutForm = z.strictObject({ token: field });
const passwordForm = z.strictObject({
  ...{ token: field, next: nextSchema },
  ...{ current: field, password: field, again: field },
});
const nextQuery = z.object({ next: z.unknown().optional() });

function nextOf(request: FastifyRequest): string {
  return ownPath(nextQuery.parse(request.query).next);
}

/** What an attempt ends in that its own form shows again. */
const SHOWN_IN_FORM: ReadonlySet<string> = new Set(['invalid', 'unauthorized', 'rate_limited']);

/** The sentence that a form shows again, or the error itself when it is another. */
function shownAgain(error: unknown, reply: FastifyReply): string {
  if (!(error instanceof AppError) || !SHOWN_IN_FORM.has(error.code)) throw error;
  const retryAfter = retryAfterOf(error);
  if (retryAfter !== null) void reply.header('retry-after', retryAfter.toString());
  void reply.code(statusOf(error));
  return error.message;
}

/** The pages to sign in and to choose a password, over what the API is given. */
class SignInPages {
  private readonly dependencies: ApiDependencies;
  private readonly door: SignInDoor;
  private readonly encrypted: boolean;

  constructor(dependencies: ApiDependencies) {
    this.dependencies = dependencies;
    this.encrypted = dependencies.entrance.encrypted;
    const { accounts } = dependencies.store;
    this.door = { accounts, clock: dependencies.clock, encrypted: this.encrypted };
  }

  /** `GET /login`. */
  show(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return this.form(request, reply, { next: nextOf(request), problem: null });
  }

  private form(
    request: FastifyRequest,
    reply: FastifyReply,
    about: { readonly next: string; readonly problem: string | null },
  ): FastifyReply {
    const { encrypted } = this;
    const known = readCookie(request, 'visit', encrypted);
    const secret = known ?? newSecret();
    if (known === null) setCookie(reply, { kind: 'visit', secret, encrypted });
    const issuer = this.dependencies.issuer?.name ?? null;
    return sendPage(reply, signInPage({ formToken: formTokenOf(secret), issuer, ...about }));
  }

  /** `POST /login`: who signs in gets a session of a new id, and the one that they had ends. */
  async signIn(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { token, id, password, next } = formOf(request, signInForm);
    requireFormToken(token, readCookie(request, 'visit', this.encrypted));
    const address = addressOf(request, this.dependencies.entrance.behindProxy);
    const former = await visitorOf(request, this.door);
    let signedIn: SignedIn;
    try {
      signedIn = await signIn(this.dependencies, { id, password, address, former });
    } catch (error) {
      const problem = shownAgain(error, reply);
      request.log.warn({ address, reason: problem }, 'a sign-in was refused');
      return this.form(request, reply, { next, problem });
    }
    return this.enter(reply, signedIn, next);
  }

  private enter(reply: FastifyReply, { secret, mustChoose }: SignedIn, next: string): FastifyReply {
    setCookie(reply, { kind: 'session', secret, encrypted: this.encrypted });
    return sendOn(reply, mustChoose ? `/password?next=${encodeURIComponent(next)}` : next);
  }

  /** `POST /logout`. */
  async signOut(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { token } = formOf(request, signOutForm);
    const { secret, session } = visitorOn(request);
    requireFormToken(token, secret);
    await this.dependencies.store.accounts.end(session.sha256);
    setCookie(reply, { kind: 'session', secret: null, encrypted: this.encrypted });
    return sendOn(reply, '/login');
  }

  /** `GET /password`. */
  async showPassword(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const visitor = visitorOn(request);
    const account = await this.dependencies.store.accounts.get(visitor.person.id);
    if (account?.secret === null) return sendPage(reply, noPasswordPage(readerOf(visitor)));
    return this.passwordForm(request, reply, { next: nextOf(request), problem: null });
  }

  private passwordForm(
    request: FastifyRequest,
    reply: FastifyReply,
    about: { readonly next: string; readonly problem: string | null },
  ): FastifyReply {
    const visitor = visitorOn(request);
    const page = passwordPage({
      reader: readerOf(visitor),
      mustChoose: visitor.session.mustChoose,
      charactersMin: SIGN_IN.passwordCharactersMin,
      ...about,
    });
    return sendPage(reply, page);
  }

  /** `POST /password`. */
  async changePassword(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const form = formOf(request, passwordForm);
    const visitor = visitorOn(request);
    requireFormToken(form.token, visitor.secret);
    const address = addressOf(request, this.dependencies.entrance.behindProxy);
    let signedIn: SignedIn;
    try {
      signedIn = await changePassword(this.dependencies, {
        ...form,
        person: visitor.person,
        address,
      });
    } catch (error) {
      return this.passwordForm(request, reply, {
        next: form.next,
        problem: shownAgain(error, reply),
      });
    }
    return this.enter(reply, signedIn, form.next);
  }
}

/** Registers signing in and out, and choosing a password. */
export function registerSignIn(app: FastifyInstance, dependencies: ApiDependencies): void {
  const pages = new SignInPages(dependencies);
  const summary = (text: string) => ({ schema: { summary: `Page: ${text}` } });
  pageScope(app, {
    pages: (scope) => {
      scope.get(
        '/login',
        { ...summary('sign in'), config: { access: 'public' } },
        (request, reply) => pages.show(request, reply),
      );
      scope.get(
        '/password',
        { ...summary('choose a password'), config: { access: 'page' } },
        (request, reply) => pages.showPassword(request, reply),
      );
    },
    forms: (scope) => {
      scope.post(
        '/login',
        { ...summary('sign in'), config: { access: 'public' } },
        (request, reply) => pages.signIn(request, reply),
      );
      scope.post(
        '/logout',
        { ...summary('sign out'), config: { access: 'page' } },
        (request, reply) => pages.signOut(request, reply),
      );
      scope.post(
        '/password',
        { ...summary('choose a password'), config: { access: 'page' } },
        (request, reply) => pages.changePassword(request, reply),
      );
    },
  });
}
