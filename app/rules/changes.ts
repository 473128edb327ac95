import type { ChangeAnswer } from '../../api/dependencies.ts';
import { STEERING_ROLES } from '../../domain/admission.ts';
import { AppError } from '../../domain/error.ts';
import { sharedIdentity } from '../../domain/identity.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { approvedBy } from '../../domain/rule-proof.ts';
import { onlyTightens } from '../../domain/rule-tightening.ts';
import {
  BOOTSTRAP_ADMIN,
  CHANGE_QUORUM,
  earliestAt,
  isApproved,
  isArmed,
  signedAnswer,
  signedChange,
  signedRevision,
  type Ground,
  type RuleAnswer,
  type RuleChange,
  type RuleRevision,
  type Rules,
} from '../../domain/rules.ts';
import { readRules } from '../../domain/rules-schema.ts';
import { digestOf } from '../../evidence/digest.ts';
import type { Store, Tables } from '../../store/tables.ts';
import type { RulesKeeper } from './keeper.ts';
import { rowOf } from './rules-of.ts';

/** What became of rules that somebody asked for. */
export type Proposed =
  | { readonly outcome: 'unchanged' }
  | { readonly outcome: 'in-force'; readonly revision: RuleRevision }
  | { readonly outcome: 'proposed'; readonly change: RuleChange };

/** What changing the rules needs; only the API has a signer. */
export interface ChangeOptions {
  readonly store: Store;
  readonly keeper: RulesKeeper;
  readonly sign: (payload: object) => string;
  readonly verify: (payload: object, signature: string) => boolean;
  /** Playbooks as read from files; kept as rows, so that the rules can be followed when the files are others. */
  readonly playbooks: readonly PinnedPlaybook[];
  readonly now: () => Date;
  readonly newId: (prefix: string) => string;
}

/** The one way in which the rules change. Each call raises what the store raises. */
export interface RuleChanges {
  /**
   * Puts rules in force when they may be, else asks people about them. `make` is given the rules in force, null when
   * there are none, under a lock.
   */
  propose(
    make: (before: Rules | null) => Rules | Promise<Rules>,
    by: string | null,
  ): Promise<Proposed>;
  /** Raises `not_found`, `conflict` for what is no longer open or was not what was seen, `unauthorized`. */
  answer(answer: ChangeAnswer): Promise<RuleChange>;
  /** Puts in force what is approved and whose time has come; voids what is about rules that are no more. */
  settleDue(): Promise<void>;
}

interface Turn {
  readonly tables: Tables;
  readonly before: RuleRevision | null;
}

/** One turn after the other over all processes: each sees what the one before put in force. */
function inTurn<T>(options: ChangeOptions, work: (turn: Turn) => Promise<T>): Promise<T> {
  const { store, keeper } = options;
  return store
    .transaction(async (tables) => {
      await tables.rules.lock();
      await keeper.follow();
      return work({ tables, before: keeper.revision() });
    })
    .finally(() => keeper.follow());
}

/**
 * People as the API knows them follow the rules; the bootstrap administrator stands in none. Whoever's member of Slack is somebody else's
 * from now on gives it up first: a member is one person's at any moment, so that two people could not change places else.
 */
async function putPeople(tables: Tables, { people }: Rules): Promise<void> {
  const named = new Set(people.map(({ id }) => id));
  const members = new Map(people.map(({ id, slackUser }) => [slackUser, id]));
  for (const row of await tables.people.list()) {
    const stays = row.id === BOOTSTRAP_ADMIN || named.has(row.id);
    const isGiven = row.slackUser !== null && (members.get(row.slackUser) ?? row.id) !== row.id;
    const next = {
      ...row,
      active: row.active && stays,
      slackUser: isGiven ? null : row.slackUser,
    };
    if (isGiven || next.active !== row.active) await tables.people.put(next);
  }
  for (const person of people) await tables.people.put(rowOf(person));
}

async function putInForce(
  options: ChangeOptions,
  { tables, before }: Turn,
  next: {
    readonly rules: Rules;
    readonly ground: Ground;
    readonly changeId: string | null;
    readonly by: string | null;
  },
): Promise<RuleRevision> {
  const { rules, ground, changeId, by } = next;
  const unsigned = {
    // Above every row that is there, also one that proves nothing.
    number: ((await tables.rules.head()) ?? 0) + 1,
    base: before?.number ?? null,
    digest: digestOf(rules),
    ground,
    armed: isArmed(before, rules),
    changeId,
    by,
    formerPlaybooks: before === null ? await tables.playbooks.digests() : [],
    since: options.now().toISOString(),
  };
  const signature = options.sign(signedRevision(unsigned));
  const revision: RuleRevision = { ...unsigned, rules, signature };
  await tables.rules.add(revision);
  await putPeople(tables, rules);
  return revision;
}

/** Why rules may come into force without being asked about; null when people have to approve them. */
function groundOf(before: RuleRevision | null, rules: Rules): Ground | null {
  if (before === null) return 'first';
  if (!before.armed) return 'set-up';
  return onlyTightens(before.rules, rules) ? 'tightened' : null;
}

/** Raises `conflict` when two active people would be the same one of an issuer. */
function requireOwnIdentities({ people }: Rules): void {
  const shared = sharedIdentity(people);
  if (shared === null) return;
  const name = people[shared]?.id ?? '';
  throw new AppError('conflict', `Somebody else has the identity of ${name}.`, {
    field: 'identity',
  });
}

async function proposeInTurn(
  options: ChangeOptions,
  turn: Turn,
  asked: { readonly rules: Rules; readonly by: string | null },
): Promise<Proposed> {
  const { tables, before } = turn;
  const { by } = asked;
  // What nobody could follow must not come into force.
  const rules = readRules(asked.rules);
  requireOwnIdentities(rules);
  const digest = digestOf(rules);
  if (before === null && (await tables.rules.head()) !== null) {
    throw new AppError(
      'refused',
      'No stored revision of the rules proves itself: the approval key in the data folder is not the one that signed them.',
    );
  }
  for (const pinned of options.playbooks) await tables.playbooks.put(pinned);
  if (before !== null && digestOf(before.rules) === digest) return { outcome: 'unchanged' };
  const ground = groundOf(before, rules);
  if (ground !== null || before === null) {
    const next = { rules, ground: ground ?? 'first', changeId: null, by };
    return { outcome: 'in-force', revision: await putInForce(options, turn, next) };
  }
  const unsigned = {
    id: options.newId('chg'),
    base: before.number,
    digest,
    proposedBy: by,
    proposedAt: options.now().toISOString(),
  };
  const signature = options.sign(signedChange(unsigned));
  const { change } = await tables.rules.propose({ ...unsigned, rules, signature });
  return { outcome: 'proposed', change };
}

/** True when the change is approved and its time has come. */
function isDue(
  options: ChangeOptions,
  change: RuleChange,
  base: { readonly rules: Rules; readonly answers: readonly RuleAnswer[] },
): boolean {
  const people = approvedBy(change, base.answers, options);
  const isTime = options.now().getTime() >= earliestAt(change, base.rules);
  return isTime && isApproved(change, base.rules, people);
}

async function settleOne(options: ChangeOptions, turn: Turn, change: RuleChange): Promise<boolean> {
  const { tables, before } = turn;
  if (before === null || change.base !== before.number) {
    await tables.rules.settle(change.id, 'void', 'other rules came into force meanwhile');
    return false;
  }
  const answers = await tables.rules.answers(change.id);
  if (!isDue(options, change, { rules: before.rules, answers })) return false;
  const { id, rules, proposedBy } = change;
  await putInForce(options, turn, { rules, ground: 'approved', changeId: id, by: proposedBy });
  await tables.rules.settle(id, 'in-force', null);
  return true;
}

/** Raises `unauthorized` unless this person, by the rules in force, may answer so. */
function requireAnswerer({ verdict, caller }: ChangeAnswer, rules: Rules): void {
  const { id } = caller.person;
  const person = rules.people.find((one) => one.id === id && one.active);
  const needed = verdict === 'approve' ? CHANGE_QUORUM.roles : STEERING_ROLES;
  const roles = person?.roles ?? (id === BOOTSTRAP_ADMIN ? caller.person.roles : []);
  if (!roles.some((role) => needed.includes(role))) {
    throw new AppError('unauthorized', `Your roles do not allow you to ${verdict} this.`, {
      permission: `one of ${needed.join(', ')}`,
    });
  }
  if (verdict === 'approve' && (!caller.canApprove || person === undefined)) {
    throw new AppError('unauthorized', 'This token cannot approve; use one of your own.', {
      permission: 'a token that may approve',
    });
  }
}

/** The change, as far as it can be answered by this person. Raises what `answer` raises. */
async function answerable({ tables, before }: Turn, given: ChangeAnswer): Promise<RuleChange> {
  const change = await tables.rules.change(given.changeId);
  if (change === null) throw new AppError('not_found', 'There is no such change.');
  if (change.status !== 'open' || before === null || change.base !== before.number) {
    const status = change.status === 'open' ? 'void' : change.status;
    throw new AppError('conflict', `This change is ${status} already.`, { details: { status } });
  }
  if (change.digest !== given.digest) {
    throw new AppError('conflict', 'These are not the rules that you saw; look at them again.', {
      field: 'digest',
      details: { digest: change.digest },
    });
  }
  requireAnswerer(given, before.rules);
  return change;
}

async function answerInTurn(
  options: ChangeOptions,
  turn: Turn,
  given: ChangeAnswer,
): Promise<RuleChange> {
  const { tables } = turn;
  const change = await answerable(turn, given);
  const { verdict, reason } = given;
  const person = given.caller.person.id;
  const unsigned = {
    id: options.newId('ans'),
    changeId: change.id,
    digest: change.digest,
    ...{ verdict, person, reason },
    answeredAt: options.now().toISOString(),
  };
  await tables.rules.answer({ ...unsigned, signature: options.sign(signedAnswer(unsigned)) });
  if (verdict === 'reject') {
    const why = `${person} rejected it${reason === null ? '' : `: ${reason}`}`;
    return (await tables.rules.settle(change.id, 'rejected', why)) ?? change;
  }
  await settleOne(options, turn, change);
  return (await tables.rules.change(change.id)) ?? change;
}

/** Changes of the rules over what they need. */
export function createRuleChanges(options: ChangeOptions): RuleChanges {
  return {
    propose: (make, by) =>
      inTurn(options, async (turn) =>
        proposeInTurn(options, turn, { rules: await make(turn.before?.rules ?? null), by }),
      ),
    answer: (given) => inTurn(options, (turn) => answerInTurn(options, turn, given)),
    settleDue: async () => {
      const open = await options.store.rules.changes({ status: 'open' });
      if (open.length === 0) return;
      await inTurn(options, async (turn) => {
        for (const change of await turn.tables.rules.changes({ status: 'open' })) {
          // What came into force makes the others about rules that are no more: they are settled at the next look.
          if (await settleOne(options, turn, change)) return;
        }
      });
    },
  };
}
