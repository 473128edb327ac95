// Goal: nobody who has a mail gets it again, nobody is tried for ever, and an end once reached stays.
// Method: random answers of a relay over random recipients, against the laws; then each end by example.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterAnswer,
  afterSilence,
  COPIES_MAX,
  isDue,
  newRecipients,
  REFUSALS_MAX,
  type Recipient,
} from './recipient.ts';

const PEOPLE = ['ann@lab.test', 'bob@lab.test', 'cy@lab.test'];
const REPLIES = ['accept', 'later', 'never', 'silence'] as const;

/** One try to everybody who is due, each person answered as `replies` says; silence is for the whole mail. */
function tryOnce(
  recipients: readonly Recipient[],
  replies: readonly (typeof REPLIES)[number][],
): { readonly tried: readonly string[]; readonly after: readonly Recipient[] } {
  const tried = recipients.filter(isDue).map(({ address }) => address);
  if (replies.includes('silence')) return { tried, after: afterSilence(recipients, tried) };
  const replyTo = (address: string) => replies[PEOPLE.indexOf(address)];
  const after = afterAnswer(recipients, {
    accepted: tried.filter((address) => replyTo(address) === 'accept'),
    rejected: tried
      .filter((address) => replyTo(address) !== 'accept')
      .map((address) => ({ address, permanent: replyTo(address) === 'never', said: 'no' })),
  });
  return { tried, after };
}

describe('recipients', () => {
  test('whoever has an end keeps it and is not tried again; everybody has one in time', () => {
    const reply = fc.constantFrom(...REPLIES);
    fc.assert(
      fc.property(fc.array(fc.tuple(reply, reply, reply), { maxLength: 30 }), (rounds) => {
        let recipients = newRecipients(PEOPLE);
        for (const replies of rounds) {
          const { tried, after } = tryOnce(recipients, replies);
          for (const [index, before] of recipients.entries()) {
            if (isDue(before)) continue;
            expect(tried).not.toContain(before.address);
            expect(after[index]).toEqual(before);
          }
          recipients = after;
        }
        let left = REFUSALS_MAX + COPIES_MAX;
        while (recipients.some(isDue) && left > 0) {
          left -= 1;
          recipients = tryOnce(recipients, ['later', 'later', 'later']).after;
        }
        expect(recipients.filter(isDue)).toEqual([]);
      }),
    );
  });

  test('silence leaves at most so many copies, and is never an acceptance', () => {
    let recipients = newRecipients(['ann@lab.test']);
    let copies = 0;
    while (recipients.some(isDue) && copies < 100) {
      copies += 1;
      recipients = afterSilence(recipients, ['ann@lab.test']);
    }
    expect(copies).toBe(COPIES_MAX);
    expect(recipients).toMatchObject([{ state: 'unknown' }]);
  });

  test('each is asked for once', () => {
    expect(newRecipients(['a@b.test', 'a@b.test'])).toHaveLength(1);
  });
});
