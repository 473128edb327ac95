import { toAppError } from '../domain/error.ts';

/** What a reload did: parts in force now, parts that need a restart (then nothing was changed), a change that waits. */
export interface Reloaded {
  readonly changed: readonly string[];
  readonly needsRestart: readonly string[];
  /** The change of the rules that people are asked about; null when nobody has to be. */
  readonly proposed: string | null;
}

/** One line for people about a reload. */
export function reloadText({ changed, needsRestart, proposed }: Reloaded): string {
  if (needsRestart.length > 0) {
    return `Nothing was changed: ${needsRestart.join(', ')} changed and need a restart.`;
  }
  const inForce = changed.length === 0 ? [] : [`In force now: ${changed.join(', ')}.`];
  if (proposed !== null) {
    inForce.push(`Two people must approve the rest (${proposed}): see firebreak config changes.`);
  }
  return inForce.length === 0 ? 'The configuration is as it was.' : inForce.join(' ');
}

/**
 * Reads the configuration again at each SIGHUP and tells what became of it; what is wrong with the file ends nothing. Answers a
 * function that stops listening.
 */
export function reloadOnHangup(
  signals: {
    on(name: 'SIGHUP', listener: () => void): unknown;
    off(name: 'SIGHUP', listener: () => void): unknown;
  },
  running: { reload(): Promise<Reloaded> },
  tell: (line: string) => void,
): () => void {
  const listener = (): void => {
    running.reload().then(
      (report) => {
        tell(reloadText(report));
      },
      (error: unknown) => {
        tell(`The configuration stays as it was: ${toAppError(error).message}`);
      },
    );
  };
  signals.on('SIGHUP', listener);
  return () => signals.off('SIGHUP', listener);
}
