import type { Json } from '../../domain/json.ts';
import type { Twin } from '../../lab/twin.ts';

/** One action as the contract suite exercises it. */
export interface ActionCase {
  /** Key in the connector's `actions`. */
  readonly action: string;
  readonly input: Json;
  /** Somebody else's change: leaves the world neither as `before` nor as `after`. Null when that cannot be (creations). */
  readonly meddle: (() => Promise<void>) | null;
  /** A fingerprint of all that the action may touch, read without the connector. */
  readonly snapshot: () => Promise<Json>;
}

export interface ProbeCase {
  /** Key in the connector's `probes`. */
  readonly probe: string;
  readonly input: Json;
}

/** A fresh world for one connector: the twin, or a real server behind a recording proxy. */
export interface ContractWorld {
  /** Given to the connector's `create`. Contains `canary` where a credential goes. */
  readonly config: Json;
  /** A secret planted in `config` that must appear nowhere. */
  readonly canary: string;
  readonly twin: Twin | null;
  /** A real server's controllers need time. */
  readonly real?: true;
  readonly actions: readonly ActionCase[];
  readonly probes: readonly ProbeCase[];
  stop(): Promise<void>;
}

/** What a connector's folder in `test/contract/` offers to the suite, by the connector's name. */
export interface ContractFixture {
  readonly connector: string;
  /** Starts a fresh world: the suite calls it once per case. */
  start(): Promise<ContractWorld>;
}
