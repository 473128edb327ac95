import type { Json } from '../../domain/json.ts';

/** What the API server answers; text goes out as it is. */
export interface ApiReply {
  readonly status: number;
  readonly body: Json;
  /** True when the request changed the store. */
  readonly changed?: boolean;
}
