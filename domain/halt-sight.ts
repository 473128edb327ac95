import type { Role } from './approval.ts';
import { modelsSeen, rolesAnywhere, rolesOnModel, rolesOnNamespace, type Holder } from './grant.ts';
import type { HaltSubject } from './halt.ts';
import type { InventoryEntry } from './inventory.ts';

type Written = readonly InventoryEntry[];

/** The models that a halt of this name is about, in the inventory or the registry; the name itself where nobody wrote it down. */
function modelsNamed(name: string, written: Written): readonly string[] {
  const found = written.filter(({ model, registryName }) => [model, registryName].includes(name));
  return found.length === 0 ? [name] : found.map(({ model }) => model);
}

/**
 * The roles by which somebody may halt this. Everything may be halted by whoever responds to anything: stopping is the safe direction. One
 * object takes a role on that object; a playbook and a connector are of every team, and take a role everywhere.
 */
export function rolesToHalt(
  holder: Holder,
  { scope, subject }: HaltSubject,
  written: Written,
): readonly Role[] {
  if (subject === null) return rolesAnywhere(holder);
  switch (scope) {
    case 'model': {
      const [first = [], ...others] = modelsNamed(subject, written).map((model) =>
        rolesOnModel(holder, model, written),
      );
      return first.filter((role) => others.every((roles) => roles.includes(role)));
    }
    case 'namespace':
      return rolesOnNamespace(holder, subject, written);
    default:
      return holder.roles;
  }
}

/** Names of the objects whose halts somebody is shown; halts of everything, of playbooks and of connectors are shown to everybody. */
export interface HaltSight {
  readonly models: readonly string[];
  readonly namespaces: readonly string[];
}

/** Which halts somebody is shown; null: all of them. */
export function haltSightOf(holder: Holder, written: Written): HaltSight | null {
  const seen = modelsSeen(holder, written);
  if (seen === null) return null;
  const registered = written.map(({ registryName }) => registryName);
  const granted = (holder.grants ?? []).filter(({ on }) => on === 'namespace');
  const places = written.flatMap(({ serving }) => serving.map(({ namespace }) => namespace));
  return {
    models: [...new Set([...seen, ...registered])].filter(
      (name) => rolesToHalt(holder, { scope: 'model', subject: name }, written).length > 0,
    ),
    namespaces: [...new Set([...granted.map(({ name }) => name), ...places])].filter(
      (name) => rolesOnNamespace(holder, name, written).length > 0,
    ),
  };
}
