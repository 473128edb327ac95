import { z } from 'zod';
import {
  actionManifest,
  type ActionManifest,
  type Manifest,
  type ProbeManifest,
} from '../connector.ts';
import { checkHttpAccess, httpAccessFields } from '../http-access-config.ts';

const { url, token, oauth2, caFile, proxy } = httpAccessFields;

/** Configuration of one PagerDuty account, or of a service that takes the same events. */
export const pagerdutyConfig = z
  .strictObject({
    url: url.default('https://api.pagerduty.com').describe('Base address of the REST API.'),
    token: token.describe(
      'API key that may read who is on call (read-only), sent as `Token token=…`; for schedules.',
    ),
    oauth2: oauth2.describe(
      'Or a scoped OAuth app that may read who is on call (`oncalls.read`); for schedules.',
    ),
    eventsUrl: url
      .default('https://events.pagerduty.com')
      .describe('Base address of the Events API v2, or of what takes the same events.'),
    routingKey: z
      .string()
      .min(1)
      .max(1_000)
      .meta({ secret: true })
      .optional()
      .describe('Integration key of the service that is paged; for paging.'),
    caFile,
    proxy,
  })
  .superRefine(checkHttpAccess)
  .refine((config) => (config.token ?? config.oauth2 ?? config.routingKey) !== undefined, {
    message: 'needs a token or oauth2 to read schedules, a routingKey to page, or both',
    path: ['token'],
  });
/** A parsed configuration of PagerDuty. */
export type PagerdutyConfig = z.infer<typeof pagerdutyConfig>;

/** Characters of the summary of a page that PagerDuty takes. */
const SUMMARY_MAX = 1_024;
/** Characters of one detail of a page. */
const DETAIL_MAX = 8_000;
const DETAILS_MAX = 20;

const line = (charactersMax: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .regex(/^\P{Cc}*$/u, 'holds control characters');

const scheduleInput = z
  .strictObject({
    /** Its id. */
    schedule: z.string().regex(/^[A-Z0-9]{1,32}$/, 'is not the id of a schedule'),
    /** From when on, RFC 3339. */
    since: z.iso.datetime({ offset: true }),
    /** Until when, RFC 3339. */
    until: z.iso.datetime({ offset: true }),
  })
  .refine((input) => Date.parse(input.since) < Date.parse(input.until), {
    message: 'ends before it begins',
    path: ['until'],
  });
/** Input of `schedule`. */
export type ScheduleInput = z.infer<typeof scheduleInput>;

const pageInput = z.strictObject({
  /** One line that is read out at night. */
  summary: line(SUMMARY_MAX),
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  /** What is affected. */
  source: line(255),
  /** Where people go on: an address of our own. */
  link: z
    .strictObject({ href: z.url({ protocol: /^https?$/ }).max(2_000), text: line(255) })
    .optional(),
  details: z
    .record(z.string().min(1).max(64), z.string().max(DETAIL_MAX))
    .refine((details) => Object.keys(details).length <= DETAILS_MAX, 'holds too many details')
    .default({}),
});
/** Input of `page`. */
export type PageInput = z.infer<typeof pageInput>;

/** Probe `schedule`: who is on call by a schedule in a window. */
export const scheduleManifest: ProbeManifest<ScheduleInput> = {
  title: 'Who is on call by a schedule in a window',
  input: scheduleInput,
};

/** Action `page`: one page, once for its key. */
export const pageManifest: ActionManifest<PageInput> = {
  title: 'Page whoever is on call for the service',
  input: pageInput,
  approvalClass: 'R0',
  claim: 'shared',
  reversible: { because: 'Somebody was woken up.' },
  destroys: 'nothing',
  target: (input) => `Page/-/${input.source}`,
};

/** What the PagerDuty connector offers. */
export const manifest: Manifest = {
  name: 'pagerduty',
  title: 'PagerDuty',
  lastResort: ['delete the integration of the service, or disable the API key, in PagerDuty'],
  config: pagerdutyConfig,
  actions: { page: actionManifest(pageManifest) },
  probes: { schedule: scheduleManifest },
};
