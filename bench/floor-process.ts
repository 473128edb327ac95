// The bare floor: a worker with an empty five-activity workflow on the server of the benchmark. Each line on standard
// input asks for a run ({ids, atOnce}); each line on standard output answers with moments in milliseconds.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { z } from 'zod';
import type { FloorActivities } from './floor-workflow.ts';
import { alone, saturated, type Subject } from './load.ts';
import { createMarks } from './marks.ts';

const TASK_QUEUE = 'bench-floor';
const [address = ''] = process.argv.slice(2);
const question = z.object({ ids: z.array(z.string()), atOnce: z.number() });

const logger = new DefaultLogger('ERROR', ({ message }) => {
  process.stderr.write(`${message}\n`);
});
Runtime.install({ logger });
const marks = createMarks();
const steps = new Map<string, number>();
const activities: FloorActivities = {
  reached: (run) => {
    const step = (steps.get(run) ?? 0) + 1;
    steps.set(run, step);
    marks.note(run, step.toString());
    return Promise.resolve();
  },
};
const { code } = await bundleWorkflowCode({
  workflowsPath: join(import.meta.dirname, 'floor-workflow.ts'),
  logger,
});
const native = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection: native,
  taskQueue: TASK_QUEUE,
  workflowBundle: { code },
  activities: { ...activities },
  maxConcurrentActivityTaskExecutions: 24,
});
const running = worker.run();
const connection = await Connection.connect({ address });
const client = new Client({ connection });
const subject: Subject = {
  marks,
  fire: async (workflowId) => {
    await client.workflow.start('floor', { taskQueue: TASK_QUEUE, workflowId });
  },
};

process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { ids, atOnce } = question.parse(JSON.parse(line));
  const answer =
    atOnce === 1
      ? { timings: await alone(subject, ids) }
      : { perSecond: await saturated(subject, ids, atOnce) };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
worker.shutdown();
await running;
await connection.close();
await native.close();
process.exit();
