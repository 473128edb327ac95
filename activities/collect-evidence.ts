import { toAppError } from '../domain/error.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { SealOperation } from '../domain/playbook.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { Tables } from '../store/tables.ts';
import { itemsOf } from './evaluation.ts';
import { sightFact, type Looking, type Sight } from './sight.ts';
import { readProbe, type ReadReply } from './read-probe.ts';

/**
 * Seals what a probe answers: bytes into the store by digest; custody begins, and the digest is told, with the result.
 * What could not be sealed is a recorded gap and makes the operation inconclusive; the playbook says whether that holds.
 */
export async function sealEvidence(looking: Looking<SealOperation>): Promise<Sight> {
  const { operation, context } = looking;
  const collected: Evidence[] = [];
  let missing: string | null = null;
  for (const item of itemsOf(operation.forEach, context)) {
    try {
      collected.push(await collect(looking, await readProbe(looking, operation, item.context)));
    } catch (error) {
      missing = toAppError(error).message;
      break;
    }
  }
  return {
    outcome: missing === null ? 'succeeded' : 'inconclusive',
    reason: missing,
    value: null,
    facts: [],
    keep: async (tables) => tell(looking, await keepAll(tables, collected), missing),
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

/** Stores the bytes; answers the row that is still to be written. */
async function collect(looking: Looking<SealOperation>, read: ReadReply): Promise<Evidence> {
  const { deps, incident, operation } = looking;
  const bytes = read.reply.evidence?.bytes ?? Buffer.from(canonicalJson(read.reply.value), 'utf8');
  const stored = await deps.evidenceFiles.put(bytes);
  return {
    id: deps.newId('evd'),
    incidentId: incident.id,
    title: operation.title,
    operation: operation.name,
    sha256: stored.sha256,
    bytes: stored.bytes,
    mediaType: read.reply.evidence?.mediaType ?? 'application/json',
    source: `${read.instance}: ${read.use} ${canonicalJson(read.input)}`,
    collectedAt: deps.now().toISOString(),
    truncated: read.reply.truncated,
    moment: incident.containedAt === null ? 'before-containment' : 'after-containment',
  };
}

/** Custody begins in the transaction that stores the evidence: an attempt before this one has begun its own. */
async function keepAll(
  { evidence }: Pick<Tables, 'evidence'>,
  collected: readonly Evidence[],
): Promise<readonly Evidence[]> {
  const kept: Evidence[] = [];
  for (const one of collected) {
    const stored = await evidence.put(one);
    kept.push(stored);
    if (stored.id !== one.id) continue;
    const { id: evidenceId, collectedAt: at, sha256 } = stored;
    await evidence.addCustody({ evidenceId, by: 'engine', at, sha256, action: 'collected' });
  }
  return kept;
}

function tell(
  looking: Looking<SealOperation>,
  sealed: readonly Evidence[],
  missing: string | null,
): Pick<Sight, 'value' | 'facts'> {
  const value = { evidence: sealed.map(brief) };
  if (missing !== null) {
    const summary = `Not sealed: ${looking.operation.title}: ${missing}`;
    const data = { reason: missing };
    return { value, facts: [sightFact(looking, 'gap', { kind: 'evidence.gap', summary, data })] };
  }
  const facts = sealed.map((evidence) =>
    sightFact(looking, `sealed/${evidence.sha256}`, {
      kind: 'evidence.sealed',
      summary: `Sealed: ${evidence.title} (${evidence.bytes.toString()} bytes)`,
      data: { ...brief(evidence), moment: evidence.moment },
    }),
  );
  return { value, facts };
}
