import { z } from 'zod';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';

/** A user of the account. */
export interface PagerdutyUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** A stretch of time for which somebody is on call by a schedule; times are RFC 3339. */
export interface PagerdutyShift {
  readonly schedule: string;
  /** Id of a user. */
  readonly user: string;
  /** Null: since ever. */
  readonly start: string | null;
  /** Null: for ever. */
  readonly end: string | null;
  /** The escalation policies that have the schedule; an on-call for each of them. */
  readonly policies?: readonly string[];
}

/** An alert that an event opened. */
export interface PagerdutyAlert {
  readonly dedupKey: string;
  readonly summary: string;
  readonly severity: string;
  readonly source: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly links: readonly unknown[];
  readonly state: 'triggered' | 'acknowledged';
  /** Triggers that were folded into it, the first one included. */
  readonly triggers: number;
}

/** A running stand-in for PagerDuty: REST API and Events API v2 at one address. */
export interface PagerdutyTwin extends Twin {
  readonly token: string;
  readonly routingKey: string;
  /** Who is on call when; may be changed at any time. */
  readonly shifts: PagerdutyShift[];
  /** Alerts in the order in which they were opened. */
  readonly alerts: () => readonly PagerdutyAlert[];
}

/** How a PagerDuty twin behaves. */
export interface PagerdutyTwinOptions {
  readonly faults?: FaultPlan;
  readonly port?: number;
  readonly token?: string;
  readonly routingKey?: string;
  readonly users?: readonly PagerdutyUser[];
  readonly shifts?: readonly PagerdutyShift[];
  /** Requests that are answered before 429 comes; unlimited by default. */
  readonly requestsMax?: number;
}

const LIMIT_DEFAULT = 25;
const LIMIT_MAX = 100;
const OFFSET_MAX = 10_000;
const SUMMARY_MAX = 1_024;
const DEDUP_KEY_MAX = 255;
const RESET_SECONDS = '7';
/** Three months at their longest. */
const RANGE_MAX_MS = 92 * 86_400_000;
const POLICY = 'PPOLICY';

const event = z.object({
  routing_key: z.string(),
  event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
  dedup_key: z.string().max(DEDUP_KEY_MAX).optional(),
  links: z.array(z.looseObject({ href: z.url() })).optional(),
  payload: z
    .looseObject({
      summary: z.string().min(1).max(SUMMARY_MAX),
      source: z.string().min(1),
      severity: z.enum(['critical', 'warning', 'error', 'info']),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});

/** An error as the REST API words it. */
function failure(status: number, code: number, message: string): TwinReply {
  return { status, body: { error: { message, code, errors: [message] } } };
}

/** An error as the Events API words it. */
function invalidEvent(...errors: readonly string[]): TwinReply {
  return {
    status: 400,
    body: { status: 'invalid event', message: 'Event object is invalid', errors },
  };
}

function numberOf(text: string | null, fallback: number): number {
  const value = Number(text ?? fallback);
  return Number.isInteger(value) && value >= 0 ? value : Number.NaN;
}

/** What is answered, with the state that it is answered from. */
class Account {
  readonly shifts: PagerdutyShift[];
  readonly alerts = new Map<string, PagerdutyAlert>();
  private readonly users: ReadonlyMap<string, PagerdutyUser>;
  private readonly keys: { readonly token: string; readonly routingKey: string };
  private left: number;

  constructor(
    { users = [], shifts = [], requestsMax = Number.POSITIVE_INFINITY }: PagerdutyTwinOptions,
    keys: { readonly token: string; readonly routingKey: string },
  ) {
    this.users = new Map(users.map((user) => [user.id, user]));
    this.shifts = [...shifts];
    this.keys = keys;
    this.left = requestsMax;
  }

  private oncallOf(shift: PagerdutyShift, policy: string, withUser: boolean) {
    const user = this.users.get(shift.user);
    const { id, name, email } = user ?? { id: shift.user, name: shift.user, email: '' };
    const reference = { id, type: 'user_reference', summary: name };
    return {
      user: withUser ? { ...reference, type: 'user', name, email } : reference,
      schedule: { id: shift.schedule, type: 'schedule_reference', summary: shift.schedule },
      escalation_policy: { id: policy, type: 'escalation_policy_reference', summary: policy },
      escalation_level: 1,
      start: shift.start,
      end: shift.end,
    };
  }

  /** The on-calls of these schedules, all of them where none is named, that overlap a range. */
  private found(searchParams: URLSearchParams, [since, until]: readonly [number, number]) {
    const schedules = searchParams.getAll('schedule_ids[]');
    const withUser = searchParams.getAll('include[]').includes('users');
    return this.shifts
      .filter(({ schedule }) => schedules.length === 0 || schedules.includes(schedule))
      .filter(
        ({ start, end }) =>
          (start === null || Date.parse(start) <= until) &&
          (end === null || Date.parse(end) >= since),
      )
      .flatMap((shift) =>
        (shift.policies ?? [POLICY]).map((policy) => this.oncallOf(shift, policy, withUser)),
      );
  }

  private oncalls({ url: { searchParams } }: TwinRequest): TwinReply {
    const limit = numberOf(searchParams.get('limit'), LIMIT_DEFAULT);
    const offset = numberOf(searchParams.get('offset'), 0);
    if (!(limit >= 1 && limit <= LIMIT_MAX)) {
      return failure(400, 2001, 'Limit must be between 1 and 100.');
    }
    if (!(offset + limit <= OFFSET_MAX)) return failure(400, 2001, 'Offset is too large.');
    const now = new Date().toISOString();
    const since = Date.parse(searchParams.get('since') ?? now);
    const until = Date.parse(searchParams.get('until') ?? now);
    if (Number.isNaN(since) || Number.isNaN(until) || until < since) {
      return failure(400, 2001, 'until cannot be before since.');
    }
    if (until - since > RANGE_MAX_MS) return failure(400, 2001, 'The range exceeds 3 months.');
    const found = this.found(searchParams, [since, until]);
    const oncalls = found.slice(offset, offset + limit);
    const more = offset + limit < found.length;
    return { status: 200, body: { oncalls, limit, offset, more, total: null } };
  }

  private schedule(id: string): TwinReply {
    if (!this.shifts.some(({ schedule }) => schedule === id)) {
      return failure(404, 2100, 'Not Found');
    }
    return { status: 200, body: { schedule: { id, type: 'schedule', summary: id } } };
  }

  private trigger({ dedup_key: given, payload, links = [] }: z.infer<typeof event>): TwinReply {
    if (payload === undefined) return invalidEvent("'payload' is missing or blank");
    const dedupKey = given ?? `made-${(this.alerts.size + 1).toString()}`;
    const { summary, severity, source, custom_details: details = {} } = payload;
    const open = this.alerts.get(dedupKey);
    const triggers = (open?.triggers ?? 0) + 1;
    const { state = 'triggered' } = open ?? {};
    const alert = { dedupKey, summary, severity, source, details, links, state, triggers };
    this.alerts.set(dedupKey, alert);
    const body = { status: 'success', message: 'Event processed', dedup_key: dedupKey };
    return { status: 202, body, changed: open === undefined };
  }

  private enqueue({ method, body }: TwinRequest): TwinReply {
    if (method !== 'POST') return { status: 404, body: '' };
    let json: unknown;
    try {
      json = JSON.parse(body.toString('utf8'));
    } catch {
      return invalidEvent('JSON is invalid');
    }
    const parsed = event.safeParse(json);
    if (!parsed.success) {
      return invalidEvent(
        ...parsed.error.issues.map(({ path }) => `'${path.join('.')}' is invalid`),
      );
    }
    const { routing_key: key, event_action: action, dedup_key: dedupKey } = parsed.data;
    if (key !== this.keys.routingKey) return invalidEvent("'routing_key' is invalid");
    if (action === 'trigger') return this.trigger(parsed.data);
    if (dedupKey === undefined) return invalidEvent("'dedup_key' is missing or blank");
    const open = this.alerts.get(dedupKey);
    if (action === 'resolve') this.alerts.delete(dedupKey);
    else if (open !== undefined) this.alerts.set(dedupKey, { ...open, state: 'acknowledged' });
    const changed = open !== undefined;
    const reply = { status: 'success', message: 'Event processed', dedup_key: dedupKey };
    return { status: 202, body: reply, changed };
  }

  handle(request: TwinRequest): TwinReply {
    this.left -= 1;
    if (this.left < 0) {
      const headers = { 'ratelimit-limit': '960', 'ratelimit-remaining': '0' };
      const limited = failure(429, 2020, 'Rate Limit Exceeded');
      return { ...limited, headers: { ...headers, 'ratelimit-reset': RESET_SECONDS } };
    }
    if (request.url.pathname === '/v2/enqueue') return this.enqueue(request);
    const { authorization } = request.headers;
    const { token } = this.keys;
    if (authorization !== `Token token=${token}` && authorization !== `Bearer ${token}`) {
      return failure(401, 2006, 'Unauthorized');
    }
    const { pathname } = request.url;
    if (request.method === 'GET' && pathname === '/oncalls') return this.oncalls(request);
    const [, id] = /^\/schedules\/([A-Z0-9]+)$/.exec(pathname) ?? [];
    if (request.method === 'GET' && id !== undefined) return this.schedule(id);
    return failure(404, 2100, 'Not Found');
  }
}

/** Starts a stand-in for PagerDuty on 127.0.0.1. */
export async function createPagerdutyTwin(
  options: PagerdutyTwinOptions = {},
): Promise<PagerdutyTwin> {
  const { token = 'lab-api-key', routingKey = 'lab-routing-key' } = options;
  const account = new Account(options, { token, routingKey });
  const twin = await startTwin({
    name: 'pagerduty',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => account.handle(request),
  });
  const { shifts } = account;
  return { ...twin, token, routingKey, shifts, alerts: () => [...account.alerts.values()] };
}
