/** How often a method may be called: by the tier that its reference page names, or by a rule of its own. */
export interface Rate {
  /** Calls in a row that are taken before the pace counts. */
  readonly burst: number;
  readonly perMinute: number;
}

/** Slack's tiers: so many calls a minute of one method, by one app in one workspace. */
export const TIERS = {
  1: { burst: 1, perMinute: 1 },
  2: { burst: 20, perMinute: 20 },
  3: { burst: 50, perMinute: 50 },
  4: { burst: 100, perMinute: 100 },
  /** `chat.postMessage`: one a second in one channel, with short bursts. */
  posting: { burst: 4, perMinute: 60 },
} as const satisfies Readonly<Record<string, Rate>>;

const MS_PER_MINUTE = 60_000;
const MS_PER_SECOND = 1_000;

/** Counts calls as Slack does, each method by itself. */
export class RateLimits {
  private readonly now: () => Date;
  private readonly left = new Map<string, { readonly calls: number; readonly atMs: number }>();

  constructor(now: () => Date = () => new Date()) {
    this.now = now;
  }

  /** Null when the call is taken, else the whole seconds of `Retry-After`. */
  take(key: string, { burst, perMinute }: Rate): number | null {
    const atMs = this.now().getTime();
    const before = this.left.get(key) ?? { calls: burst, atMs };
    const grown = ((atMs - before.atMs) * perMinute) / MS_PER_MINUTE;
    const calls = Math.min(burst, before.calls + grown);
    if (calls >= 1) {
      this.left.set(key, { calls: calls - 1, atMs });
      return null;
    }
    const waitMs = ((1 - calls) * MS_PER_MINUTE) / perMinute;
    return Math.max(1, Math.ceil(waitMs / MS_PER_SECOND));
  }
}
