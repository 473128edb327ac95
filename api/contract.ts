import { z } from 'zod';
import { APPROVAL_STATES, approvalDetailSchema, approvalSchema } from './schema/approval.ts';
import {
  answerBody,
  commandBodies,
  decisionSchema,
  possibleCommandSchema,
  type CommandName,
} from './schema/decision.ts';
import { custodySchema, evidenceDetailSchema, evidenceSchema } from './schema/evidence.ts';
import { haltSchema } from './schema/halt.ts';
import { handOperationSchema } from './schema/hand-plan.ts';
import { INCIDENT_STATES, incidentSchema, suspectSchema } from './schema/incident.ts';
import { legalHoldSchema } from './schema/legal-hold.ts';
import { lineageGraphSchema } from './schema/lineage.ts';
import { plannedOperationSchema, resultSchema } from './schema/operation.ts';
import { factPageSchema } from './schema/timeline.ts';
import {
  API_PREFIX,
  idParams,
  idSchema,
  jsonObjectSchema,
  pageOf,
  pageQuery,
  wordsSchema,
} from './schema/value.ts';

const alertReceiptSchema = z.object({
  alertId: z.string(),
  duplicate: z.boolean(),
  incidentId: z.string().nullable(),
  /** Only for an alert that could not be understood and is kept aside. */
  problem: z.string().exactOptional(),
  /** Only for an alert that a silence kept from opening an incident. */
  silencedBy: z.string().exactOptional(),
});

/** The answer to every webhook. */
export const acceptedSchema = z.object({ alerts: z.array(alertReceiptSchema).readonly() });

const decisionReply = z.object({ decision: decisionSchema });
/** Reads of incidents and opening one by hand. */
export const incidentEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/incidents`,
    schema: {
      summary: 'List incidents, newest first',
      querystring: z.strictObject({
        ...pageQuery,
        /** States joined by commas; all when left out. */
        state: z
          .string()
          .max(100)
          .transform((text) => text.split(','))
          .pipe(z.array(z.enum(INCIDENT_STATES)).max(INCIDENT_STATES.length))
          .optional(),
      }),
      response: { 200: pageOf(incidentSchema) },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id`,
    schema: {
      summary: 'One incident, and what you can do now',
      params: idParams,
      response: {
        200: z.object({
          incident: incidentSchema,
          results: z.array(resultSchema).readonly(),
          approvals: z.array(approvalSchema).readonly(),
          decisions: z.array(decisionSchema).readonly(),
          /** Only of a storm incident: what it collects, in the order of coming; at most 200. */
          suspects: z.array(suspectSchema).readonly(),
          /** Halts in force that are about it. */
          halts: z.array(haltSchema).readonly(),
          /** Legal holds in force that are on it. */
          legalHolds: z.array(legalHoldSchema).readonly(),
          /** What can be done now, with exact commands. */
          now: z.array(possibleCommandSchema).readonly(),
        }),
      },
    },
  },
  open: {
    method: 'POST',
    url: `${API_PREFIX}/incidents`,
    schema: {
      summary: 'Open an incident by hand, through the same routing as an alert',
      body: z.strictObject({
        text: wordsSchema,
        requestId: idSchema.optional(),
        /** True opens a drill, which reaches drill instances alone. */
        drill: z.boolean().optional(),
      }),
      response: {
        200: z.object({ incident: incidentSchema, created: z.literal(false) }),
        201: z.object({ incident: incidentSchema, created: z.literal(true) }),
      },
    },
  },
  plans: {
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/plans`,
    schema: {
      summary: 'Every effect of an incident: plan, changes, state, undo',
      params: idParams,
      response: { 200: z.object({ items: z.array(plannedOperationSchema).readonly() }) },
    },
  },
  rest: {
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/runbook`,
    schema: {
      summary: 'What is left of the plan, as plain requests that people can send themselves',
      params: idParams,
      response: { 200: z.object({ items: z.array(handOperationSchema).readonly() }) },
    },
  },
  timeline: {
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/timeline`,
    schema: {
      summary: 'Facts of an incident in the order of learning',
      params: idParams,
      querystring: z.strictObject(pageQuery),
      response: { 200: factPageSchema },
    },
  },
  evidence: {
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/evidence`,
    schema: {
      summary: 'Evidence of an incident, metadata only',
      params: idParams,
      response: { 200: z.object({ items: z.array(evidenceSchema).readonly() }) },
    },
  },
  postmortem: {
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/postmortem.json`,
    schema: {
      summary: 'The postmortem as data',
      params: idParams,
      response: { 200: jsonObjectSchema },
    },
  },
} as const;

/** The endpoint of a command on an incident: 200 with its outcome, or 202 while that is not known. */
export function commandEndpoint<Name extends CommandName>(name: Name) {
  return {
    method: 'POST',
    url: `${API_PREFIX}/incidents/:id/${name}`,
    schema: {
      summary: `Decide: ${name}`,
      params: idParams,
      body: commandBodies[name],
      response: { 200: decisionReply, 202: decisionReply },
    },
  } as const;
}

/** Approvals and their answers. */
export const approvalEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/approvals`,
    schema: {
      summary: 'List approvals, newest first',
      querystring: z.strictObject({
        ...pageQuery,
        status: z.enum(APPROVAL_STATES).optional(),
        incident: idSchema.optional(),
      }),
      response: { 200: pageOf(approvalSchema) },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/approvals/:id`,
    schema: {
      summary: 'One approval with its exact plans and what they change',
      params: idParams,
      response: { 200: approvalDetailSchema },
    },
  },
  answer: {
    method: 'POST',
    url: `${API_PREFIX}/approvals/:id/decision`,
    schema: {
      summary: 'Approve or reject exactly the plans that you saw',
      params: idParams,
      body: answerBody,
      response: { 200: decisionReply, 202: decisionReply },
    },
  },
} as const;

/** Decisions, so that a client can ask again after a 202. */
export const decisionEndpoints = {
  show: {
    method: 'GET',
    url: `${API_PREFIX}/decisions/:id`,
    schema: {
      summary: 'One decision and its outcome',
      params: idParams,
      response: { 200: decisionReply },
    },
  },
} as const;

/** Evidence: metadata and custody. Bytes are served beside as an attachment. */
export const evidenceEndpoints = {
  show: {
    method: 'GET',
    url: `${API_PREFIX}/evidence/:id`,
    schema: {
      summary: 'One piece of evidence with its chain of custody',
      params: idParams,
      response: { 200: evidenceDetailSchema },
    },
  },
  custody: {
    method: 'POST',
    url: `${API_PREFIX}/evidence/:id/custody`,
    schema: {
      summary: 'Record that evidence was verified or exported',
      params: idParams,
      body: z.strictObject({ action: z.enum(['verified', 'exported']) }),
      response: { 201: z.object({ entry: custodySchema }) },
    },
  },
} as const;

/** Lineage: what a node reaches, what it is made from. Events come in beside, as raw bytes. */
export const lineageEndpoints = {
  walk: {
    method: 'GET',
    url: `${API_PREFIX}/lineage`,
    schema: {
      summary: 'Everything downstream or upstream of a node, capped',
      querystring: z.strictObject({
        node: z.string().min(1).max(1_000),
        direction: z.enum(['downstream', 'upstream']).default('downstream'),
      }),
      response: { 200: lineageGraphSchema },
    },
  },
} as const;

/** What the answer to a RunEvent says: how much of the graph it stated. */
export const lineageAcceptedSchema = z.object({ nodes: z.int(), edges: z.int() });
