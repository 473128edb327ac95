import type { Configuration } from '../domain/configuration.ts';
import { DEFAULT_ESCALATION, type Escalation } from '../domain/escalation.ts';
import { onCallBy, type OnCallSchedule } from '../domain/on-call.ts';
import { remindOfClocks, type ClockRemindersOptions } from './clock-reminders.ts';
import { sendDigest, type DigestOptions } from './digest.ts';
import { escalate, type EscalationOptions } from './escalation.ts';
import type { Live } from './live.ts';
import { recordOnCall, type OnCallRecordOptions } from './on-call-record.ts';
import { readCalendars, type ReadCalendarsOptions } from './read-calendars.ts';
import { draftUpdates, type StakeholderUpdatesOptions } from './stakeholder-updates.ts';

/** What the minute's round tells people with. */
export type TellingOptions = ClockRemindersOptions &
  Omit<OnCallRecordOptions, 'schedules' | 'calendars'> &
  Omit<ReadCalendarsOptions, 'schedules'> &
  Omit<EscalationOptions, 'ladder' | 'onCall' | 'written'> &
  Omit<StakeholderUpdatesOptions, 'audiences'> &
  Omit<DigestOptions, 'audiences' | 'digest'> & { readonly live: Live };

/**
 * What people are told each minute: deadlines that come near, whom the ladder calls next by the calendars as they are read
 * before, updates and digests that are due. Ladder and schedules are those of the configuration as it is now, audiences those of the start.
 */
export async function tellPeople(
  options: TellingOptions,
  { updates: audiences, digest }: Pick<Configuration, 'updates' | 'digest'>,
): Promise<void> {
  const { live } = options;
  const schedules = (): readonly OnCallSchedule[] => live.configuration().onCall ?? [];
  const ladder = (): Escalation => live.configuration().escalation ?? DEFAULT_ESCALATION;
  await remindOfClocks(options);
  const calendars = await readCalendars({ ...options, schedules });
  await recordOnCall({ ...options, schedules, calendars });
  const written = (): Configuration['inventory'] => live.configuration().inventory;
  await escalate({ ...options, ladder, written, onCall: onCallBy(schedules, calendars) });
  await draftUpdates({ ...options, audiences });
  await sendDigest({ ...options, audiences, digest });
}
