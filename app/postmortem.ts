import { AppError } from '../domain/error.ts';
import type { CustodyEntry } from '../domain/evidence.ts';
import { isJsonObject, type JsonObject } from '../domain/json.ts';
import { buildPostmortem } from '../domain/postmortem.ts';
import { verifyChain } from '../evidence/chain.ts';
import { canonicalJson } from '../evidence/digest.ts';
import { renderPostmortem } from '../render/markdown.ts';
import type { Store } from '../store/tables.ts';
import { factsOf } from './incident-facts.ts';

/** A postmortem in both forms. */
export interface Postmortem {
  readonly markdown: string;
  readonly json: JsonObject;
}

const APPROVALS_MAX = 200;

/** Folds an incident's facts and rows into its postmortem as it stands now. Raises `not_found`, `too_large`. */
export async function writePostmortem(store: Store, incidentId: string): Promise<Postmortem> {
  const incident = await store.incidents.get(incidentId);
  if (!incident) throw new AppError('not_found', `There is no incident ${incidentId}.`);
  const facts = await factsOf(store, incidentId);
  const evidence = await store.evidence.ofIncident(incidentId);
  const custody: CustodyEntry[] = [];
  for (const { id } of evidence) custody.push(...(await store.evidence.custodyOf(id)));
  const approvals = await store.approvals.list(
    { status: null, incidentId },
    { cursor: null, limit: APPROVALS_MAX },
  );
  const document = buildPostmortem({
    incident,
    facts,
    evidence,
    custody,
    operations: await store.operations.ofIncident(incidentId),
    approvals: approvals.items,
    chain: await verifyChain(facts),
  });
  const json: unknown = JSON.parse(canonicalJson(document));
  if (!isJsonObject(json)) throw new AppError('internal', 'A postmortem is an object.');
  return { markdown: renderPostmortem(document), json };
}
