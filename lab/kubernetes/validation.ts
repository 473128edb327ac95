import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { jsonEquals } from '../../domain/plan.ts';
import { at, labelsOf, listAt, mapAt, nameOf, numberAt, recordAt, textAt } from './object.ts';
import type { Resource } from './resource.ts';
import { matchesSelector } from './selector.ts';
import { badRequest, invalid } from './status.ts';

interface Cause {
  readonly field: string;
  readonly message: string;
}

const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;
const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** Fields that the Go types declare as maps of strings. */
const STRING_MAPS: readonly (readonly string[])[] = [
  ['metadata', 'labels'],
  ['metadata', 'annotations'],
  ['spec', 'template', 'metadata', 'labels'],
  ['spec', 'template', 'metadata', 'annotations'],
  ['data'],
];

/** Where an object has a value of the wrong type, or undefined. */
function wrongPath(resource: Resource, object: JsonObject): readonly string[] | undefined {
  const paths = resource.kind === 'Service' ? [...STRING_MAPS, ['spec', 'selector']] : STRING_MAPS;
  const wrong = paths.find((path) => {
    const map = at(object, ...path);
    if (map === undefined || map === null) return false;
    return !isJsonObject(map) || Object.values(map).some((value) => typeof value !== 'string');
  });
  if (wrong !== undefined) return wrong;
  const replicas = at(object, 'spec', 'replicas');
  const counted = replicas === undefined || replicas === null || Number.isInteger(replicas);
  return counted ? undefined : ['spec', 'replicas'];
}

/** Refuses what the server's decoder refuses: 400 for a value of the wrong type. */
export function refuseWrongTypes(resource: Resource, object: JsonObject): void {
  const wrong = wrongPath(resource, object);
  if (wrong !== undefined) throw cannotDecode(resource, wrong);
}

function cannotDecode(resource: Resource, path: readonly string[]): Error {
  return badRequest(
    `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ` +
      `json: cannot unmarshal into Go struct field ${resource.kind}.${path.join('.')}`,
  );
}

function keyCause(field: string, key: string): Cause | undefined {
  const parts = key.split('/');
  const [name = '', prefix] = parts.reverse();
  const named = QUALIFIED_NAME.test(name) && name.length <= 63;
  const prefixed = prefix === undefined || (SUBDOMAIN.test(prefix) && prefix.length <= 253);
  if (parts.length <= 2 && named && prefixed) return undefined;
  return { field, message: `Invalid value: "${key}": a qualified name must consist of …` };
}

function labelCauses(field: string, labels: Readonly<Record<string, string>>): readonly Cause[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const wrongKey = keyCause(field, key);
    if (wrongKey !== undefined) return [wrongKey];
    if (LABEL_VALUE.test(value) && value.length <= 63) return [];
    return [{ field, message: `Invalid value: "${value}": a valid label must be …` }];
  });
}

function annotationCauses(annotations: Readonly<Record<string, string>>): readonly Cause[] {
  const field = 'metadata.annotations';
  const causes = Object.keys(annotations).flatMap((key) => {
    // Annotation keys are checked in lower case, as the server does.
    const cause = keyCause(field, key.toLowerCase());
    return cause === undefined ? [] : [cause];
  });
  const bytes = Buffer.byteLength(JSON.stringify(annotations));
  if (bytes <= ANNOTATIONS_BYTES_MAX) return causes;
  return [...causes, { field, message: 'Too long: may not be more than 262144 bytes' }];
}

function metadataCauses(object: JsonObject): readonly Cause[] {
  const name = nameOf(object);
  const bad = !SUBDOMAIN.test(name) || name.length > 253;
  const message = `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of …`;
  return [
    ...(bad ? [{ field: 'metadata.name', message }] : []),
    ...labelCauses('metadata.labels', labelsOf(object)),
    ...annotationCauses(mapAt(object, 'metadata', 'annotations')),
  ];
}

function containerCauses(object: JsonObject, path: readonly string[]): readonly Cause[] {
  const containers = listAt(object, ...path, 'containers');
  const field = [...path, 'containers'].join('.');
  if (containers.length === 0) return [{ field, message: 'Required value' }];
  return containers.flatMap((container: Json, index) => {
    const place = `${field}[${index.toString()}]`;
    return ['name', 'image']
      .filter((key) => textAt(container, key) === '')
      .map((key) => ({ field: `${place}.${key}`, message: 'Required value' }));
  });
}

function workloadCauses(object: JsonObject, old: JsonObject | undefined): readonly Cause[] {
  const causes: Cause[] = [...containerCauses(object, ['spec', 'template', 'spec'])];
  const selector = at(object, 'spec', 'selector');
  const labels = mapAt(object, 'spec', 'template', 'metadata', 'labels');
  causes.push(...labelCauses('spec.template.labels', labels));
  if (!matchesSelector(labels, selector)) {
    const message = 'Invalid value: `selector` does not match template `labels`';
    causes.push({ field: 'spec.template.metadata.labels', message });
  }
  if (Object.keys(recordAt(selector)).length === 0) {
    causes.push({ field: 'spec.selector', message: 'Required value' });
  }
  if (old !== undefined && !jsonEquals(at(old, 'spec', 'selector'), selector)) {
    causes.push({ field: 'spec.selector', message: 'Invalid value: field is immutable' });
  }
  if ((numberAt(object, 'spec', 'replicas') ?? 0) < 0) {
    const message = 'Invalid value: must be greater than or equal to 0';
    causes.push({ field: 'spec.replicas', message });
  }
  return causes;
}

function withoutImages(object: JsonObject): Json {
  const spec = recordAt(object, 'spec');
  const containers = listAt(spec, 'containers').map((one) => ({ ...recordAt(one), image: '' }));
  return { ...spec, containers };
}

function podCauses(object: JsonObject, old: JsonObject | undefined): readonly Cause[] {
  const causes = containerCauses(object, ['spec']);
  if (old === undefined || jsonEquals(withoutImages(old), withoutImages(object))) return causes;
  const message =
    'Forbidden: pod updates may not change fields other than `spec.containers[*].image`';
  return [...causes, { field: 'spec', message }];
}

function configMapCauses(object: JsonObject, old: JsonObject | undefined): readonly Cause[] {
  const causes: Cause[] = Object.keys(mapAt(object, 'data'))
    .filter((key) => !CONFIG_KEY.test(key) || key.length > 253)
    .map((key) => ({ field: `data[${key}]`, message: `Invalid value: "${key}"` }));
  const frozen = at(old, 'immutable') === true;
  if (frozen && !jsonEquals(at(old, 'data'), at(object, 'data'))) {
    causes.push({
      field: 'data',
      message: 'Forbidden: field is immutable when `immutable` is set',
    });
  }
  return causes;
}

function serviceCauses(object: JsonObject): readonly Cause[] {
  const causes = labelCauses('spec.selector', mapAt(object, 'spec', 'selector'));
  const headless = textAt(object, 'spec', 'clusterIP') === 'None';
  if (headless || listAt(object, 'spec', 'ports').length > 0) return causes;
  return [...causes, { field: 'spec.ports', message: 'Required value' }];
}

function kindCauses(
  resource: Resource,
  object: JsonObject,
  old: JsonObject | undefined,
): readonly Cause[] {
  switch (resource.kind) {
    case 'Deployment':
    case 'ReplicaSet':
      return workloadCauses(object, old);
    case 'Pod':
      return podCauses(object, old);
    case 'ConfigMap':
      return configMapCauses(object, old);
    case 'Service':
      return serviceCauses(object);
    default:
      return [];
  }
}

/** True when the decoder would refuse an object. */
export function hasWrongTypes(resource: Resource, object: JsonObject): boolean {
  return wrongPath(resource, object) !== undefined;
}

/** Refuses with 422 what breaks a rule of its kind, each cause naming its field. */
export function refuseInvalid(
  resource: Resource,
  object: JsonObject,
  old: JsonObject | undefined,
): void {
  const causes = [...metadataCauses(object), ...kindCauses(resource, object, old)];
  if (causes.length > 0) throw invalid({ ...resource, name: nameOf(object) }, causes);
}
