import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { AppError } from '../../../domain/error.ts';
import type { Json } from '../../../domain/json.ts';
import { textAt } from '../../../lab/kubernetes/object.ts';
import type { PlainClient } from '../../../lab/kubernetes/plain-client.ts';

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

interface Manifest {
  readonly body: Json;
  /** Of the object itself. */
  readonly path: string;
  /** As kubectl calls it. */
  readonly title: string;
}

async function manifestsOf(file: string): Promise<readonly Manifest[]> {
  return parseAllDocuments(await readFile(file, 'utf8')).map((document) => {
    const body = z.json().parse(document.toJS());
    const { apiVersion, kind, metadata } = manifest.parse(body);
    const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    const where = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
    const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';
    const path = `${root}${where}/${kind.toLowerCase()}s/${metadata.name}`;
    return { body, path, title: `${kind.toLowerCase()}${group}/${metadata.name}` };
  });
}

/** The request of `kubectl apply --server-side -f`; answers what kubectl would print. Raises `unavailable`. */
export async function apply(client: PlainClient, file: string): Promise<string> {
  const lines: string[] = [];
  for (const { body, path, title } of await manifestsOf(file)) {
    const type = 'application/apply-patch+yaml';
    const made = await client.patch(`${path}?fieldManager=kubectl`, body, type);
    const ok = made.status === 201 || made.status === 200;
    if (!ok) throw new AppError('unavailable', `${path}: ${textAt(made.body, 'message')}`);
    lines.push(`${title} ${made.status === 201 ? 'created' : 'serverside-applied'}`);
  }
  return lines.join('\n');
}

/** The requests of `kubectl delete -f`; answers what kubectl would print. Raises `unavailable`. */
export async function remove(client: PlainClient, file: string): Promise<string> {
  const lines: string[] = [];
  for (const { path, title } of await manifestsOf(file)) {
    const gone = await client.send('DELETE', path);
    if (gone.status !== 200) {
      throw new AppError('unavailable', `${path}: ${textAt(gone.body, 'message')}`);
    }
    lines.push(`${title} deleted`);
  }
  return lines.join('\n');
}

const DAY_SECONDS = 86_400;

/** The request of `kubectl create token --duration 24h`; answers the token. Raises `unavailable`. */
export async function createToken(
  client: PlainClient,
  account: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const { namespace, name } = account;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const spec = { expirationSeconds: DAY_SECONDS };
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
  const made = await client.send('POST', path, { body });
  const token = textAt(made.body, 'status', 'token');
  if (token !== '') return token;
  throw new AppError('unavailable', `No token: ${textAt(made.body, 'message')}`);
}
