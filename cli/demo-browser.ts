import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { DemoPerson } from './demo-person.ts';

const WITHIN_MS = 20_000;
/** What the person chooses at the first sign-in; the demo's pages are of this machine alone. */
const CHOSEN = 'a password of the demo';

const passwordReply = z.object({ password: z.string() });

const ENTITIES: Readonly<Record<string, string>> = {
  ...{ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#96;': '`' },
};

function decoded(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39|#96);/gu, (entity) => ENTITIES[entity] ?? entity);
}

/** The hidden fields of the form on a page that is sent to `action`. Raises `bad_reply` when there is none. */
export function hiddenFieldsOf(page: string, action: string): Readonly<Record<string, string>> {
  const form = page.split('<form').find((part) => part.includes(`action="${action}"`));
  const [inside] = form?.split('</form>') ?? [];
  if (inside === undefined) throw new AppError('bad_reply', `The page has no form to ${action}.`);
  const fields = inside.matchAll(/<input\s+type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"/gu);
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, decoded(value)]));
}

/** A browser as far as the pages need one: it keeps cookies, and sends the forms that it was shown. */
export class DemoBrowser {
  private readonly cookies = new Map<string, string>();
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Opens a page and sends the form on it that goes to `action`, filled in. Raises `unavailable` for a page that does not open. */
  async submit(
    page: string,
    action: string,
    fields: Readonly<Record<string, string>>,
  ): Promise<void> {
    const hidden = hiddenFieldsOf(await this.send(page, null), action);
    await this.send(action, { ...hidden, ...fields });
  }

  private async send(path: string, form: Readonly<Record<string, string>> | null): Promise<string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(`${this.url}${path}`, {
      method: form === null ? 'GET' : 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(WITHIN_MS),
      headers: cookie === '' ? {} : { cookie },
      ...(form === null ? {} : { body: new URLSearchParams(form) }),
    });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    const text = await response.text();
    if (response.status < 400) return text;
    throw new AppError('unavailable', `${path}: ${response.status.toString()}`);
  }

  private keep(line: string): void {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}

/** Signs a person in with a password that an administrator makes for them, and that they change at once. */
export async function signedIn(
  url: string,
  admin: DemoPerson,
  personId: string,
): Promise<DemoBrowser> {
  const { password } = await admin.send('POST', `/people/${personId}/password`, {
    body: {},
    schema: passwordReply,
  });
  const browser = new DemoBrowser(url);
  await browser.submit('/login', '/login', { id: personId, password });
  const chosen = { current: password, password: CHOSEN, again: CHOSEN };
  await browser.submit('/password', '/password', chosen);
  return browser;
}
