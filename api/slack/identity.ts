import type { Actor } from '../../domain/decision.ts';
import { AppError } from '../../domain/error.ts';
import { SCOPES } from '../../domain/scope.ts';
import type { PersonTable } from '../../store/person-table.ts';
import type { Caller } from '../auth.ts';
import type { SlackUser } from './door.ts';

/** The name of this door. */
export const SLACK = 'slack';

/** The name under which a person's entry has this member of a workspace. */
export function slackIdentityOf({ team, user }: SlackUser): string {
  return `${team}/${user}`;
}

/**
 * The person behind a member of a workspace, read afresh: who was deactivated is nobody. Raises `unauthorized` with what to tell
 * an administrator.
 */
export async function slackCaller(
  people: Pick<PersonTable, 'bySlackUser'>,
  who: SlackUser,
): Promise<Caller> {
  const identity = slackIdentityOf(who);
  const person = await people.bySlackUser(identity);
  if (person?.active !== true) {
    const command = `firebreak user add ID --slack ${identity}`;
    throw new AppError(
      'unauthorized',
      `Firebreak does not know you here. Ask an administrator to put slackUser: ${identity} into your entry under people, or to run: ${command}`,
    );
  }
  // Slack proves who clicked, as a token of their own would.
  return { person, canApprove: true, scopes: SCOPES };
}

/** Who acts, through this door. */
export function slackActor({ person }: Caller): Actor {
  return { person: person.id, name: person.name, roles: person.roles, channel: SLACK };
}
