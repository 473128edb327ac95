import type { BreakGlassSettings } from './break-glass.ts';
import type { Caps } from './cap.ts';
import type { Grant } from './grant.ts';
import type { Identity } from './identity.ts';
import type { Escalation } from './escalation.ts';
import type { OnCallSchedule } from './on-call.ts';
import type { InventoryEntry, SelectionRule } from './inventory.ts';
import type { Mode, Severity } from './incident.ts';
import type { Role } from './approval.ts';
import type { JsonObject } from './json.ts';
import type { Audience } from './stakeholder-update.ts';

/** One configured connector instance. */
export interface InstanceConfiguration {
  readonly name: string;
  readonly connector: string;
  /** How long an effect must hold before it is read again, in seconds. */
  readonly holdSeconds: number;
  /** True for a sandbox: drills reach it, and nothing else does. Absent: it is real. */
  readonly drill?: boolean;
  /** Parsed by the connector's own schema. */
  readonly config: JsonObject;
}

/** How generic payloads become alerts: each value is CEL over `body`. */
export interface GenericMapping {
  /** CEL giving a list of elements; each is `item` in the other expressions. */
  readonly alerts: string;
  readonly status: string;
  readonly startsAt: string;
  readonly endsAt: string | null;
  readonly title: string;
  /** CEL giving a map of strings. */
  readonly labels: string;
  readonly annotations: string | null;
}

/** How a source proves that it is itself. */
export type SourceAuthentication =
  | {
      readonly kind: 'bearer';
      /** SHA-256 (hex) of each valid token; two during rotation. */ readonly tokenSha256: readonly string[];
    }
  | {
      readonly kind: 'hmac';
      /** Standard Webhooks secrets (`whsec_…` or raw text); two during rotation. */ readonly secrets: readonly string[];
    };

/** The alert by which a source says that it is alive, and how often it must. */
export interface WatchdogExpectation {
  readonly alertname: string;
  readonly withinSeconds: number;
}

/** Where the alerts of an Alertmanager can be read, so that what its webhooks missed is taken in. */
export interface AlertmanagerAccess {
  readonly url: string;
  readonly token: string | null;
  /** Name of the receiver that stands for us: what is meant for others is left alone. */
  readonly receiver: string;
}

/** Source configuration. */
export interface SourceConfiguration {
  readonly name: string;
  readonly kind: 'alertmanager' | 'cloudevents' | 'generic';
  readonly authentication: SourceAuthentication;
  /** Only for `generic`. */
  readonly mapping: GenericMapping | null;
  /** Labels that do not identify an alert (pod, instance …), left out of the fingerprint. */
  readonly ignoreLabels: readonly string[];
  /** True: its alerts open drills, whatever they say. Absent: they are real. */
  readonly drill?: boolean;
  /** Null or absent: nobody waits for a sign of life. */
  readonly watchdog?: WatchdogExpectation | null;
  /** Only for `alertmanager`; null or absent: only its webhooks are taken. */
  readonly alertmanager?: AlertmanagerAccess | null;
}

/** Which playbook answers an alert, how far it may go by itself, and who it is about. First match wins. */
export interface Route {
  readonly name: string;
  /** CEL over `alert`: true takes this route. */
  readonly when: string;
  readonly playbook: string;
  readonly mode: Mode;
  /**
   * How long people may veto before the first effect that goes on by itself, in seconds; null: at once for SEV1,
   * `VETO_SECONDS` otherwise. Only `auto` has one: in `ask` people are asked anyway.
   */
  readonly vetoSeconds: number | null;
  readonly severity: Severity;
  /** CEL over `alert` giving the suspect node id or a name; null when the model itself is the suspect. */
  readonly suspect: string | null;
  readonly reopenWindowSeconds: number;
  /** True: only drills take it. Absent: whatever matches does. */
  readonly drill?: true;
}

/** When new incidents come too fast to be looked at one by one. */
export interface StormConfiguration {
  /** So many new incidents of one playbook class and severity open by themselves within the window. */
  readonly newIncidentsMax: number;
  readonly windowSeconds: number;
}

/** What holds unless the configuration says otherwise: twenty in five minutes. */
export const DEFAULT_STORM: StormConfiguration = { newIncidentsMax: 20, windowSeconds: 300 };

/** How long a change of the rules waits at least, unless the configuration says otherwise: an hour. */
export const DEFAULT_CHANGE_DELAY_SECONDS = 3600;

/** A person as the configuration names them. */
export interface PersonConfiguration {
  readonly id: string;
  readonly name: string;
  /** Those that hold everywhere. */
  readonly roles: readonly Role[];
  /** Roles on single objects; absent: none. */
  readonly grants?: readonly Grant[];
  readonly slackUser: string | null;
  /** Who they are where they sign in; absent: they have a password of ours, or none. */
  readonly identity?: Identity;
  readonly mail: string | null;
}

/** Who gets a mail about every open incident, and how often. */
export interface DigestConfiguration {
  readonly to: readonly string[];
  readonly everyHours: number;
}

/** The configuration file, normalised. */
export interface Configuration {
  readonly instances: readonly InstanceConfiguration[];
  readonly sources: readonly SourceConfiguration[];
  readonly inventory: readonly InventoryEntry[];
  readonly selectionRules: readonly SelectionRule[];
  readonly routes: readonly Route[];
  readonly storm: StormConfiguration;
  /** Limits over all incidents. */
  readonly caps: Caps;
  readonly people: readonly PersonConfiguration[];
  /** Who is told when nobody answers; absent: `DEFAULT_ESCALATION`. */
  readonly escalation?: Escalation;
  /** Who is on call when; absent: nobody by any schedule. */
  readonly onCall?: readonly OnCallSchedule[];
  /** How long broken glass lasts, and its review may take; absent: `DEFAULT_BREAK_GLASS`. */
  readonly breakGlass?: BreakGlassSettings;
  /** How long a change of the rules waits at least, once two people have to approve it. */
  readonly changeDelaySeconds: number;
  /** Told by a GET, each minute, that the whole way from intake to log works; null: nobody is told. */
  readonly heartbeatUrl: string | null;
  /** Where milestones go; null switches a channel off. */
  readonly slackChannel: string | null;
  /** Whether each incident is told in a channel of its own, and of which kind. */
  readonly slackIncidentChannels: 'none' | 'public' | 'private';
  readonly mailTo: readonly string[];
  /** One mail about every open incident, again and again; null: none. */
  readonly digest: DigestConfiguration | null;
  /** Who beside the people who respond is told how incidents stand. */
  readonly updates: readonly Audience[];
}
