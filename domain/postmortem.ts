import type { Approval } from './approval.ts';
import type { CustodyEntry, Evidence } from './evidence.ts';
import type { Fact } from './fact.ts';
import type { Incident } from './incident.ts';
import { computeMetrics } from './metrics.ts';
import type { OperationRow } from './operation.ts';
import {
  actionsTaken,
  analysis,
  communications,
  evidenceRegister,
  followUps,
  integrity,
  scores,
  type ChainStatement,
} from './postmortem-record.ts';
import {
  identity,
  impact,
  knownGood,
  lineageAudit,
  story,
  system,
  timestamps,
} from './postmortem-story.ts';
import { FactBook, type Statement } from './statement.ts';

/** The groups of fields that every postmortem has, in order. */
export const POSTMORTEM_SECTIONS = [
  'Identity',
  'System',
  'Summary and what happened',
  'Timestamps',
  'Impact and exposure',
  'Lineage audit',
  'Known-good decision',
  'Actions taken',
  'Evidence register',
  'Analysis',
  'Detection and response scores',
  'Corrective and preventive actions',
  'Communications',
  'Integrity',
] as const;
/** One of `POSTMORTEM_SECTIONS`. */
export type SectionTitle = (typeof POSTMORTEM_SECTIONS)[number];

/** One group of fields. */
export interface PostmortemSection {
  readonly title: SectionTitle;
  readonly statements: readonly Statement[];
}

/** A postmortem as plain data: every statement cites facts or evidence, or says that it is unknown. */
export interface PostmortemDocument {
  readonly formatVersion: 1;
  readonly incidentId: string;
  readonly number: number;
  readonly title: string;
  /** How much of the log it was made from: it can be made again and must be equal. */
  readonly factCount: number;
  readonly headHash: string;
  readonly sections: readonly PostmortemSection[];
}

/** Everything on record about one incident. */
export interface PostmortemInput {
  readonly incident: Incident;
  readonly facts: readonly Fact[];
  readonly evidence: readonly Evidence[];
  readonly custody: readonly CustodyEntry[];
  readonly operations: readonly OperationRow[];
  readonly approvals: readonly Approval[];
  /** What the verifier of the log said. */
  readonly chain: ChainStatement;
}

/** The postmortem of an incident: a fold of what is on record, equal for equal input. Raises nothing. */
export function buildPostmortem(input: PostmortemInput): PostmortemDocument {
  const { incident, operations, approvals, chain, evidence, custody } = input;
  const book = new FactBook(input.facts);
  const metrics = computeMetrics(incident, book.facts);
  const statements: Readonly<Record<SectionTitle, readonly Statement[]>> = {
    Identity: identity(incident, book),
    System: system(incident, book),
    'Summary and what happened': story(book),
    Timestamps: timestamps(metrics, book),
    'Impact and exposure': impact(metrics, book),
    'Lineage audit': lineageAudit(book),
    'Known-good decision': knownGood(book),
    'Actions taken': actionsTaken(operations, book),
    'Evidence register': evidenceRegister({ evidence, custody, book }),
    Analysis: analysis(book),
    'Detection and response scores': scores(metrics, approvals, book),
    'Corrective and preventive actions': followUps(book),
    Communications: communications(book),
    Integrity: integrity(chain, book),
  };
  return {
    formatVersion: 1,
    incidentId: incident.id,
    number: incident.number,
    title: incident.title,
    factCount: book.facts.length,
    headHash: chain.headHash,
    sections: POSTMORTEM_SECTIONS.map((title) => ({ title, statements: statements[title] })),
  };
}

/** One statement whose citation does not hold. */
export interface DanglingReference {
  readonly section: SectionTitle;
  readonly text: string;
  /** `fact 12` or `evidence evd_…` that is not on record; `nothing` when a claim cites nothing. */
  readonly reference: string;
}

/** Citations that lead nowhere and claims that cite nothing: a document with any must not be exported. */
export function danglingReferences(
  document: PostmortemDocument,
  record: Pick<PostmortemInput, 'facts' | 'evidence'>,
): readonly DanglingReference[] {
  const facts = new Set(record.facts.map(({ sequence }) => sequence));
  const evidence = new Set(record.evidence.map(({ id }) => id));
  return document.sections.flatMap(({ title, statements }) =>
    statements.flatMap((statement) => {
      const { text } = statement;
      const missing = [
        ...statement.facts.filter((one) => !facts.has(one)).map((one) => `fact ${one.toString()}`),
        ...statement.evidence.filter((id) => !evidence.has(id)).map((id) => `evidence ${id}`),
      ];
      const bare = statement.known && statement.facts.length + statement.evidence.length === 0;
      return [...missing, ...(bare ? ['nothing'] : [])].map((reference) => ({
        section: title,
        text,
        reference,
      }));
    }),
  );
}
