import type { Logger } from 'pino';
import type { Configuration } from '../../domain/configuration.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import type { Rules } from '../../domain/rules.ts';
import type { Store } from '../../store/tables.ts';
import type { ApprovalSigner, ApprovalVerifier } from '../approval-key.ts';
import { allSources } from '../first-start.ts';
import { createLive, type Live } from '../live.ts';
import { createRuleChanges } from './changes.ts';
import { openDesk, type OpenedDesk } from './desk.ts';
import { createRulesKeeper, type RulesKeeper } from './keeper.ts';
import { playbooksOf, withRules } from './rules-of.ts';

/** What the rules of a process stand on. */
export interface RulesGround {
  /** The API's store and key; null in a process that only works: it follows the rules and can change none. */
  readonly api: ({ readonly store: Store } & ApprovalSigner) | null;
  readonly worker: Store;
  readonly configuration: Configuration;
  /** Playbooks as read from files. */
  readonly playbooks: readonly PinnedPlaybook[];
  readonly discovered: readonly InventoryEntry[];
  readonly verify: ApprovalVerifier['verify'];
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  readonly now: () => Date;
  readonly newId: (prefix: string) => string;
  readonly log: Logger;
}

/** The rules as a process follows them. */
export interface InstalledRules {
  readonly live: Live;
  readonly keeper: RulesKeeper;
  /** Null in a process that only works. */
  readonly desk: OpenedDesk | null;
  /** The configuration file as it was read last. */
  readonly file: () => Configuration;
  /** Puts another file in force, as far as it is no rule. Raises `invalid`; then the old one stays. */
  readonly takeFile: (file: Configuration) => Promise<void>;
}

/**
 * Follows the rules that the rows prove, in everything that this process does by them. The API's process asks for what its
 * file says before; a process that only works never looks at that part of its file.
 */
export async function installRules(ground: RulesGround): Promise<InstalledRules> {
  const { api, worker, playbooks, discovered, verify, log } = ground;
  let file = ground.configuration;
  let followed: Rules | null = null;
  const live = createLive(
    { discovered },
    { configuration: withRules(file, null), sources: [], playbooks },
  );
  const put = async (nextFile: Configuration, rules: Rules | null): Promise<void> => {
    const configuration = withRules(nextFile, rules);
    const [sources, inForce] = await Promise.all([
      allSources(worker, configuration),
      rules === null ? playbooks : playbooksOf(rules, playbooks, worker.playbooks),
    ]);
    live.prepare({ configuration, sources, playbooks: inForce }).swap();
    file = nextFile;
    followed = rules;
  };
  const keeper = createRulesKeeper({
    store: worker,
    verify,
    take: (rules) => put(file, rules),
    log,
  });
  const desk = api === null ? null : openApiDesk({ ...ground, api }, keeper);
  if (desk === null) await keeper.follow();
  else await desk.proposeFile(file);
  if (keeper.number() === null) log.warn('no rules are in force yet: nothing is written outside');
  return { live, keeper, desk, file: () => file, takeFile: (next) => put(next, followed) };
}

type ApiGround = RulesGround & { readonly api: NonNullable<RulesGround['api']> };

function openApiDesk({ api, ...ground }: ApiGround, keeper: RulesKeeper): OpenedDesk {
  const { worker, playbooks, verify, channels, now, newId, log } = ground;
  const changes = createRuleChanges({ ...api, keeper, verify, playbooks, now, newId });
  const { store } = api;
  return openDesk({ store, keeper, changes, playbooks, channels, log, verify, messages: worker });
}
