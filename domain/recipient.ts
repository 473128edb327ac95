/** How one mail stands with one of its recipients; only the first and the last are tried again. */
export const RECIPIENT_STATES = ['waiting', 'accepted', 'refused', 'unknown'] as const;

/** One person's address in one mail, with what the relay said of it. */
export interface Recipient {
  readonly address: string;
  /**
   * `waiting`: not tried, or refused for now. `accepted`: the relay took the mail for them. `refused`: for good. `unknown`: sent, and no
   * answer came, so that they may have it.
   */
  readonly state: (typeof RECIPIENT_STATES)[number];
  /** Tries that ended with this recipient refused for now or unknown. */
  readonly attempts: number;
  /** What the relay said last when it refused; null when it said nothing. */
  readonly said: string | null;
}

/** What a relay answered for the recipients of one try. */
export interface RelayAnswer {
  readonly accepted: readonly string[];
  readonly rejected: readonly {
    readonly address: string;
    readonly permanent: boolean;
    readonly said: string;
  }[];
}

/** Tries for a recipient who is refused for now; with a minute between them, an hour. */
export const REFUSALS_MAX = 60;
/** Copies of a mail that a recipient may get because no answer came. */
export const COPIES_MAX = 3;

/** The recipients of a mail that nobody has tried to send. */
export function newRecipients(addresses: readonly string[]): readonly Recipient[] {
  return [...new Set(addresses)].map((address) => ({
    ...{ address, state: 'waiting', attempts: 0, said: null },
  }));
}

/** True for a recipient to whom the mail is still to be sent. */
export function isDue({ state, attempts }: Recipient): boolean {
  return state === 'waiting' || (state === 'unknown' && attempts < COPIES_MAX);
}

function answered(recipient: Recipient, answer: RelayAnswer): Recipient {
  const { address } = recipient;
  const attempts = recipient.attempts + 1;
  const refusal = answer.rejected.find((one) => one.address === address);
  if (refusal !== undefined) {
    const isOver = refusal.permanent || attempts >= REFUSALS_MAX;
    return { address, state: isOver ? 'refused' : 'waiting', attempts, said: refusal.said };
  }
  return answer.accepted.includes(address) ? { ...recipient, state: 'accepted' } : recipient;
}

/** The recipients after a relay answered for some of them; who was not tried, or had an end before, stays as they were. */
export function afterAnswer(
  recipients: readonly Recipient[],
  answer: RelayAnswer,
): readonly Recipient[] {
  return recipients.map((one) => (isDue(one) ? answered(one, answer) : one));
}

/** The recipients after a mail to `tried` got no answer: they may have it. */
export function afterSilence(
  recipients: readonly Recipient[],
  tried: readonly string[],
): readonly Recipient[] {
  return recipients.map((one) =>
    isDue(one) && tried.includes(one.address)
      ? { ...one, state: 'unknown', attempts: one.attempts + 1 }
      : one,
  );
}
