/** What a reload did: parts in force now, parts that need a restart (then nothing was changed). */
export interface Reloaded {
  readonly changed: readonly string[];
  readonly needsRestart: readonly string[];
}

/** One line for people about a reload. */
export function reloadText({ changed, needsRestart }: Reloaded): string {
  if (needsRestart.length > 0) {
    return `Nothing was changed: ${needsRestart.join(', ')} changed and need a restart.`;
  }
  return changed.length === 0
    ? 'The configuration is as it was.'
    : `In force now: ${changed.join(', ')}.`;
}
