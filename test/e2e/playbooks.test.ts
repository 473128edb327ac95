import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { STEP_NAMES } from '../../domain/playbook.ts';
import { closersAfterEach } from '../closers.ts';
import { programPath } from '../harness.ts';
import { startDemo, type DemoDocument, type DemoEnd } from './demo-process.ts';

// Goal: the other shipped playbooks answer their alert through the whole engine, approved by two people. Method: the
// demo of each story as a child process on embedded servers; then its one document.
const TEST_MAX_MS = 600_000;

const closers = closersAfterEach();

async function ended(scenario: string, ...more: readonly string[]): Promise<DemoEnd> {
  const program = [join(await programPath(), 'cli', 'main.js')];
  const demo = startDemo({ program, args: ['--scenario', scenario, ...more] });
  closers.push(() => demo.close());
  return demo.end();
}

/** What every story must end with; `byOne`: what the model's owner alone had to approve. */
function expectGoodEnd(told: DemoDocument, playbook: string, byOne: readonly string[] = []): void {
  expect(told.outcome).toBe('succeeded');
  expect(told.playbook.name).toBe(playbook);
  expect(told.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual(
    STEP_NAMES.map((step) => `${step} succeeded`),
  );
  for (const { operation, status, approvedBy } of told.approvals) {
    expect({ status, approvedBy: approvedBy.toSorted() }).toEqual({
      status: 'approved',
      approvedBy: byOne.includes(operation) ? ['mona'] : ['mona', 'sam'],
    });
  }
  expect(told.timeline.verified).toBe(true);
}

/** Outcomes of these operations. */
function outcomesOf(
  told: DemoDocument,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const all = told.steps.flatMap(({ operations }) => operations);
  return Object.fromEntries(
    names.map((wanted) => [wanted, all.find(({ name }) => name === wanted)?.outcome]),
  );
}

test(
  'P1, approved on the page: the alias goes back, the replicas that load by alias are restarted, and every one reports what it runs',
  async () => {
    const { told, narrated, dataDir } = await ended('model-drift', '--approve', 'page');
    expectGoodEnd(told, 'model-drift');
    expect(narrated).toContain('approve (on the page, freshly signed in)');
    // Whoever gets the mail finds the page.
    const mail = await readFile(join(dataDir, 'messages', 'approval.txt'), 'utf8');
    expect(mail).toContain(`${told.url}/approvals/apr_`);
    expect(told.knownGood.chosen).toBe('6');
    expect(told.approvals.map(({ operation }) => operation).toSorted()).toEqual([
      'approve-retraining',
      'promote-by-alias',
      'revert-together',
    ]);
    const done = [
      'restore-alias',
      'restart-stable',
      'replicas-loaded-known-good',
      'alias-is-known-good',
      'known-good-does-not-drift',
      'replicas-loaded-new-version',
      'drift-after-restart',
    ];
    const left = ['scale-canary-away', 'roll-stable-back', 'promote', 'promote-full'];
    expect(outcomesOf(told, [...done, ...left])).toEqual({
      ...Object.fromEntries(done.map((name) => [name, 'succeeded'])),
      ...Object.fromEntries(left.map((name) => [name, 'skipped'])),
    });
  },
  TEST_MAX_MS,
);

test(
  'P3: bytes that were replaced in place are found by their digest, and only registered bytes are served again',
  async () => {
    const { told } = await ended('tampered-artifact');
    expectGoodEnd(told, 'tampered-artifact');
    // Version 8 is served nowhere and nobody suspected it: its bytes alone speak against it.
    expect(told.knownGood.rejected.map(({ candidate, code }) => `${candidate} ${code}`)).toEqual([
      '8 digest_mismatch',
      '7 in_blast_radius',
    ]);
    expect(told.knownGood.chosen).toBe('6');
    const done = [
      'bytes-differ-from-record',
      'no-suspect-endpoint',
      'restore-alias',
      'roll-canary-back',
      'replicas-run-known-good',
      'loaded-is-known-good',
      'entry-path-closed',
      'new-version-bytes',
      'loaded-is-new-version',
      'dispose-of-suspect-pod',
    ];
    expect(outcomesOf(told, done)).toEqual(
      Object.fromEntries(done.map((name) => [name, 'succeeded'])),
    );
  },
  TEST_MAX_MS,
);

test(
  'P3, the bad version at 100 %: the last healthy capacity goes only when somebody approves it at R2, and comes back',
  async () => {
    const { told, narrated } = await ended('full-rollout');
    expectGoodEnd(told, 'tampered-artifact', ['out-of-service']);
    expect(told.approvals.map(({ operation }) => operation)).toContain('out-of-service');
    expect(narrated).toContain('Approval R2: Take the model out of service');
    expect(narrated).toContain(
      'it takes the last healthy capacity of fraud-scorer away, and what serves instead is rules',
    );
    const done = [
      'out-of-service',
      'no-suspect-endpoint',
      'roll-stable-back',
      'replicas-run-known-good',
      'back-in-service',
      'loaded-is-new-version',
    ];
    const left = ['traffic-away', 'scale-canary-away', 'suspect-not-loaded', 'no-suspect-requests'];
    expect(outcomesOf(told, [...done, ...left])).toEqual({
      ...Object.fromEntries(done.map((name) => [name, 'succeeded'])),
      ...Object.fromEntries(left.map((name) => [name, 'skipped'])),
    });
  },
  TEST_MAX_MS,
);
