import { z } from 'zod';
import { defineAction, type AnyAction } from '../connector.ts';
import { levelSet } from '../level-set.ts';
import { dagByHand } from './by-hand.ts';
import type { AirflowClient } from './client.ts';
import { pauseManifest, type PauseInput } from './manifest.ts';
import { dagReply } from './reply-schema.ts';

const state = z.strictObject({ paused: z.boolean() });
/** Whether the DAG is paused. */
type PauseState = z.infer<typeof state>;

function verb(paused: boolean): string {
  return paused ? 'Pause' : 'Unpause';
}

/**
 * Action `pause`. It stops or resumes the scheduling of tasks; a task that runs goes on. Its plan raises `not_found`.
 * Airflow has no version token for this: read, compare, write, read back.
 */
export function createPause(client: AirflowClient): AnyAction {
  const stages = levelSet<PauseInput, PauseState>({
    externalId: ({ dag }) => dag,
    observe: async ({ dag }, context) => ({ paused: (await client.dag(dag, context)).is_paused }),
    write: async ({ dag }, { paused }, context) => {
      await client.call(
        {
          method: 'PATCH',
          path: ['dags', dag],
          query: { update_mask: 'is_paused' },
          json: { is_paused: paused },
          schema: dagReply,
          permission: `DAG ${dag}: edit`,
        },
        context,
      );
    },
  });
  return defineAction({
    manifest: pauseManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const { dag, paused } = input;
      const { is_paused: before } = await client.dag(dag, context);
      return {
        summary: `${verb(paused)} DAG ${dag}${before === paused ? '; it is so already' : ''}.`,
        targets: [pauseManifest.target(input)],
        before: { paused: before },
        after: { paused },
        token: null,
        undo: `${verb(before)} DAG ${dag}.`,
      };
    },
    byHand: ({ dag }, { after }) =>
      dagByHand('PATCH', [dag], {
        body: { is_paused: after.paused },
        query: 'update_mask=is_paused',
      }),
    ...stages,
  });
}
