import { toAppError } from '../domain/error.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { SealOperation } from '../domain/playbook.ts';
import { canonicalJson } from '../evidence/digest.ts';
import { itemsOf } from './evaluation.ts';
import { sightFact, type Looking, type Sight } from './sight.ts';
import { readProbe, type ReadReply } from './read-probe.ts';

/**
 * Seals what a probe answers: bytes into the store by digest, custody begun, the digest on the timeline. What could
 * not be sealed is a recorded gap and makes the operation inconclusive; the playbook says whether that holds.
 */
export async function sealEvidence(looking: Looking<SealOperation>): Promise<Sight> {
  const { operation, context } = looking;
  const sealed: Evidence[] = [];
  for (const item of itemsOf(operation.forEach, context)) {
    try {
      sealed.push(await sealOne(looking, await readProbe(looking, operation, item.context)));
    } catch (error) {
      return gap(looking, sealed, toAppError(error).message);
    }
  }
  return {
    outcome: 'succeeded',
    reason: null,
    value: { evidence: sealed.map(brief) },
    facts: sealed.map((evidence) =>
      sightFact(looking, `sealed/${evidence.sha256}`, {
        kind: 'evidence.sealed',
        summary: `Sealed: ${evidence.title} (${evidence.bytes.toString()} bytes)`,
        data: { ...brief(evidence), moment: evidence.moment },
      }),
    ),
  };
}

function brief(evidence: Evidence): {
  id: string;
  sha256: string;
  bytes: number;
  source: string;
  truncated: boolean;
} {
  const { id, sha256, bytes, source, truncated } = evidence;
  return { id, sha256, bytes, source, truncated };
}

async function sealOne(looking: Looking<SealOperation>, read: ReadReply): Promise<Evidence> {
  const { deps, incident, operation } = looking;
  const bytes = read.reply.evidence?.bytes ?? Buffer.from(canonicalJson(read.reply.value), 'utf8');
  const stored = await deps.evidenceFiles.put(bytes);
  const at = deps.now().toISOString();
  const id = deps.newId('evd');
  return deps.store.transaction(async (tables) => {
    const evidence = await tables.evidence.put({
      id,
      incidentId: incident.id,
      title: operation.title,
      operation: operation.name,
      sha256: stored.sha256,
      bytes: stored.bytes,
      mediaType: read.reply.evidence?.mediaType ?? 'application/json',
      source: `${read.instance}: ${read.use} ${canonicalJson(read.input)}`,
      collectedAt: at,
      truncated: read.reply.truncated,
      moment: incident.containedAt === null ? 'before-containment' : 'after-containment',
    });
    // Custody begins in the transaction that stored the evidence: an attempt before this one has begun its own.
    if (evidence.id === id) {
      const { sha256 } = evidence;
      const entry = { evidenceId: id, by: 'engine', at, sha256 };
      await tables.evidence.addCustody({ ...entry, action: 'collected' });
    }
    return evidence;
  });
}

function gap(looking: Looking<SealOperation>, sealed: readonly Evidence[], reason: string): Sight {
  const summary = `Not sealed: ${looking.operation.title}: ${reason}`;
  return {
    outcome: 'inconclusive',
    reason,
    value: { evidence: sealed.map(brief) },
    facts: [sightFact(looking, 'gap', { kind: 'evidence.gap', summary, data: { reason } })],
  };
}
