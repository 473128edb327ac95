import type { Logger } from 'pino';
import type { RulesInForce } from '../../activities/dependencies.ts';
import { toAppError } from '../../domain/error.ts';
import { rolesOnTargets } from '../../domain/grant.ts';
import { isSigned, problemOf, type ProofCheck } from '../../domain/rule-proof.ts';
import { modeOfRoute, type RuleRevision, type Rules } from '../../domain/rules.ts';
import { readRules } from '../../domain/rules-schema.ts';
import { digestOf } from '../../evidence/digest.ts';
import type { Store } from '../../store/tables.ts';

/** Newest revisions that are looked at for one that proves itself. */
const CANDIDATES_MAX = 10;

/** What the keeper works with. */
export interface KeeperOptions {
  readonly store: Pick<Store, 'rules'>;
  readonly verify: ProofCheck['verify'];
  /** Puts rules in force in this process, whole or not at all. Raises `invalid` for what this version cannot follow. */
  readonly take: (rules: Rules) => Promise<void>;
  readonly log: Logger;
}

/** The rules that this process follows: the newest revision that proves itself. It never goes back to an older one. */
export interface RulesKeeper extends RulesInForce {
  /** With its rules as this version understands them; null as long as no revision has proved itself. */
  revision(): RuleRevision | null;
}

/** Why a stored revision must not be followed; null when it proves itself. */
async function problemWith(
  { store }: KeeperOptions,
  revision: RuleRevision,
  known: { readonly check: ProofCheck; readonly current: RuleRevision | null },
): Promise<string | null> {
  const { base, changeId } = revision;
  const { check, current } = known;
  const [before, change, answers] = await Promise.all([
    base === null ? null : base === current?.number ? current : store.rules.revision(base),
    changeId === null ? null : store.rules.change(changeId),
    changeId === null ? [] : store.rules.answers(changeId),
  ]);
  return problemOf({ revision, base: before, change, answers }, check);
}

/** A keeper that follows nothing yet. */
export function createRulesKeeper(options: KeeperOptions): RulesKeeper {
  const { store, verify, take, log } = options;
  const check: ProofCheck = { digestOf, verify, read: readRules };
  let current: RuleRevision | null = null;
  /** The rules of `current`, as this version understands them. */
  let rules: Rules | null = null;
  let seen = 0;
  let catching: Promise<void> | null = null;

  /** Follows a candidate; false when it does not prove itself, or this version cannot follow it. */
  const tryOut = async (candidate: RuleRevision): Promise<boolean> => {
    const { number } = candidate;
    try {
      const problem = await problemWith(options, candidate, { check, current });
      if (problem !== null) {
        log.error({ revision: number }, `rules not followed, because ${problem}`);
        return false;
      }
      const understood = check.read(candidate.rules);
      await take(understood);
      rules = understood;
    } catch (error) {
      const { code, message } = toAppError(error);
      if (code === 'unavailable') throw error;
      log.error({ revision: number, code }, `rules not followed: ${message}`);
      return false;
    }
    current = candidate;
    log.info({ revision: number, ground: candidate.ground }, 'rules in force');
    return true;
  };

  const catchUp = async (head: number): Promise<void> => {
    const candidates = await store.rules.revisions(current?.number ?? 0, CANDIDATES_MAX);
    for (const candidate of candidates) if (await tryOut(candidate)) break;
    seen = head;
  };

  const follow = async (): Promise<number | null> => {
    const head = await store.rules.head();
    if (head !== null && head > seen) {
      // Whoever comes meanwhile waits for the same look.
      catching ??= catchUp(head).finally(() => {
        catching = null;
      });
      await catching;
    }
    return current?.number ?? null;
  };

  return {
    revision: () => (current === null || rules === null ? null : { ...current, rules }),
    number: () => current?.number ?? null,
    follow,
    modeOf: (route) => (rules === null ? 'observe' : modeOfRoute(rules, route)),
    rolesOn: (id, targets) => {
      const person = rules?.people.find((one) => one.id === id && one.active);
      return rules === null || person === undefined
        ? []
        : rolesOnTargets(person, targets, rules.inventory);
    },
    knowsPlaybook: async (digest) => {
      const found = await store.rules.withPlaybook(digest);
      return found.some((revision) => isSigned(revision, check));
    },
  };
}
