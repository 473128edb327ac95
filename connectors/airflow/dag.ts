import { isAppError } from '../../domain/error.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { AirflowClient } from './client.ts';
import { dagManifest, declaredTasksManifest } from './manifest.ts';
import { tasksReply } from './reply-schema.ts';

const ABSENT = { exists: false, paused: null, fileloc: null, bundleVersion: null };

/** Probe `dag`: `{exists, paused, fileloc, bundleVersion}`; all null when it does not exist. */
export function createDagProbe(client: AirflowClient): AnyProbe {
  return defineProbe({
    manifest: dagManifest,
    read: async (input, context) => {
      try {
        const dag = await client.dag(input.dag, context);
        const value = {
          exists: true,
          paused: dag.is_paused,
          fileloc: dag.fileloc,
          bundleVersion: dag.bundle_version,
        };
        return { value, truncated: false };
      } catch (error) {
        if (isAppError(error) && error.code === 'not_found') {
          return { value: ABSENT, truncated: false };
        }
        throw error;
      }
    },
  });
}

/** Probe `declared-tasks`: `{tasks: [{id, downstream}]}` as the current code declares them. Raises `not_found`. */
export function createDeclaredTasksProbe(client: AirflowClient): AnyProbe {
  return defineProbe({
    manifest: declaredTasksManifest,
    read: async (input, context) => {
      const reply = await client.call(
        {
          method: 'GET',
          path: ['dags', input.dag, 'tasks'],
          schema: tasksReply,
          permission: `DAG ${input.dag}: read`,
        },
        context,
      );
      const tasks = reply.value.tasks.map((task) => ({
        id: task.task_id,
        downstream: [...(task.downstream_task_ids ?? [])].sort(),
      }));
      return { value: { tasks }, truncated: false };
    },
  });
}
