// The built program in a process of its own, started as `firebreak start` does; says where it is, and ends when its
// standard input closes. A line `{"approvals":N,"incidentId":ID}` on it opens so many approvals that nobody answers.
// Arguments: folder of the built program, data folder, configuration file.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [program = '', dataDir = '', config = ''] = process.argv.slice(2);
const { start } = await import(pathToFileURL(join(program, 'app', 'start.js')).href);
const closed = once(process.stdin.resume(), 'close');
const AT_ONCE = 16;
const firebreak = await start({
  dataDir,
  config,
  port: 0,
  onFailure: (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
});
const { url, adminToken, sources } = firebreak;
process.stdout.write(`${JSON.stringify({ url, adminToken, sources })}\n`);

/** One approval that nobody answers, as the worker would open it. */
function approval(incidentId, round) {
  const now = Date.now();
  return {
    id: `apr_bench_${round}`,
    incidentId,
    operation: 'bench',
    round,
    title: 'Restore the known-good version',
    approvalClass: 'R2',
    quorum: { people: 1, roles: ['approver-model-owner'] },
    plans: [
      {
        operation: 'bench',
        target: `mlflow/version/bench/${round}`,
        round,
        digest: 'b'.repeat(64),
        summary: 'Points the alias champion of the bench at version 7, which was known good before',
        action: 'mlflow.move-alias',
        approvalClass: 'R2',
        undo: 'Points it back at version 8',
      },
    ],
    planDigest: 'a'.repeat(64),
    requestedBy: null,
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(now + 86_400_000).toISOString(),
  };
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { approvals, incidentId } = JSON.parse(line);
  let next = 0;
  const lane = async () => {
    while (next < approvals) {
      next += 1;
      await firebreak.store.approvals.open(approval(incidentId, next));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  process.stdout.write(`${JSON.stringify({ approvals })}\n`);
});
await closed;
await firebreak.stop();
process.exit();
