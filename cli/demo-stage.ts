import type { RealSystems } from '../lab/mixed-lab.ts';
import type { AnswerBy, DemoDoorName } from './demo-doors.ts';
import type { DemoPerson } from './demo-person.ts';

/** How the demo is run. */
export interface DemoOptions {
  /** Name of the story that the lab tells. */
  readonly scenario: string;
  /** Ends after the run instead of staying up. */
  readonly exit: boolean;
  /** One JSON document on standard output; everything else goes to standard error. */
  readonly json: boolean;
  /** Port of the API; 0 takes a free one. */
  readonly port: number;
  /** Real servers in place of twins. */
  readonly real: RealSystems;
  /** Who opens the incident: the monitor's alert, or a person in Slack. */
  readonly openBy: 'alert' | 'slack';
  /** The door by which people approve. */
  readonly approveBy: DemoDoorName;
  /** A file with the token that a real Alertmanager sends; null: the demo makes one and shows it. */
  readonly alertTokenFile: string | null;
}

/** One of the demo's people who approve. */
export interface DemoApprover {
  readonly id: string;
  readonly name: string;
  readonly token: string;
  readonly person: DemoPerson;
}

/** The demo's people, each with a way into the API. */
export interface DemoPeople {
  /** The first of them: reads the incident and closes it. */
  readonly owner: DemoPerson;
  /** All of them, in the order in which they are asked. */
  readonly approvers: readonly DemoApprover[];
}

/** Everything that the demo's run needs. */
export interface Stage extends DemoPeople {
  readonly options: DemoOptions;
  /** Where the API answers. */
  readonly url: string;
  /** The platform engineer's patch. */
  readonly closeEntryPath: () => Promise<void>;
  /** What the patch does, for people; null when there is nothing to close. */
  readonly patch: string | null;
  /** Shows the first question as people get it by Slack and mail, and keeps it as files. */
  readonly showQuestion: (approvalId: string) => Promise<void>;
  /** Takes a person's answer by the door of this demo. */
  readonly answerBy: AnswerBy;
  /** What the review finds. */
  readonly finding: string;
  /** Ends with Ctrl-C. */
  readonly interrupted: AbortSignal;
}
