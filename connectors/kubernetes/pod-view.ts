import { isJsonObject, type Json } from '../../domain/json.ts';
import { deploymentNameOf, isDeleting, isReady } from './workload.ts';
import type { Container, Pod } from './reply-schema.ts';

const SECRET_NAME =
  /secret|token|passw|credential|private|api_?key|access_?key|auth|dsn|connection_?string/i;
/** What stands in place of a value that looks like a credential. */
export const REDACTED = '[redacted]';
const MODEL_URI = 'MODEL_URI';
const PINNED_URI = /^models:\/([^/@]+)\/(\d{1,18})$/;

/** Literal environment of containers; values whose name speaks of a credential are redacted. */
export function envOf(containers: readonly Container[]): Readonly<Record<string, string>> {
  const entries = containers
    .flatMap((container) => container.env ?? [])
    .flatMap(({ name, value }) => {
      if (value === undefined || value === null) return [];
      return [[name, SECRET_NAME.test(name) ? REDACTED : value] as const];
    });
  return Object.fromEntries(entries);
}

/** The same JSON with the values of environment variables redacted whose name speaks of a credential. */
export function redactEnvironment(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => redactEnvironment(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== 'env' || !Array.isArray(member)) return [key, redactEnvironment(member)];
      return [key, member.map((item: Json) => redactVariable(item))];
    }),
  );
}

function redactVariable(item: Json): Json {
  if (!isJsonObject(item) || typeof item['name'] !== 'string') return item;
  return SECRET_NAME.test(item['name']) && item['value'] !== undefined
    ? { ...item, value: REDACTED }
    : item;
}

/** Image of each container. */
export function imagesOf(containers: readonly Container[]): Readonly<Record<string, string>> {
  return Object.fromEntries(containers.map(({ name, image }) => [name, image ?? '']));
}

/** The value of MODEL_URI; null when no container has it. */
export function modelUriOf(pod: Pod): string | null {
  return envOf(pod.spec.containers)[MODEL_URI] ?? null;
}

/** The version that a pod runs: its label `version`, else a version pinned in MODEL_URI; null when neither says. */
export function versionOf(pod: Pod): string | null {
  const label = pod.metadata.labels?.['version'];
  if (label !== undefined && label !== '') return label;
  return PINNED_URI.exec(modelUriOf(pod) ?? '')?.[2] ?? null;
}

/** A pod as probes show it. */
export function podView(pod: Pod): Json {
  const [first] = pod.spec.containers;
  const status = pod.status?.containerStatuses?.find((one) => one.name === first?.name);
  return {
    name: pod.metadata.name,
    uid: pod.metadata.uid,
    ip: textOrNull(pod.status?.podIP),
    phase: textOrNull(pod.status?.phase),
    ready: isReady(pod),
    deleting: isDeleting(pod),
    image: textOrNull(first?.image),
    imageId: textOrNull(status?.imageID),
    labels: pod.metadata.labels ?? {},
    env: envOf(pod.spec.containers),
    node: textOrNull(pod.spec.nodeName),
    startedAt: textOrNull(pod.status?.startTime),
  };
}

function textOrNull(text: string | null | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}

/** A replica as the probe `running-versions` shows it. */
export function replicaView(pod: Pod, deployment: string): { readonly [key: string]: Json } {
  return {
    pod: pod.metadata.name,
    deployment,
    image: textOrNull(pod.spec.containers[0]?.image),
    modelUri: modelUriOf(pod),
    version: versionOf(pod),
  };
}

/** What an address's pod adds to it: nulls when the pod is unknown. */
export function backendView(pod: Pod | null): { readonly [key: string]: Json } {
  if (pod === null) return { pod: null, deployment: null, image: null, version: null, labels: {} };
  return {
    pod: pod.metadata.name,
    deployment: deploymentNameOf(pod),
    image: textOrNull(pod.spec.containers[0]?.image),
    version: pod.metadata.labels?.['version'] ?? null,
    labels: pod.metadata.labels ?? {},
  };
}
