/** How mail is sent; from the environment. */
export interface MailSettings {
  /** `smtp://` or `smtps://`, with user and password when the relay wants them. */
  readonly url: string;
  /** `address` or `Name <address>`. */
  readonly from: string;
}
