import type { FastifyInstance } from 'fastify';
import { AppError } from '../domain/error.ts';
import type { Role } from '../domain/approval.ts';
import type { ApiDependencies } from './dependencies.ts';
import { addPerson } from './test-api.ts';
import type { Memory } from './test-memory.ts';

/** What a page answered. */
export interface Shown {
  readonly status: number;
  readonly body: string;
  readonly location: string | null;
  readonly headers: Readonly<Record<string, unknown>>;
}

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#96;': '`' },
};

function decoded(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|#96);/gu, (entity) => ENTITIES[entity] ?? entity);
}

/** The hidden fields of the form that is sent to `action`, as a browser would send them; null when there is no such form. */
export function hiddenFields(body: string, action: string): Record<string, string> | null {
  const form = body.split('<form').find((part) => part.includes(`action="${action}"`));
  const [inside] = form?.split('</form>') ?? [];
  if (inside === undefined) return null;
  const fields = [
    ...inside.matchAll(/<input\s+type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"/gu),
  ];
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, decoded(value)]));
}

/** A browser as far as our pages need one: it keeps cookies, and sends forms with their hidden fields. */
export class TestBrowser {
  readonly cookies = new Map<string, string>();
  /** Names of cookies that are sent only with what our own pages lead to. */
  private readonly strict = new Set<string>();
  private readonly app: FastifyInstance;

  constructor(app: FastifyInstance) {
    this.app = app;
  }

  async get(url: string): Promise<Shown> {
    return this.send({ method: 'GET', url });
  }

  /** Opens a page as somebody whom another site sent here. */
  async comeFromElsewhere(url: string): Promise<Shown> {
    return this.send({ method: 'GET', url }, (name) => !this.strict.has(name));
  }

  /** Sends a form as it is. */
  async post(
    url: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Shown> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const payload = new URLSearchParams(fields).toString();
    return this.send({ method: 'POST', url, payload, headers: { ...type, ...headers } });
  }

  /** Opens a page and sends the form on it that goes to `action`, filled in. Raises `not_found` when there is none. */
  async submit(
    page: string,
    action: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<Shown> {
    const hidden = hiddenFields((await this.get(page)).body, action);
    if (hidden === null)
      throw new AppError('not_found', `There is no form to ${action} on ${page}.`);
    return this.post(action, { ...hidden, ...fields });
  }

  signIn(id: string, password: string, next = '/approvals'): Promise<Shown> {
    return this.submit(`/login?next=${encodeURIComponent(next)}`, '/login', { id, password });
  }

  private async send(
    request: {
      readonly method: 'GET' | 'POST';
      readonly url: string;
      readonly payload?: string;
      readonly headers?: Readonly<Record<string, string>>;
    },
    goesAlong: (cookie: string) => boolean = () => true,
  ): Promise<Shown> {
    const cookie = [...this.cookies]
      .filter(([name]) => goesAlong(name))
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    const reply = await this.app.inject({
      ...request,
      headers: { ...(cookie === '' ? {} : { cookie }), ...request.headers },
    });
    for (const line of [reply.headers['set-cookie'] ?? []].flat()) this.keep(line);
    const { location } = reply.headers;
    return {
      ...{ status: reply.statusCode, body: reply.body, headers: reply.headers },
      location: typeof location === 'string' ? location : null,
    };
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = '', value = ''] = pair.split('=');
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, value);
    if (attributes.includes('SameSite=Strict')) this.strict.add(name);
  }
}

/** A password that does. */
export const PASSWORD = 'a good long password';

/** Adds a person with a token and a password of their own. */
export async function addAccount(
  { memory, dependencies }: { readonly memory: Memory; readonly dependencies: ApiDependencies },
  id: string,
  roles: readonly Role[],
): Promise<void> {
  addPerson(memory, id, roles);
  await dependencies.store.accounts.put({
    ...{ personId: id, endsAt: null, canApprove: true },
    secret: await dependencies.passwords.keep(PASSWORD),
    madeAt: dependencies.clock().toISOString(),
  });
}
