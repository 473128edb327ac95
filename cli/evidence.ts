import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../api/client.ts';
import { AppError, toAppError } from '../domain/error.ts';
import type { Evidence } from '../domain/evidence.ts';
import { verifyChain, verifyCustody } from '../evidence/chain.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, requiredOption } from './arguments.ts';
import { allFacts } from './fact-pages.ts';
import { EXIT } from './failure.ts';
import type { Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const FACTS_MAX = 1_000_000;
const LINE_CHARACTERS_MAX = 500;

/** What one piece of evidence was found to be. */
interface Finding {
  readonly id: string;
  readonly title: string;
  readonly sha256: string;
  readonly ok: boolean;
  /** Null when all is well. */
  readonly problem: string | null;
}

async function listOf(client: ApiClient, id: string): Promise<readonly Evidence[]> {
  const { api } = await import('../api/client.ts');
  return (await client.call(api.incidents.evidence, { params: { id } })).items;
}

/** Why the evidence does not hold, or null. */
async function problemOf(client: ApiClient, evidence: Evidence): Promise<string | null> {
  const { api } = await import('../api/client.ts');
  const bytes = await client.bytes(`/evidence/${encodeURIComponent(evidence.id)}/bytes`);
  if (sha256Hex(bytes) !== evidence.sha256) return 'the bytes are not those that were sealed';
  if (bytes.byteLength !== evidence.bytes) return 'the size is not the one that was sealed';
  const { custody } = await client.call(api.evidence.show, { params: { id: evidence.id } });
  return verifyCustody(custody).verified ? null : 'the chain of custody is broken';
}

async function verifyOne(client: ApiClient, evidence: Evidence): Promise<Finding> {
  const { api } = await import('../api/client.ts');
  const { id, title, sha256 } = evidence;
  let problem: string | null;
  try {
    problem = await problemOf(client, evidence);
  } catch (error) {
    const { code, message } = toAppError(error);
    // Only an answer about this piece is a finding about this piece.
    if (code !== 'bad_reply' && code !== 'not_found') throw error;
    problem = message;
  }
  if (problem === null) {
    await client.call(api.evidence.custody, { params: { id }, body: { action: 'verified' } });
  }
  return { id, title, sha256, ok: problem === null, problem };
}

async function verify(session: Session, incidentId: string): Promise<number> {
  const client = await session.client();
  const pieces = await listOf(client, incidentId);
  const evidence: Finding[] = [];
  for (const piece of pieces) {
    evidence.push(await verifyOne(client, piece));
    session.progress(`${evidence.length.toString()} of ${pieces.length.toString()} verified`);
  }
  const { facts, head } = await allFacts(client, incidentId, FACTS_MAX);
  const timeline = await verifyChain(facts, head);
  const ok = timeline.verified && evidence.every((one) => one.ok);
  session.result({ ok, evidence, timeline }, () =>
    [
      ...evidence.map((one) =>
        visibleCut(
          `${one.ok ? 'ok ' : 'BAD'} ${one.title} ${one.problem ?? ''}`,
          LINE_CHARACTERS_MAX,
        ),
      ),
      `timeline: ${timeline.facts.toString()} facts, ${timeline.verified ? 'the chain holds' : 'the chain is BROKEN'}`,
    ].join('\n'),
  );
  return ok ? EXIT.ok : EXIT.failed;
}

/** Raises `conflict` unless the folder is new or empty: an export never mixes with what is there. */
async function freshFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if ((await readdir(path)).length === 0) return;
  throw new AppError('conflict', `The folder ${path} is not empty.`, { field: 'output' });
}

async function exportAll(session: Session, incidentId: string, folder: string): Promise<number> {
  const { api } = await import('../api/client.ts');
  const client = await session.client();
  const pieces = await listOf(client, incidentId);
  await freshFolder(folder);
  const custody: unknown[] = [];
  for (const { id, sha256 } of pieces) {
    const bytes = await client.bytes(`/evidence/${encodeURIComponent(id)}/bytes`);
    await client.call(api.evidence.custody, { params: { id }, body: { action: 'exported' } });
    await writeFile(join(folder, `${sha256}.bin`), bytes, { mode: 0o600 });
    custody.push(await client.call(api.evidence.show, { params: { id } }));
    session.progress(`${custody.length.toString()} of ${pieces.length.toString()} exported`);
  }
  const { facts, head } = await allFacts(client, incidentId, FACTS_MAX);
  const lines = facts.map((fact) => `${JSON.stringify(fact)}\n`).join('');
  await writeFile(join(folder, 'facts.jsonl'), lines, { mode: 0o600 });
  const manifest = { incidentId, head, evidence: custody };
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
  });
  const report = { folder, evidence: pieces.length, facts: facts.length, headHash: head.hash };
  session.result(
    report,
    () =>
      `${pieces.length.toString()} pieces of evidence and ${facts.length.toString()} facts are in ${folder}.`,
  );
  return EXIT.ok;
}

/** `firebreak evidence verify|export`. */
export function registerEvidence({ program, run }: Registrar): void {
  const evidence = program.command('evidence').description('sealed evidence and its custody');
  run(
    evidence
      .command('verify')
      .description('hash every piece again, follow custody and the chain of facts')
      .argument('<incident>'),
    (session, args) => verify(session, argument(args, 0, 'incident')),
  );
  run(
    evidence
      .command('export')
      .description('write evidence, custody and facts into a new folder')
      .argument('<incident>')
      .requiredOption('--output <folder>', 'folder that is new or empty'),
    (session, args) =>
      exportAll(session, argument(args, 0, 'incident'), requiredOption(args, 'output')),
  );
}
