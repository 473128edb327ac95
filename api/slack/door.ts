import type { InventoryEntry } from '../../domain/inventory.ts';
import type { ApiDependencies } from '../dependencies.ts';

/** What of the API the Slack door uses: the same operations, tables and signer as every other door. */
export type SlackDesk = Pick<
  ApiDependencies,
  | 'store'
  | 'openRequest'
  | 'signer'
  | 'clock'
  | 'newId'
  | 'playbooks'
  | 'knows'
  | 'holding'
  | 'limits'
> & {
  /** Models, as they are now: what may be suspected. */
  readonly inventory: () => readonly InventoryEntry[];
  /** Id of the channel where incidents are told. */
  readonly channel: string;
};

/** Where the door writes what happens to it. */
export interface SlackLog {
  info(data: object, text: string): void;
  warn(data: object, text: string): void;
}

/** Who did something in Slack: ids of Slack, never a name that people can choose. */
export interface SlackUser {
  readonly team: string;
  readonly user: string;
}
