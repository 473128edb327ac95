import type { Command } from 'commander';
import type { Session } from './session.ts';

/** What an action of a command does: the session, then the command's own arguments and options. */
export type Action = (session: Session, args: Arguments) => Promise<number | undefined>;

/** Arguments in order, options by name. */
export interface Arguments {
  readonly positional: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Adds actions to commands; `action` answers an exit code, or nothing for 0. */
export interface Registrar {
  readonly program: Command;
  readonly run: (command: Command, action: Action) => void;
}
