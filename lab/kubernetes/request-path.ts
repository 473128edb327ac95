import { findResource, type Resource } from './resource.ts';

/** What the path of a request names. */
export interface RequestPath {
  readonly resource: Resource;
  /** Empty: the whole cluster. */
  readonly namespace: string;
  /** Empty: the collection. */
  readonly name: string;
  readonly subresource: '' | 'status' | 'scale';
}

interface Parts {
  readonly group: string;
  readonly version: string;
  /** Empty: not below a namespace. */
  readonly namespace: string;
  readonly plural: string;
  readonly name: string;
  readonly subresource: string;
  readonly more: boolean;
}

const NAMED_GROUP = /^\/apis\/([^/]+)\/([^/]+)\/(.+)$/;
const CORE_GROUP = /^\/api()\/([^/]+)\/(.+)$/;

function split(pathname: string): Parts | undefined {
  const match = NAMED_GROUP.exec(pathname) ?? CORE_GROUP.exec(pathname);
  if (match === null) return undefined;
  const [group, version, tail] = match.slice(1);
  const segments = (tail ?? '').split('/').map(decodeURIComponent);
  const inNamespace = segments[0] === 'namespaces' && segments.length > 2;
  const part = (index: number): string => segments[inNamespace ? index + 2 : index] ?? '';
  return {
    group: group ?? '',
    version: version ?? '',
    namespace: inNamespace ? (segments[1] ?? '') : '',
    plural: part(0),
    name: part(1),
    subresource: part(2),
    more: part(3) !== '',
  };
}

/** Reads a resource path of the API; undefined when there is no such thing. */
export function parseRequestPath(pathname: string): RequestPath | undefined {
  const parts = split(pathname);
  if (parts === undefined || parts.more) return undefined;
  const { namespace, name } = parts;
  const resource = findResource(parts.group, parts.plural);
  if (resource?.version !== parts.version) return undefined;
  // A named object of a namespace is only found below it; a list of all namespaces has none.
  if (resource.namespaced !== (namespace !== '') && name !== '') return undefined;
  if (parts.subresource === '') return { resource, namespace, name, subresource: '' };
  const subresource = resource.subresources.find((one) => one === parts.subresource);
  return subresource === undefined ? undefined : { resource, namespace, name, subresource };
}
