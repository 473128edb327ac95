import type { DemoPerson } from './demo-person.ts';

/** How the demo is run. */
export interface DemoOptions {
  /** Ends after the run instead of staying up. */
  readonly exit: boolean;
  /** One JSON document on standard output; everything else goes to standard error. */
  readonly json: boolean;
  /** Port of the API; 0 takes a free one. */
  readonly port: number;
}

/** The demo's people, each with a way into the API. */
export interface DemoPeople {
  /** The first of them: reads the incident and closes it. */
  readonly owner: DemoPerson;
  /** All of them, in the order in which they are asked. */
  readonly approvers: readonly { readonly name: string; readonly person: DemoPerson }[];
}

/** Everything that the demo's run needs. */
export interface Stage extends DemoPeople {
  readonly options: DemoOptions;
  /** Where the API answers. */
  readonly url: string;
  readonly closeEntryPath: () => Promise<void>;
  /** Ends with Ctrl-C. */
  readonly interrupted: AbortSignal;
}
