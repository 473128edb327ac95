import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError, isAppError } from '../../domain/error.ts';
import { messagePage } from '../../render/page.ts';
import { CALLBACK_PATH, ISSUER_PATH, signedInPage } from '../../render/sign-in-page.ts';
import type { ApiDependencies } from '../dependencies.ts';
import type { Issuer } from '../issuer.ts';
import { beginAtIssuer, finishAtIssuer } from '../issuer-sign-in.ts';
import { addressOf } from '../page/address.ts';
import { readCookie, setCookie } from '../page/cookie.ts';
import { ownPath, pageScope, sendOn, sendPage } from '../page/page-scope.ts';
import { visitorOf } from '../page/visitor.ts';
import { retryAfterOf, statusOf } from '../problem.ts';

const nextQuery = z.object({ next: z.unknown().optional() });

/** Signing in at an issuer, over what the API is given. Without an issuer there is nothing at these paths. */
class IssuerPages {
  private readonly dependencies: ApiDependencies;
  private readonly encrypted: boolean;

  constructor(dependencies: ApiDependencies) {
    this.dependencies = dependencies;
    this.encrypted = dependencies.entrance.encrypted;
  }

  private given(): ApiDependencies & { readonly issuer: Issuer } {
    const { issuer } = this.dependencies;
    if (issuer === undefined) throw new AppError('not_found', 'There is nothing here.');
    return { ...this.dependencies, issuer };
  }

  private address(request: FastifyRequest): string {
    return addressOf(request, this.dependencies.entrance.behindProxy);
  }

  /** `GET /login/issuer`: on to the issuer. */
  async begin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const given = this.given();
    const { encrypted } = this;
    const { accounts } = given.store;
    const former = await visitorOf(request, { accounts, clock: given.clock, encrypted });
    const next = ownPath(nextQuery.parse(request.query).next);
    return this.orTell(request, reply, async () => {
      const { secret, address } = await beginAtIssuer(given, {
        ...{ next, address: this.address(request) },
        former: former?.session.sha256 ?? null,
      });
      setCookie(reply, { kind: 'pending', secret, encrypted });
      return sendOn(reply, address.href);
    });
  }

  /** `GET /login/issuer/callback`: whoever the issuer proves, when the rules name them. */
  async finish(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const given = this.given();
    const { encrypted } = this;
    const pending = readCookie(request, 'pending', encrypted);
    // Whatever comes of it, the secret was for this one answer.
    setCookie(reply, { kind: 'pending', secret: null, encrypted });
    return this.orTell(request, reply, async () => {
      const { secret, next } = await finishAtIssuer(given, {
        ...{ secret: pending, address: this.address(request), log: request.log },
        query: request.url.split('?')[1] ?? '',
      });
      setCookie(reply, { kind: 'session', secret, encrypted });
      // A redirect would still count as coming from the issuer's site, and the browser would keep the new cookie back.
      void reply.header('refresh', `0; url=${next}`);
      return sendPage(reply, signedInPage(next));
    });
  }

  /** Does it, or says on a page why not; the log has the exact reason. */
  private async orTell(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<FastifyReply>,
  ): Promise<FastifyReply> {
    try {
      return await work();
    } catch (error) {
      if (!isAppError(error) || error.code === 'internal') throw error;
      const { message, details } = error;
      const about = { address: this.address(request), ...(details ?? { reason: message }) };
      request.log.warn(about, 'a sign-in at the issuer was refused');
      const retryAfter = retryAfterOf(error);
      if (retryAfter !== null) void reply.header('retry-after', retryAfter.toString());
      const next = { url: '/login', label: 'To the page to sign in' };
      const page = messagePage('You are not signed in', null, { text: message, next });
      return sendPage(reply.code(statusOf(error)), page);
    }
  }
}

/** Registers signing in at an issuer. */
export function registerIssuer(app: FastifyInstance, dependencies: ApiDependencies): void {
  const pages = new IssuerPages(dependencies);
  const route = (text: string) => ({
    schema: { summary: `Page: ${text}` },
    config: { access: 'public' as const },
  });
  pageScope(app, {
    pages: (scope) => {
      scope.get(ISSUER_PATH, route('on to the issuer'), (request, reply) =>
        pages.begin(request, reply),
      );
      scope.get(CALLBACK_PATH, route('back from the issuer'), (request, reply) =>
        pages.finish(request, reply),
      );
    },
    forms: () => undefined,
  });
}
