import { AppError, isAppError } from '../../domain/error.ts';
import type { JsonClient } from '../scenario/json-client.ts';

/** What a story made in a real system, and nothing else of it. */
export interface Owned extends JsonClient {
  /** Takes away what was made; nothing when nothing was. */
  remove(): Promise<void>;
}

const NAMESPACES = '/api/v1/namespaces';

/**
 * A real cluster as a story may use it: reading everywhere, writing only within one namespace that it created itself.
 * `send` raises `refused` when the namespace exists already, and for a write outside it.
 */
export function ownNamespace(cluster: JsonClient, namespace: string): Owned {
  let created = false;
  const inside = (path: string): boolean => path.includes(`/namespaces/${namespace}/`);
  const create: JsonClient['send'] = async (method, path, options) => {
    try {
      const made = await cluster.send(method, path, options);
      created = true;
      return made;
    } catch (error) {
      if (!isAppError(error) || error.code !== 'conflict') throw error;
      throw existing('Namespace', namespace, `kubectl delete namespace ${namespace}`);
    }
  };
  return {
    send: (method, path, options) => {
      if (method === 'GET') return cluster.send(method, path, options);
      if (method === 'POST' && path === NAMESPACES && !created)
        return create(method, path, options);
      if (created && inside(path)) return cluster.send(method, path, options);
      return Promise.reject(outside(method, path));
    },
    put: (path) => Promise.reject(outside('PUT', path)),
    remove: async () => {
      if (!created) return;
      created = false;
      await cluster.send('DELETE', `${NAMESPACES}/${namespace}`);
    },
  };
}

/** The refusal of a name that is taken, with what would free it. */
export function existing(kind: string, name: string, fix: string): AppError {
  return new AppError(
    'refused',
    `${kind} ${name} exists already. The demo writes only into what it creates; when nobody needs it: ${fix}`,
  );
}

/** The refusal of a write that is not the story's own. */
export function outside(method: string, path: string): AppError {
  return new AppError('refused', `${method} ${path} is outside of what the demo created.`);
}
