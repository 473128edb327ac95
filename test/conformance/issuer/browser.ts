import { AppError } from '../../../domain/error.ts';

/** More pages than this between a question and its answer mean that nobody gets anywhere. */
const PAGES_MAX = 16;

/** Who signs in, what their browser keeps of the issuer, and where it is sent back to. */
interface Visit {
  readonly subject: string | null;
  readonly cookies: Map<string, string>;
  readonly until: string;
}

/** What a browser does next. */
interface Step {
  readonly url: string;
  readonly form?: URLSearchParams;
}

const plain = (text: string): string => text.replaceAll('&amp;', '&');

function keepCookies(cookies: Map<string, string>, reply: Response): void {
  for (const line of reply.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/u.exec(line) ?? [];
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}

async function send({ url, form }: Step, cookies: Map<string, string>): Promise<Response> {
  const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
  const posted = form === undefined ? {} : { method: 'POST', body: form };
  const reply = await fetch(url, { ...posted, headers: { cookie }, redirect: 'manual' });
  keepCookies(cookies, reply);
  return reply;
}

/** The one form of a page, with its hidden fields; of a page to sign in on, filled in. */
function formOf(page: string, subject: string): Step & { readonly asks: boolean } {
  const action = /<form[^>]* action="([^"]+)"/u.exec(page)?.[1];
  if (action === undefined) throw new AppError('bad_reply', `There is no form: ${page}`);
  const form = new URLSearchParams();
  const hidden = /<input type="hidden" name="([^"]*)" value="([^"]*)"/gu;
  for (const [, name = '', value = ''] of page.matchAll(hidden)) form.set(name, value);
  const asks = page.includes('name="password"');
  if (asks) form.set('login', subject);
  if (asks) form.set('password', 'any does here');
  return { url: plain(action), form, asks };
}

/** What somebody does who declines. */
function cancelOf(page: string): Step {
  const cancel = /href="([^"]+\/abort)"/u.exec(page)?.[1];
  if (cancel === undefined) throw new AppError('bad_reply', `Nobody can decline: ${page}`);
  return { url: plain(cancel) };
}

/**
 * Signs somebody in on the pages of the provider as a browser without scripts does, and answers where it is sent back to. Raises
 * `bad_reply` for a page that leads nowhere, and when nobody was asked to sign in before the answer came.
 */
export async function signInByHand(address: string, visit: Visit): Promise<string> {
  const { subject, cookies, until } = visit;
  let step: Step = { url: address };
  let asked = false;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const reply = await send(step, cookies);
    const page = await reply.text();
    const to = reply.headers.get('location');
    if (to?.startsWith(until) === true) {
      if (!asked) throw new AppError('bad_reply', 'Nobody was asked to sign in.');
      return to;
    }
    if (to !== null) {
      step = { url: new URL(to, step.url).href };
    } else if (subject === null) {
      asked = true;
      step = cancelOf(page);
    } else {
      const { asks, ...form } = formOf(page, subject);
      asked ||= asks;
      step = form;
    }
  }
  throw new AppError('bad_reply', 'The pages of the issuer lead nowhere.');
}
