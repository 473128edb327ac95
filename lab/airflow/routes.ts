import { z } from 'zod';
import type { TwinReply, TwinRequest } from '../twin.ts';
import { AirflowFailure } from './failure.ts';
import { pageOf, pageQuery, readBody, readQuery } from './message.ts';
import { ok, type AirflowWorld, type Handler, type Route } from './route.ts';
import { createRunRoutes } from './runs.ts';
import { createTaskRoutes } from './tasks.ts';
import { dagBody, dagNamed, versionBody } from './world.ts';

const dagPatch = z.strictObject({ is_paused: z.boolean() });

function patchDag(world: AirflowWorld, request: TwinRequest, dagId: string): TwinReply {
  const mask = request.url.searchParams.getAll('update_mask');
  const dag = dagNamed(world.dags, dagId);
  const body = readBody(request, dagPatch);
  if (mask.some((field) => field !== 'is_paused')) {
    throw new AirflowFailure(400, 'Only `is_paused` field can be updated through the REST API');
  }
  const changed = dag.paused !== body.is_paused;
  dag.paused = body.is_paused;
  world.scheduler.wake(dag);
  return { status: 200, body: dagBody(dag), changed };
}

function declaredTasks(world: AirflowWorld, dagId: string): TwinReply {
  const { tasks } = dagNamed(world.dags, dagId).declared;
  const bodies = tasks.map((task) => ({
    task_id: task.id,
    task_display_name: task.id,
    owner: 'airflow',
    trigger_rule: 'all_success',
    downstream_task_ids: [...task.downstream],
    is_mapped: false,
  }));
  return ok({ tasks: bodies, total_entries: bodies.length });
}

function listDags(world: AirflowWorld, request: TwinRequest): TwinReply {
  const query = readQuery(request, pageQuery);
  const dags = [...world.dags.values()];
  return ok({ dags: pageOf(dags, query).map(dagBody), total_entries: dags.length });
}

function createDagRoutes(world: AirflowWorld): readonly Route[] {
  return [
    { method: 'GET', path: 'dags', handler: (request) => listDags(world, request) },
    {
      method: 'GET',
      path: 'dags/*',
      handler: (_, [dagId = '']) => ok(dagBody(dagNamed(world.dags, dagId))),
    },
    {
      method: 'PATCH',
      path: 'dags/*',
      handler: (request, [dagId = '']) => patchDag(world, request, dagId),
    },
    {
      method: 'GET',
      path: 'dags/*/tasks',
      handler: (_, [dagId = '']) => declaredTasks(world, dagId),
    },
    {
      method: 'GET',
      path: 'dags/*/dagVersions',
      handler: (_, [dagId = '']) =>
        ok({ dag_versions: [versionBody(dagNamed(world.dags, dagId))], total_entries: 1 }),
    },
    {
      method: 'GET',
      path: 'dagSources/*',
      handler: (_, [dagId = '']) => {
        const { id, source } = dagNamed(world.dags, dagId).declared;
        return ok({ content: source ?? `# ${id}\n`, dag_id: id, version_number: 1 });
      },
    },
  ];
}

/** Every route below `/api/v2/` that needs a user. */
export function createRoutes(world: AirflowWorld): readonly Route[] {
  return [...createDagRoutes(world), ...createRunRoutes(world), ...createTaskRoutes(world)];
}

/** The route of a request and the segments that its stars stand for. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  segments: readonly string[],
): { readonly handler: Handler; readonly parts: readonly string[] } | 'no-method' | undefined {
  let found: 'no-method' | undefined;
  for (const route of routes) {
    const pattern = route.path.split('/');
    if (pattern.length !== segments.length) continue;
    if (!pattern.every((part, index) => part === '*' || part === segments[index])) continue;
    if (route.method !== method) {
      found = 'no-method';
      continue;
    }
    const parts = segments.filter((_, index) => pattern[index] === '*');
    return { handler: route.handler, parts };
  }
  return found;
}
