/** What can be done with claim rows. */
export interface ClaimTable {
  /**
   * Takes all targets (sorted) for an incident, or none: answers who blocks. Idempotent.
   */
  take(request: {
    readonly incidentId: string;
    readonly targets: readonly string[];
    readonly mode: 'shared' | 'exclusive';
    /** It also waits until no other incident contains a target: lift, redeploy, a containment of another kind. */
    readonly waitsForContainments?: boolean;
  }): Promise<
    | { readonly taken: true }
    | { readonly taken: false; readonly by: string; readonly target: string }
  >;
  holds(incidentId: string, target: string): Promise<boolean>;
  /** Ends an incident's claims but for those of containments left in place; wakes who waits. */
  release(incidentId: string): Promise<void>;
  /** Wakes the incidents that wait for these targets: something on them was taken back. */
  wakeWaiting(targets: readonly string[]): Promise<void>;
  ofIncident(
    incidentId: string,
  ): Promise<readonly { readonly target: string; readonly mode: 'shared' | 'exclusive' }[]>;
}
