import type { Intake } from '../api/dependencies.ts';
import { createIntake } from '../api/intake.ts';
import type { Configuration, SourceConfiguration } from '../domain/configuration.ts';
import { drillInstances, isDrillEntry, type DrillSide } from '../domain/drill.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { mergeInventory } from '../intake/inventory-annotations.ts';
import { createRouter, type Router } from '../intake/routing.ts';

/** What one configuration means for what comes in. */
interface Part {
  readonly configuration: Configuration;
  readonly sources: readonly SourceConfiguration[];
  /** What is real, and what only drills see. */
  readonly inventory: {
    readonly real: readonly InventoryEntry[];
    readonly drill: readonly InventoryEntry[];
  };
  readonly playbooks: readonly PinnedPlaybook[];
  readonly router: Router;
  readonly intake: Intake;
}

/** What a process goes by: its configuration under the rules, who may send alerts, and the playbooks in force. */
export type LiveState = Pick<Part, 'configuration' | 'sources' | 'playbooks'>;

/** What stays when the configuration is read again. */
export interface LiveGround {
  /** Entries that discovery found at the start. */
  readonly discovered: readonly InventoryEntry[];
}

/** The part of a running process that a reload replaces, all of it at once; callers ask anew each time. */
export interface Live {
  readonly configuration: () => Configuration;
  readonly sources: () => readonly SourceConfiguration[];
  /** What runs where, as a real incident or a drill sees it. */
  readonly inventory: (side: DrillSide) => readonly InventoryEntry[];
  readonly playbooks: () => readonly PinnedPlaybook[];
  readonly router: Router;
  readonly intake: Intake;
  /** Makes everything that a configuration means; `swap` puts it in force and cannot fail. Raises `invalid`. */
  prepare(state: LiveState): { readonly swap: () => void };
}

/** Puts a first configuration in force. Raises `invalid` when an expression of it does not type-check. */
export function createLive(ground: LiveGround, first: LiveState): Live {
  const partOf = ({ configuration, sources, playbooks }: LiveState): Part => {
    const { routes, selectionRules, storm } = configuration;
    const drills = drillInstances(configuration.instances);
    const within = (drill: boolean): readonly InventoryEntry[] => {
      const mine = (entry: InventoryEntry): boolean => isDrillEntry(entry, drills) === drill;
      return mergeInventory(configuration.inventory.filter(mine), ground.discovered.filter(mine));
    };
    const inventory = { real: within(false), drill: within(true) };
    const router = createRouter({
      ...{ routes, selectionRules, storm, playbooks, drillInstances: drills },
      inventory: [...inventory.real, ...inventory.drill],
      drillSources: new Set(sources.filter(({ drill }) => drill === true).map(({ name }) => name)),
    });
    const intake = createIntake({ sources, router });
    return { configuration, sources, inventory, playbooks, router, intake };
  };
  let part = partOf(first);
  return {
    configuration: () => part.configuration,
    sources: () => part.sources,
    inventory: ({ drill }) => (drill ? part.inventory.drill : part.inventory.real),
    playbooks: () => part.playbooks,
    router: {
      route: (incoming, asked) => part.router.route(incoming, asked),
      explainTargets: (alert) => part.router.explainTargets(alert),
    },
    intake: {
      authenticate: (request) => part.intake.authenticate(request),
      source: (name) => part.intake.source(name),
      parse: (source, request) => part.intake.parse(source, request),
      isWatchdog: (source, incoming) => part.intake.isWatchdog(source, incoming),
      route: (incoming) => part.intake.route(incoming),
    },
    prepare: (state) => {
      const next = partOf(state);
      return {
        swap: () => {
          part = next;
        },
      };
    },
  };
}
