// Goal: the postmortem says only what is on record, cites it, and says `unknown` for the rest.
// Method: one incident with something in every group; then facts are taken away and references broken.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { FACT_KINDS } from './fact.ts';
import type { CustodyEntry, Evidence } from './evidence.ts';
import type { OperationRow } from './operation.ts';
import {
  buildPostmortem,
  danglingReferences,
  POSTMORTEM_SECTIONS,
  type PostmortemDocument,
  type PostmortemInput,
} from './postmortem.ts';
import { approval, incident, sampleFacts } from './sample-incident.ts';
import type { Statement } from './statement.ts';

const operation: OperationRow = {
  incidentId: incident.id,
  operation: 'canary-to-zero',
  target: 'kubernetes/Deployment/ml/canary',
  round: 1,
  step: 'isolate',
  use: 'kubernetes.scale',
  instance: 'kubernetes',
  input: {},
  approvalClass: 'R1',
  approvalId: null,
  containment: true,
  state: 'verified',
  fence: 1,
  generation: 1,
  plan: {
    summary: 'Scale to 0.',
    targets: [],
    before: 1,
    after: 0,
    token: null,
    undo: 'Scale to 1.',
  },
  planDigest: 'e'.repeat(64),
  receipt: null,
  verdict: null,
  reason: null,
  applySequence: 1,
  superseded: false,
  leaseUntil: null,
  restores: 0,
  movedBy: null,
  leftOwner: null,
  leftUntil: null,
  drill: false,
};

const evidence: Evidence = {
  id: 'evd_1',
  incidentId: incident.id,
  title: 'Pod manifests',
  operation: 'seal-pods',
  sha256: 'f'.repeat(64),
  bytes: 42,
  mediaType: 'application/json',
  source: 'kubernetes: pod-manifests',
  collectedAt: '2026-11-20T10:00:05.000Z',
  truncated: false,
  moment: 'before-containment',
};

const custody: CustodyEntry = {
  evidenceId: 'evd_1',
  sequence: 1,
  action: 'collected',
  by: 'engine',
  at: evidence.collectedAt,
  sha256: evidence.sha256,
  previousHash: '0'.repeat(64),
  hash: '1'.repeat(64),
};

const input: PostmortemInput = {
  incident: { ...incident, state: 'closed', verdict: 'confirmed' },
  facts: sampleFacts([
    { kind: 'alert.received', occurredAt: incident.onsetAt, summary: 'Alert: scores drift.' },
    { kind: 'incident.opened', data: { severity: 'sev3' } },
    { kind: 'incident.severity-set', actor: 'ada', summary: 'sev2: customers are hit.' },
    { kind: 'evidence.sealed', data: { id: 'evd_1' } },
    {
      kind: 'operation.verified',
      step: 'isolate',
      operation: 'canary-to-zero',
      target: operation.target,
    },
    { kind: 'containment.verified', step: 'isolate' },
    {
      kind: 'lineage.traced',
      data: {
        suspect: incident.suspect,
        known: true,
        truncated: false,
        affected: [{ id: 'model:fraud-scorer@7' }, { id: 'model:limits@3' }],
        models: [{ name: 'fraud-scorer', version: '7' }],
        deployments: ['kubernetes/ml/canary'],
        unknown: ['model:old@1'],
        digests: [
          { name: 'fraud-scorer', version: '7', recorded: 'aa', observed: 'aa', matches: true },
          { name: 'limits', version: '3', recorded: 'bb', observed: 'cc', matches: false },
          {
            name: 'old',
            version: '1',
            recorded: null,
            observed: null,
            matches: null,
            problem: 'unreadable',
          },
        ],
      },
    },
    {
      kind: 'known-good.chosen',
      data: {
        status: 'proven',
        version: '6',
        digest: 'dd',
        datasets: ['dataset:t@1'],
        rejected: [
          { candidate: '7', code: 'in_blast_radius', reason: 'It is in the blast radius.' },
        ],
        unproven: [],
      },
    },
    { kind: 'approval.requested', data: { approvalId: approval.id, people: 1 } },
    {
      kind: 'decision.admitted',
      actor: 'grace',
      data: { kind: 'approve', approvalId: approval.id },
    },
    { kind: 'evidence.gap', summary: 'Audit events could not be read.' },
    { kind: 'operation.failed', summary: 'A probe failed.' },
    { kind: 'message.sent', summary: 'Slack was told.' },
    { kind: 'incident.closed', actor: 'ada', summary: 'Closed as confirmed.' },
  ]),
  evidence: [evidence],
  custody: [custody],
  operations: [operation],
  approvals: [approval],
  chain: { facts: 14, headHash: '9'.repeat(64), verified: true, firstBad: null, problem: null },
};

const jsonSchema = z.json();

const statementsOf = (document: PostmortemDocument): readonly Statement[] =>
  document.sections.flatMap(({ statements }) => statements);
const textOf = (document: PostmortemDocument, section: string, label: string): string | undefined =>
  document.sections
    .find(({ title }) => title === section)
    ?.statements.find((statement) => statement.label === label)?.text;

describe('a version that people chose without all proofs', () => {
  const chosen = {
    ...{ status: 'unproven', version: '5', chosenBy: ['Ada', 'Grace'], rejected: [] },
    missing: ['Its digest was recorded too late.', 'Its run is unknown.'],
    unproven: [{ candidate: '5', missing: ['Its digest was recorded too late.'] }],
  };
  const facts = input.facts.map((fact) =>
    fact.kind === 'known-good.chosen' ? { ...fact, data: chosen } : fact,
  );
  const document = buildPostmortem({ ...input, facts });

  test.each([
    ['Status', 'unproven'],
    ['Chosen without all proofs by', 'Ada, Grace'],
    ['Missing proofs', 'Its digest was recorded too late. Its run is unknown.'],
    ['Unproven: 5', 'Its digest was recorded too late.'],
  ])('is told with %s', (label, text) => {
    expect(textOf(document, 'Known-good decision', label)).toBe(text);
  });
});

describe('glass that somebody broke', () => {
  const broken = {
    kind: 'break-glass.broken',
    summary: 'olga broke the glass.',
    data: { breakId: 'brk_1', reviewBy: 'approver-security', reviewDueAt: '2026-11-23' },
  } as const;
  const review = {
    kind: 'break-glass.reviewed',
    summary: 'sam reviewed it: it held.',
    data: { breakId: 'brk_1' },
  } as const;
  const of = (...facts: Parameters<typeof sampleFacts>[0]) =>
    buildPostmortem({ ...input, facts: sampleFacts([{ kind: 'incident.opened' }, ...facts]) });
  const reviewOf = (document: PostmortemDocument) =>
    textOf(document, 'Corrective and preventive actions', 'Break-glass review');

  test('is told, with its review or who owes it', () => {
    const owed = of(broken, { ...review, data: { breakId: 'brk_2' } });
    expect(reviewOf(owed)).toBe('Not reviewed: owed by approver-security until 2026-11-23.');
    expect(reviewOf(of(broken, review))).toBe(review.summary);
    expect(statementsOf(owed).map(({ text }) => text)).toContain(broken.summary);
    expect(reviewOf(of())).toBeUndefined();
  });
});

describe('buildPostmortem', () => {
  const document = buildPostmortem(input);

  test('has all fourteen groups in order, none empty', () => {
    expect(document.sections.map(({ title }) => title)).toEqual([...POSTMORTEM_SECTIONS]);
    expect(document.sections.filter(({ statements }) => statements.length === 0)).toEqual([]);
  });

  test.each([
    ['Identity', 'Severity when opened', 'sev3'],
    ['Identity', 'Severity changed', 'sev2: customers are hit.'],
    ['Identity', 'Responders', 'grace, ada'],
    ['Identity', 'ATLAS techniques', 'unknown'],
    ['System', 'Registry name and alias', 'unknown'],
    ['Timestamps', 'Onset', incident.onsetAt],
    ['Timestamps', 'Redeployed', 'unknown'],
    ['Impact and exposure', 'Exposed from onset to verified containment', '5 min 5 s'],
    ['Impact and exposure', 'Predictions and users affected', 'unknown'],
    ['Lineage audit', 'Affected', 'model:fraud-scorer@7, model:limits@3'],
    ['Lineage audit', 'Ancestry unknown', 'model:old@1'],
    ['Lineage audit', 'Digest failed', 'limits@3: recorded bb, observed cc'],
    ['Lineage audit', 'Digest not checked', 'old@1: recorded unknown, observed unreadable'],
    ['Known-good decision', 'Refused: 7', 'It is in the blast radius. (in_blast_radius)'],
    ['Evidence register', 'Gap', 'Audit events could not be read.'],
    ['Analysis', 'Did not work', 'A probe failed.'],
    ['Detection and response scores', 'Waited for people, in all', '1 s'],
    ['Integrity', 'Chain', 'verified: 14 facts follow from each other'],
  ])('%s: %s', (section, label, text) => {
    expect(textOf(document, section, label)).toBe(text);
  });

  test('each effect tells plan, result, approval and undo', () => {
    const text = textOf(document, 'Actions taken', 'isolate: canary-to-zero');
    for (const part of [
      'Scale to 0.',
      'verified',
      'kubernetes.scale',
      'R1',
      operation.planDigest,
      'Scale to 1.',
    ]) {
      expect(text).toContain(part);
    }
  });

  test('a broken chain is said to be broken', () => {
    const chain = { ...input.chain, verified: false, firstBad: 3, problem: 'The hash is wrong.' };
    expect(textOf(buildPostmortem({ ...input, chain }), 'Integrity', 'Chain')).toContain(
      'NOT verified: The hash is wrong.',
    );
  });

  test('nothing is claimed without a citation, whatever is on record', () => {
    const jsonValues = fc.json().map((text) => jsonSchema.parse(JSON.parse(text)));
    const kinds = fc.array(fc.constantFrom(...FACT_KINDS), { maxLength: 30 });
    fc.assert(
      fc.property(kinds, jsonValues, (each, data) => {
        const facts = sampleFacts(each.map((kind) => ({ kind, data })));
        const built = buildPostmortem({
          ...input,
          facts,
          evidence: [],
          custody: [],
          operations: [],
        });
        expect(danglingReferences(built, { facts, evidence: [] })).toEqual([]);
        for (const statement of statementsOf(built)) {
          if (!statement.known)
            expect(statement).toMatchObject({ text: 'unknown', facts: [], evidence: [] });
        }
      }),
    );
  });

  test('equal records give equal documents, in any order of reading', () => {
    expect(buildPostmortem({ ...input, facts: input.facts.toReversed() })).toEqual(document);
  });

  test('it survives JSON unchanged', () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});

describe('danglingReferences', () => {
  const document = buildPostmortem(input);

  test('there are none on the record that it was made from', () => {
    expect(danglingReferences(document, input)).toEqual([]);
  });

  test('a fact or evidence that is gone is named', () => {
    const facts = input.facts.filter(({ kind }) => kind !== 'known-good.chosen');
    const missing = danglingReferences(document, { facts, evidence: [] });
    expect(new Set(missing.map(({ reference }) => reference))).toEqual(
      new Set(['fact 8', 'evidence evd_1']),
    );
  });
});
