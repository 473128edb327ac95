import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Role } from '../../domain/approval.ts';
import { AppError } from '../../domain/error.ts';
import type { CustodyEntry, Evidence } from '../../domain/evidence.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { actorOf, callerOf, READERS, STEERERS } from '../auth.ts';
import { evidenceEndpoints, incidentEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { API_PREFIX, idParams } from '../schema/value.ts';
import { requireIncident, requireSight, sees, type Asked } from '../sight.ts';

/** Evidence of an incident that the caller sees, and acts on by one of these roles. Raises `not_found` and `unauthorized`. */
async function requireEvidence(
  dependencies: ApiDependencies,
  { id, caller }: Asked,
  access: readonly Role[] = READERS,
): Promise<Evidence> {
  const { store } = dependencies;
  const evidence = await store.evidence.get(id);
  const incident = evidence === null ? null : await store.incidents.get(evidence.incidentId);
  if (evidence === null || incident === null || !sees(dependencies, caller, incident)) {
    throw new AppError('not_found', 'There is no such evidence.');
  }
  requireSight(dependencies, incident, { caller, access });
  return evidence;
}

const askedOf = (
  request: FastifyRequest & { readonly params: { readonly id: string } },
): Asked => ({
  id: request.params.id,
  caller: callerOf(request),
});

interface Handling {
  readonly evidence: Evidence;
  readonly action: CustodyEntry['action'];
  readonly by: string;
}

function recordCustody(
  { store, clock }: ApiDependencies,
  { evidence, action, by }: Handling,
): Promise<CustodyEntry> {
  const { id: evidenceId, sha256 } = evidence;
  return store.evidence.addCustody({ evidenceId, action, by, at: clock().toISOString(), sha256 });
}

/** Registers evidence: lists, metadata with custody. */
export function registerEvidence(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...incidentEndpoints.evidence,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const incident = await requireIncident(dependencies, askedOf(request));
      return { items: await store.evidence.ofIncident(incident.id) };
    },
  });

  api.route({
    ...evidenceEndpoints.show,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const evidence = await requireEvidence(dependencies, askedOf(request));
      return { evidence, custody: await store.evidence.custodyOf(evidence.id) };
    },
  });

  api.route({
    ...evidenceEndpoints.custody,
    config: { access: STEERERS, scope: 'steer', reach: 'object' },
    handler: async (request, reply) => {
      const evidence = await requireEvidence(dependencies, askedOf(request), STEERERS);
      const entry = await recordCustody(dependencies, {
        evidence,
        action: request.body.action,
        by: actorOf(request).person,
      });
      return reply.code(201).send({ entry });
    },
  });
}

/** Registers the bytes of evidence: an attachment of no type that a browser would show, each reading recorded. */
export function registerEvidenceBytes(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    method: 'GET',
    url: `${API_PREFIX}/evidence/:id/bytes`,
    schema: { summary: 'The bytes of evidence, as an attachment', params: idParams },
    // Raw evidence can hold customers' data: who may only look at the timeline does not get it.
    config: { access: STEERERS, reach: 'object' },
    handler: async (request, reply) => {
      const evidence = await requireEvidence(dependencies, askedOf(request), STEERERS);
      const bytes = await dependencies.evidenceBytes(evidence.sha256);
      if (sha256Hex(bytes) !== evidence.sha256) {
        throw new AppError('bad_reply', 'The stored bytes do not match the sealed digest.');
      }
      await recordCustody(dependencies, {
        evidence,
        action: 'read',
        by: actorOf(request).person,
      });
      return reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', `attachment; filename="${evidence.sha256}.bin"`)
        .header('x-evidence-sha256', evidence.sha256)
        .send(Buffer.from(bytes));
    },
  });
}
