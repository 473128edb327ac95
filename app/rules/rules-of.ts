import type { Configuration, PersonConfiguration } from '../../domain/configuration.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { BOOTSTRAP_ADMIN, RULE_KEYS, type RulePerson, type Rules } from '../../domain/rules.ts';
import { digestOf } from '../../evidence/digest.ts';
import type { PlaybookTable } from '../../store/tables.ts';
import type { Person } from '../../store/person-table.ts';

/**
 * The rules that a configuration file and the playbooks beside it ask for. Who was added by hand stays, as the rules
 * before know them.
 */
export function rulesOfFile(
  file: Configuration,
  playbooks: readonly PinnedPlaybook[],
  byHand: readonly RulePerson[],
): Rules {
  const { inventory, selectionRules, routes, storm, caps, changeDelaySeconds } = file;
  const named = new Set(file.people.map(({ id }) => id));
  return {
    ...{ inventory, selectionRules, routes, storm, caps, changeDelaySeconds },
    people: [
      ...file.people.map((person) => ({ ...person, active: true, origin: 'file' as const })),
      ...byHand.filter(({ id, origin }) => origin === 'hand' && !named.has(id)),
    ],
    playbooks: playbooks.map(({ playbook, digest }) => ({ name: playbook.name, digest })),
  };
}

/** People whom administrators added before there were rules. */
export function peopleByHand(rows: readonly Person[]): readonly RulePerson[] {
  return rows
    .filter(({ id, active }) => active && id !== BOOTSTRAP_ADMIN)
    .map((person) => ({ ...person, origin: 'hand' as const }));
}

function personOf(person: RulePerson): PersonConfiguration {
  const { id, name, roles, grants, slackUser, identity, mail } = person;
  return {
    ...{ id, name, roles, slackUser, mail },
    ...(grants === undefined ? {} : { grants }),
    ...(identity === undefined ? {} : { identity }),
  };
}

/** A person of the rules as the API knows them. */
export function rowOf(person: RulePerson): Person {
  return { ...personOf(person), active: person.active };
}

/** A configuration in which the rules are those in force, whatever its file says; null: none are, so nothing is known. */
export function withRules(file: Configuration, rules: Rules | null): Configuration {
  if (rules === null) return { ...file, inventory: [], selectionRules: [], routes: [], people: [] };
  const { inventory, selectionRules, routes, storm, caps, changeDelaySeconds } = rules;
  const people = rules.people.filter(({ active }) => active).map(personOf);
  return {
    ...{ ...file, inventory, selectionRules, routes, storm, caps, changeDelaySeconds },
    people,
  };
}

/** True for a top-level key of the file that is a rule. */
export function isRuleKey(key: string): boolean {
  return RULE_KEYS.some((one) => one === key);
}

/**
 * The playbooks of the rules: a file of the very digest, else the row. One that is nowhere as it was approved is left
 * out: a route that names it then cannot be followed.
 */
export async function playbooksOf(
  rules: Pick<Rules, 'playbooks'>,
  files: readonly PinnedPlaybook[],
  rows: Pick<PlaybookTable, 'get'>,
): Promise<readonly PinnedPlaybook[]> {
  const found = await Promise.all(
    rules.playbooks.map(async ({ digest }) => {
      const file = files.find((one) => one.digest === digest);
      if (file) return file;
      const row = await rows.get(digest);
      return row !== null && digestOf(row.playbook) === digest ? row : null;
    }),
  );
  return found.filter((one) => one !== null);
}
