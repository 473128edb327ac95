import { proxyActivities, workflowInfo } from '@temporalio/workflow';

/** The one activity of the floor: it only says that it was reached. */
export interface FloorActivities {
  reached(run: string): Promise<void>;
}

const STEPS = 5;
const { reached } = proxyActivities<FloorActivities>({ startToCloseTimeout: '1 minute' });

/** Five empty activities, one after the other: what the server costs when nothing is done. */
export async function floor(): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) await reached(workflowInfo().workflowId);
}
