/** Who signs our mail, and with what. */
export interface DkimSettings {
  readonly domain: string;
  readonly selector: string;
  /** RSA, PEM. */
  readonly privateKey: string;
}

/** How mail is sent; from the environment. */
export interface MailSettings {
  /** `smtp://` or `smtps://`, with user and password when the relay wants them. */
  readonly url: string;
  /** `address` or `Name <address>`. */
  readonly from: string;
  /** PEM file of the relay's authority; null trusts the public ones. */
  readonly caFile: string | null;
  /** Null: the relay signs, or nobody. */
  readonly dkim: DkimSettings | null;
}

/** The mail connector's configuration. */
export function mailConnectorConfig({ url, from, caFile, dkim }: MailSettings): object {
  return {
    ...{ url, from },
    ...(caFile === null ? {} : { caFile }),
    ...(dkim === null ? {} : { dkim }),
  };
}
