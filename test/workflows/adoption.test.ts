import { readFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyChain } from '../../evidence/chain.ts';
import { buildIdOf, type WorkflowBundle } from '../../worker/bundle.ts';
import { quietTemporalRuntime, workflowBundlePath } from '../harness.ts';
import { op, playbookOf } from './engine-operations.ts';
import { startEngine, type Engine } from './engine.ts';
import { createWorld } from './world.ts';

// Goal: an upgrade, or the way back from one, never strands an open incident.
// Method: one incident opened on one build and answered on another, both ways, and on a build that cannot replay it.
let engine: Engine | null = null;

beforeAll(quietTemporalRuntime);
afterEach(async () => {
  await engine?.stop();
  engine = null;
});

const LOAD = /\bloadIncident\(reference\)/u;

async function builds(): Promise<{
  readonly current: WorkflowBundle;
  readonly equal: WorkflowBundle;
  readonly different: WorkflowBundle;
}> {
  const code = await readFile(await workflowBundlePath(), 'utf8');
  expect(code).toMatch(LOAD);
  return {
    current: { code, buildId: buildIdOf(code) },
    equal: { code: `// the same, built elsewhere\n${code}`, buildId: 'built-elsewhere' },
    // Loads the incident twice, which no history of the others did.
    different: {
      code: code.replace(LOAD, '$&.then((first) => $&.then(() => first))'),
      buildId: 'another-order',
    },
  };
}

type BuildName = 'current' | 'equal' | 'different';

describe('an incident that another build left open', () => {
  test.each<[string, BuildName, BuildName, number]>([
    ['moves to a build on which it replays', 'current', 'equal', 1],
    ['moves back', 'equal', 'current', 1],
    ['is resumed from Postgres where it does not replay', 'current', 'different', 2],
    ['is resumed from Postgres on the way back', 'different', 'current', 2],
  ])('%s', async (...[, before, after, generation]) => {
    const world = createWorld({ canary: 1, alias: 7 });
    const started = await startEngine(
      playbookOf({
        isolate: [op.contain('drain', 'canary', 0)],
        revert: [op.approval('go-back', [op.set('alias-back', 'alias', 6)])],
      }),
      world,
    );
    engine = started;
    const bundles = await builds();
    await started.stopWorker();
    await started.startWorker(bundles[before]);
    const incident = await started.open();
    await started.waitFor(incident, 'the approval', (_, facts) =>
      facts.some(({ kind }) => kind === 'approval.requested'),
    );
    await started.stopWorker();
    await started.startWorker(bundles[after]);
    expect(await started.reconciler.reconcile()).toEqual({ touched: 1, left: 0 });
    await started.approveNext(incident);
    const ended = await started.waitFor(incident, 'review', ({ phase }) => phase === 'review');
    expect(ended.generation).toBe(generation);
    expect(world.writes).toEqual(['canary=0', 'alias=6']);
    expect(await verifyChain(await started.facts(incident))).toMatchObject({ verified: true });
  });
});
