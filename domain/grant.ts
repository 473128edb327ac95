import { ROLES, type Approval, type Role } from './approval.ts';
import type { Incident } from './incident.ts';
import type { InventoryEntry } from './inventory.ts';
import { entriesAt, REGISTRY_KINDS, partsOf } from './claim-target.ts';

/** What a role can be limited to. */
export const GRANT_KINDS = ['model', 'namespace', 'team'] as const;

/** A role on one object alone: on a model, on what serves in a namespace, or on the models of a team. */
export interface Grant {
  readonly role: Role;
  readonly on: (typeof GRANT_KINDS)[number];
  /** Name of the model, the namespace or the team. */
  readonly name: string;
}

/** What somebody may do: roles that hold everywhere, and roles on single objects. */
export interface Holder {
  readonly roles: readonly Role[];
  /** Absent: none. */
  readonly grants?: readonly Grant[];
}

/** Where something belongs, as grants look at it. */
interface Place {
  readonly model: string | null;
  readonly team: string | null;
  readonly namespaces: readonly string[];
}

/** The entries by which grants go: what the rules say, never what was discovered, which its owner could write. */
type Written = readonly InventoryEntry[];

function placeOfEntry({ model, team, serving, service }: InventoryEntry): Place {
  const [within] = service?.split('/') ?? [];
  const namespaces = serving.map(({ namespace }) => namespace);
  return {
    ...{ model, team: team ?? null },
    namespaces: [...new Set(within === undefined ? namespaces : [...namespaces, within])],
  };
}

/** Every place of a model, one for what is real and one for drills; a model that nobody wrote down is only a name. */
function placesOfModel(model: string | null, written: Written): readonly Place[] {
  const entries = written.filter((one) => one.model === model);
  return entries.length === 0 ? [{ model, team: null, namespaces: [] }] : entries.map(placeOfEntry);
}

/** True when these grants, all of one role, cover a place: by its model, its team, or every namespace that it serves in. */
function covers(grants: readonly Grant[], { model, team, namespaces }: Place): boolean {
  const has = (on: Grant['on'], name: string | null): boolean =>
    name !== null && grants.some((grant) => grant.on === on && grant.name === name);
  if (has('model', model) || has('team', team)) return true;
  return namespaces.length > 0 && namespaces.every((namespace) => has('namespace', namespace));
}

function rolesWhere(
  holder: Holder,
  isCovered: (grants: readonly Grant[]) => boolean,
): readonly Role[] {
  const { roles, grants = [] } = holder;
  return ROLES.filter(
    (role) => roles.includes(role) || isCovered(grants.filter((grant) => grant.role === role)),
  );
}

/** Every role that somebody holds, be it on a single object: who may knock at all. */
export function rolesAnywhere(holder: Holder): readonly Role[] {
  return rolesWhere(holder, (grants) => grants.length > 0);
}

/**
 * The roles that somebody holds on what is about a model, an incident first of all. None means that it is nothing to them: it answers
 * as if it were not there. What has no model is of nobody's grant.
 */
export function rolesOnModel(
  holder: Holder,
  model: string | null,
  written: Written,
): readonly Role[] {
  const places = placesOfModel(model, written);
  return rolesWhere(holder, (grants) => places.every((place) => covers(grants, place)));
}

/** The roles that somebody holds on a namespace: by its name, or on every model that the rules say serves there. */
export function rolesOnNamespace(
  holder: Holder,
  namespace: string,
  written: Written,
): readonly Role[] {
  const here = written.map(placeOfEntry).filter(({ namespaces }) => namespaces.includes(namespace));
  return rolesWhere(
    holder,
    (grants) =>
      grants.some(({ on, name }) => on === 'namespace' && name === namespace) ||
      (here.length > 0 && here.every((place) => covers(grants, place))),
  );
}

/** Whether grants of one role cover a target of an effect: each model that is there, else its namespace by name. */
function coversTarget(grants: readonly Grant[], target: string, written: Written): boolean {
  const { kind, within } = partsOf(target);
  const registered = REGISTRY_KINDS.includes(kind);
  const entries = registered
    ? written.filter(({ registryName }) => registryName === within)
    : entriesAt(written, [target]);
  if (entries.length > 0) return entries.every((entry) => covers(grants, placeOfEntry(entry)));
  return covers(grants, { model: null, team: null, namespaces: registered ? [] : [within] });
}

/** The roles that somebody holds on every one of these targets (`<instance>/<kind>/<namespace>/<name>`). */
export function rolesOnTargets(
  holder: Holder,
  targets: readonly string[],
  written: Written,
): readonly Role[] {
  return rolesWhere(
    holder,
    (grants) =>
      grants.length > 0 && targets.every((target) => coversTarget(grants, target, written)),
  );
}

/** The roles by which somebody's answer to an approval counts: those that they hold on its incident and on every target of its plans. */
export function rolesToDecide(
  holder: Holder,
  about: {
    readonly incident: Pick<Incident, 'model'>;
    readonly approval: Pick<Approval, 'plans'>;
  },
  written: Written,
): readonly Role[] {
  const targets = about.approval.plans.map(({ target }) => target);
  const onTargets = rolesOnTargets(holder, targets, written);
  return rolesOnModel(holder, about.incident.model, written).filter((role) =>
    onTargets.includes(role),
  );
}

/** The models whose incidents somebody sees; null: all incidents, also those that have no model. */
export function modelsSeen(holder: Holder, written: Written): readonly string[] | null {
  const { roles, grants = [] } = holder;
  if (roles.length > 0) return null;
  const named = grants.filter(({ on }) => on === 'model').map(({ name }) => name);
  const seen = written.filter(({ model }) => rolesOnModel(holder, model, written).length > 0);
  return [...new Set([...named, ...seen.map(({ model }) => model)])];
}
