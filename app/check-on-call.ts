import type { Configuration } from '../domain/configuration.ts';
import { onCallAt } from '../domain/on-call.ts';
import { bad, good, type Check } from './finding.ts';

/** Who is on call now by each schedule of the file, and whether a message could reach them. */
export function checkOnCall(
  { onCall = [], people }: Pick<Configuration, 'onCall' | 'people'>,
  now: Date,
): readonly Check[] {
  return onCall.map((schedule): Check => {
    const name = `on call by ${schedule.name}`;
    const { people: ids, until, reason } = onCallAt(schedule, now.getTime());
    if (ids.length === 0) {
      return bad(name, `nobody: ${reason ?? 'no reason given'}`, 'Begin the rotation earlier.');
    }
    const detail = `${ids.join(', ')} until ${until ?? 'an unknown time'}`;
    const deaf = people.filter(
      ({ id, mail, slackUser }) => ids.includes(id) && mail === null && slackUser === null,
    );
    if (deaf.length === 0) return good(name, detail);
    return bad(
      name,
      `${detail}, who has neither mail nor slackUser`,
      'Give them one under people.',
    );
  });
}
