import type { Json, JsonObject } from './json.ts';

/** The variables that playbook expressions may read. Missing things are empty objects or null, never absent. */
export interface EvaluationContext {
  /** `id number title severity model suspect onsetAt openedAt mode playbook owner` */
  readonly incident: JsonObject;
  /** `labels annotations startsAt title source` of the first alert; empty maps when a person opened it. */
  readonly alert: JsonObject;
  readonly parameters: JsonObject;
  /** The resolved inventory entry; an empty object while targets are open. */
  readonly model: JsonObject;
  /** Values of operations that have ended, by name. */
  readonly results: JsonObject;
  /** The item of `forEach`; null outside one. */
  readonly each: Json;
  /** The reply that `expect` judges; null elsewhere. */
  readonly value: Json;
  /** When this operation was first scheduled, RFC 3339 UTC: the same on a retry. */
  readonly now: string;
}
