import type { JsonObject } from '../../domain/json.ts';
import type { ApiReply } from './api-reply.ts';
import { apiVersionOf, RESOURCES } from './resource.ts';

const VERSION: JsonObject = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3-lab',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'go1.26.0',
  compiler: 'gc',
  platform: 'linux/amd64',
};

function groups(): readonly JsonObject[] {
  const named = [...new Set(RESOURCES.map((resource) => resource.group))].filter(
    (group) => group !== '',
  );
  return named.map((name) => {
    const version = RESOURCES.find((resource) => resource.group === name)?.version ?? 'v1';
    const entry = { groupVersion: `${name}/${version}`, version };
    return { name, versions: [entry], preferredVersion: entry };
  });
}

function resourceList(groupVersion: string): JsonObject | undefined {
  const served = RESOURCES.filter((resource) => apiVersionOf(resource) === groupVersion);
  if (served.length === 0) return undefined;
  const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update'];
  const resources = served.map((resource) => ({
    name: resource.plural,
    singularName: resource.kind.toLowerCase(),
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs,
  }));
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/** Answers version, health and discovery paths; undefined for every other path. */
export function answerDiscovery(pathname: string): ApiReply | undefined {
  if (pathname === '/version') return { status: 200, body: VERSION };
  if (['/healthz', '/livez', '/readyz'].includes(pathname)) return { status: 200, body: 'ok' };
  if (pathname === '/api') {
    return { status: 200, body: { kind: 'APIVersions', versions: ['v1'] } };
  }
  if (pathname === '/apis') {
    return { status: 200, body: { kind: 'APIGroupList', apiVersion: 'v1', groups: groups() } };
  }
  const match = /^\/(?:api|apis)\/([^/]+(?:\/[^/]+)?)$/.exec(pathname);
  const list = match?.[1] === undefined ? undefined : resourceList(match[1]);
  return list === undefined ? undefined : { status: 200, body: list };
}
