import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import type { CustodyEntry, Evidence } from '../../domain/evidence.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { actorOf, READERS, STEERERS } from '../auth.ts';
import { evidenceEndpoints, incidentEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { API_PREFIX, idParams } from '../schema/value.ts';
import { requireIncident } from '../incident-view.ts';

async function requireEvidence(dependencies: ApiDependencies, id: string): Promise<Evidence> {
  const evidence = await dependencies.store.evidence.get(id);
  if (evidence === null) throw new AppError('not_found', 'There is no such evidence.');
  return evidence;
}

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
    config: { access: READERS },
    handler: async ({ params }) => {
      const incident = await requireIncident(dependencies, params.id);
      return { items: await store.evidence.ofIncident(incident.id) };
    },
  });

  api.route({
    ...evidenceEndpoints.show,
    config: { access: READERS },
    handler: async ({ params }) => {
      const evidence = await requireEvidence(dependencies, params.id);
      return { evidence, custody: await store.evidence.custodyOf(evidence.id) };
    },
  });

  api.route({
    ...evidenceEndpoints.custody,
    config: { access: STEERERS, scope: 'steer' },
    handler: async (request, reply) => {
      const evidence = await requireEvidence(dependencies, request.params.id);
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
    config: { access: STEERERS },
    handler: async (request, reply) => {
      const evidence = await requireEvidence(dependencies, request.params.id);
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
