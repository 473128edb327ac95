import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { isJsonObject } from '../../../domain/json.ts';
import { numberAt, textAt } from '../../../lab/kubernetes/object.ts';
import type { PlainClient } from '../../../lab/kubernetes/plain-client.ts';
import { createJsonClient } from '../../../lab/scenario/json-client.ts';
import { NAMESPACES } from './world.ts';

const OURS = 'system:serviceaccount:firebreak:';
const READING = ['get', 'list', 'watch'];
/** A question about one's own rights is a `create` that leaves nothing behind. */
const REVIEW = 'selfsubjectaccessreviews';

const event = z.looseObject({
  verb: z.string(),
  user: z.looseObject({ username: z.string() }),
  objectRef: z
    .looseObject({
      resource: z.string(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  responseStatus: z.looseObject({ code: z.number().optional() }).optional(),
});

/** What our identity did, by the API server's own audit log. */
export interface OurRequests {
  readonly reads: number;
  /** `verb resource namespace/name` of every request that changes something, refused ones with their status. */
  readonly changes: readonly string[];
}

function changeText({ verb, objectRef, responseStatus }: z.infer<typeof event>): string {
  const { resource = '', namespace = '', name = '' } = objectRef ?? {};
  const code = responseStatus?.code ?? 0;
  return `${verb} ${resource} ${namespace}/${name}${code < 400 ? '' : ` (${code.toString()})`}`;
}

/** Reads the audit log for what our service accounts asked. */
export async function ourRequests(auditLog: string): Promise<OurRequests> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter((line) => line !== '');
  const ours = lines
    .map((line) => event.parse(JSON.parse(line)))
    .filter(({ user }) => user.username.startsWith(OURS));
  const changing = ours.filter(
    ({ verb, objectRef }) => !READING.includes(verb) && objectRef?.resource !== REVIEW,
  );
  return { reads: ours.length - changing.length, changes: changing.map(changeText) };
}

const model = z.object({
  registered_model: z.object({
    tags: z.array(z.object({ key: z.string(), value: z.string() })).default([]),
    aliases: z.array(z.object({ alias: z.string(), version: z.string() })).default([]),
  }),
});

/** Tags and aliases of a model, as anybody sees them. */
export async function modelState(url: string, name: string): Promise<readonly string[]> {
  const path = `/api/2.0/mlflow/registered-models/get?name=${encodeURIComponent(name)}`;
  const { tags, aliases } = model.parse(
    await createJsonClient(url).send('GET', path),
  ).registered_model;
  return [
    ...tags.map(({ key, value }) => `${key}=${value}`),
    ...aliases.map(({ alias, version }) => `@${alias}=${version}`),
  ].sort();
}

/** Replicas that a Deployment wants. */
export async function replicasOf(client: PlainClient, namespace: string, name: string) {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
  return numberAt((await client.send('GET', path)).body, 'spec', 'replicas');
}

/**
 * What was written into the objects that Firebreak could change, as one text: each object's uid, and its generation where it has
 * one, else its resource version. Controllers write status alone, which moves neither.
 */
export async function worldState(client: PlainClient): Promise<string> {
  const kinds = [
    ['/apis/apps/v1', 'deployments'],
    ['/api/v1', 'services'],
    ['/api/v1', 'configmaps'],
    ['/apis/networking.k8s.io/v1', 'networkpolicies'],
    ['/api/v1', 'pods'],
  ] as const;
  const lines: string[] = [];
  for (const namespace of NAMESPACES) {
    for (const [root, kind] of kinds) {
      for (const item of await client.items(`${root}/namespaces/${namespace}/${kind}`)) {
        const object = isJsonObject(item) ? item : {};
        const generation = numberAt(object, 'metadata', 'generation')?.toString();
        const version = generation ?? textAt(object, 'metadata', 'resourceVersion');
        const uid = textAt(object, 'metadata', 'uid');
        lines.push(`${kind} ${namespace}/${textAt(object, 'metadata', 'name')} ${uid} ${version}`);
      }
    }
  }
  return lines.sort().join('\n');
}
