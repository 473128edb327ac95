import type { Logger } from 'pino';
import type { RuleDesk } from '../../api/dependencies.ts';
import type { ChangeView } from '../../api/schema/rule.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { AppError } from '../../domain/error.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { differencesBetween } from '../../domain/rule-difference.ts';
import { approvedBy } from '../../domain/rule-proof.ts';
import { rulesAsJson } from '../../domain/rule-tightening.ts';
import {
  BOOTSTRAP_ADMIN,
  earliestAt,
  type RuleChange,
  type RulePerson,
  type RuleRevision,
  type Rules,
} from '../../domain/rules.ts';
import { readRules } from '../../domain/rules-schema.ts';
import type { Store } from '../../store/tables.ts';
import type { Person } from '../../store/person-table.ts';
import { announce, type AnnouncementOptions } from './announcement.ts';
import type { Proposed, RuleChanges } from './changes.ts';
import type { RulesKeeper } from './keeper.ts';
import { peopleByHand, rulesOfFile } from './rules-of.ts';

/** Differences of one change that are shown. */
const DIFFERENCES_MAX = 500;

/** What the desk of the API works with. */
export interface DeskOptions extends AnnouncementOptions {
  readonly store: Store;
  readonly keeper: RulesKeeper;
  readonly changes: RuleChanges;
  readonly verify: (payload: object, signature: string) => boolean;
  readonly playbooks: readonly PinnedPlaybook[];
  readonly log: Logger;
}

/** Where the API's process changes the rules. */
export interface OpenedDesk extends RuleDesk {
  /** Asks for what a configuration file says. */
  proposeFile(file: Configuration): Promise<Proposed>;
  /** Settles what is due and tells people what they were not told yet. */
  round(): Promise<void>;
}

async function viewOf(
  { store, verify }: Pick<DeskOptions, 'store' | 'verify'>,
  change: RuleChange,
): Promise<ChangeView> {
  const [base, answers] = await Promise.all([
    store.rules.revision(change.base),
    store.rules.answers(change.id),
  ]);
  if (base === null) throw new AppError('internal', 'A change names rules that are not there.');
  const before = readRules(base.rules);
  const after = readRules(change.rules);
  const all = differencesBetween(rulesAsJson(before), rulesAsJson(after));
  const { id, digest, status, statusReason, proposedBy, proposedAt } = change;
  return {
    ...{ id, digest, status, statusReason, proposedBy, proposedAt, base: change.base },
    notBefore: new Date(earliestAt(change, before)).toISOString(),
    approvedBy: [...approvedBy(change, answers, { verify })],
    differences: all.slice(0, DIFFERENCES_MAX),
    differencesLeftOut: Math.max(0, all.length - DIFFERENCES_MAX),
  };
}

/** Rules with one person added or changed; whoever stands in the file keeps standing there. */
function withPerson(rules: Rules, person: Person): Rules {
  const known = rules.people.find(({ id }) => id === person.id);
  const next: RulePerson = { ...person, origin: known?.origin ?? 'hand' };
  return {
    ...rules,
    people: known
      ? rules.people.map((one) => (one.id === person.id ? next : one))
      : [...rules.people, next],
  };
}

/** Opens the desk over what it works with. */
export function openDesk(options: DeskOptions): OpenedDesk {
  const { store, keeper, changes, playbooks, log } = options;
  const view = (change: RuleChange): Promise<ChangeView> => viewOf(options, change);
  const revision = (): RuleRevision => {
    const current = keeper.revision();
    if (current === null) throw new AppError('unavailable', 'No rules are in force yet.');
    return current;
  };
  const told = async (proposed: Proposed): Promise<ChangeView | null> => {
    const change = proposed.outcome === 'proposed' ? await view(proposed.change) : null;
    await announce(options, keeper.revision(), change === null ? [] : [change]);
    if (change !== null) log.warn({ change: change.id }, 'a change of the rules waits for people');
    return change;
  };
  const find = async (id: string): Promise<RuleChange> => {
    const change = await store.rules.change(id);
    if (change === null) throw new AppError('not_found', 'There is no such change.');
    return change;
  };
  return {
    revision,
    changes: async (status) => Promise.all((await store.rules.changes({ status })).map(view)),
    change: async (id) => view(await find(id)),
    answer: async (answer) => {
      const answered = await view(await changes.answer(answer));
      await announce(options, null, [answered]);
      return answered;
    },
    putPerson: async (person, by) => {
      if (person.id === BOOTSTRAP_ADMIN) {
        throw new AppError('refused', 'The bootstrap administrator is nobody whom rules name.');
      }
      return told(
        await changes.propose((before) => {
          if (before === null) throw new AppError('unavailable', 'No rules are in force yet.');
          return withPerson(before, person);
        }, by),
      );
    },
    proposeFile: async (file) => {
      const proposed = await changes.propose(async (before) => {
        const byHand = before?.people ?? peopleByHand(await store.people.list());
        return rulesOfFile(file, playbooks, byHand);
      }, null);
      await told(proposed);
      return proposed;
    },
    round: async () => {
      const waited = await store.rules.changes({ status: 'open' });
      await keeper.follow();
      await changes.settleDue();
      const now = await Promise.all(waited.map(async ({ id }) => view(await find(id))));
      await announce(options, keeper.revision(), now);
    },
  };
}
