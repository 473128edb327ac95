import { html, type Html } from './html.ts';
import { sitePage, tokenField, type PageReader } from './page.ts';

/** Where a sign-in at an issuer begins. */
export const ISSUER_PATH = '/login/issuer';
/** Where the issuer sends people back to; it has to know this very address. */
export const CALLBACK_PATH = '/login/issuer/callback';

/** What the page to sign in shows. */
export interface SignInPage {
  readonly formToken: string;
  /** Where the person wanted to go; one of our own paths. */
  readonly next: string;
  /** Why the last attempt did not succeed; null on the first. */
  readonly problem: string | null;
  /** The host of the issuer where people sign in; null where there is none. */
  readonly issuer: string | null;
}

/** The way to the issuer. A link: forms of ours lead nowhere but to us. */
function issuerPart(issuer: string, next: string): Html {
  return html`<p>
      <a class="button yes" href="${ISSUER_PATH}?next=${encodeURIComponent(next)}"
        >Sign in at ${issuer}</a
      >
    </p>
    <p class="quiet">Or with a password of yours here:</p>`;
}

/** The page on which a person signs in. */
export function signInPage({ formToken, next, problem, issuer }: SignInPage): string {
  return sitePage(
    'Sign in',
    null,
    html`<div class="narrow">
      <h1>Sign in</h1>
      ${problem === null ? null : html`<p class="note" role="alert">${problem}</p>`}
      ${issuer === null ? null : issuerPart(issuer, next)}
      <form method="post" action="/login">
        ${tokenField(formToken)}
        <input type="hidden" name="next" value="${next}" />
        <label for="id">Your id</label>
        <input
          id="id"
          name="id"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          autofocus
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        <div class="choice"><button class="yes">Sign in</button></div>
      </form>
      <p class="quiet">
        You have signed in already and came by a link? <a href="${next}">Go on</a>. An administrator
        makes your first password: <code>firebreak user password ID</code>.
      </p>
    </div>`,
  );
}

/** The page after a sign-in at an issuer; sent with a `Refresh` to `next`, for whoever's browser does not follow it. */
export function signedInPage(next: string): string {
  return sitePage(
    'Signed in',
    null,
    html`<h1>You are signed in</h1>
      <p><a href="${next}">Go on</a></p>`,
  );
}

/** The page on which somebody would choose a password who has none, and signs in elsewhere. */
export function noPasswordPage(reader: PageReader): string {
  return sitePage(
    'No password',
    reader,
    html`<div class="narrow">
      <h1>You have no password here</h1>
      <p>You sign in at your issuer, and need none.</p>
      <p class="quiet">
        For when it is down, a token of yours makes one:
        <code>firebreak user password ${reader.person}</code>.
      </p>
    </div>`,
  );
}

/** What the page to choose a password shows. */
export interface PasswordPage {
  readonly reader: PageReader;
  readonly next: string;
  /** True when the present password was made by somebody else. */
  readonly mustChoose: boolean;
  readonly problem: string | null;
  readonly charactersMin: number;
}

/** The page on which a person chooses a password. */
export function passwordPage({
  reader,
  next,
  mustChoose,
  problem,
  charactersMin,
}: PasswordPage): string {
  const why = mustChoose
    ? 'The one you used was made for you: choose one that nobody else knows.'
    : 'Every other session of yours ends with the change.';
  return sitePage(
    'Choose a password',
    reader,
    html`<div class="narrow">
      <h1>Choose a password</h1>
      <p>${why}</p>
      ${problem === null ? null : html`<p class="note" role="alert">${problem}</p>`}
      <form method="post" action="/password">
        ${tokenField(reader.formToken)}
        <input type="hidden" name="next" value="${next}" />
        <input type="text" value="${reader.person}" autocomplete="username" readonly hidden />
        <label for="current">Present password</label>
        <input
          id="current"
          name="current"
          type="password"
          autocomplete="current-password"
          required
        />
        <label for="password">New password, at least ${charactersMin} characters</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          minlength="${charactersMin}"
          required
        />
        <label for="again">The same again</label>
        <input id="again" name="again" type="password" autocomplete="new-password" required />
        <div class="choice"><button class="yes">Change it</button></div>
      </form>
    </div>`,
  );
}
