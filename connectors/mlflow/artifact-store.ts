import { createHash } from 'node:crypto';
import { AppError } from '../../domain/error.ts';
import type { CallContext } from '../connector.ts';
import type { MlflowClient } from './client.ts';
import { artifactListReply, downloadUriReply, loggedModelReply } from './reply-schema.ts';

const PROXY = ['api', '2.0', 'mlflow-artifacts', 'artifacts'];
const FILES_MAX = 1_000;
const DEPTH_MAX = 16;
/** Most bytes that are read for one version: 2 GiB. */
export const BYTES_MAX = 2 * 1024 ** 3;
/** Addresses that may point at each other before the files are reached. */
const HOPS_MAX = 4;

/** One stored file, digested. */
export interface DigestedFile {
  /** Below the version's root, `/` between segments. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The segments of a path. Raises `bad_reply` for dots and empty ones: nothing leaves the root. */
function segmentsOf(path: string): readonly string[] {
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.some((segment) => segment === '.' || segment === '..' || segment.includes('\\'))) {
    throw new AppError('bad_reply', 'An artefact path of MLflow leaves its root.');
  }
  return segments;
}

/** An artefact address as written; `URL` would resolve its dots. */
interface Address {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
}

function addressOf(text: string): Address {
  const parts = /^([a-z][a-z0-9+-]*):(?:\/\/([^/]*))?(.*)$/i.exec(text);
  if (parts === null) throw foreign(text);
  return { scheme: parts[1] ?? '', host: parts[2] ?? '', path: parts[3] ?? '' };
}

/** The address after `runs:/` or `models:/`: the one that it stands for. */
async function next(
  client: MlflowClient,
  address: Address,
  context: CallContext,
): Promise<string | null> {
  const [first = '', ...rest] = segmentsOf(address.path);
  if (address.scheme === 'runs') {
    const { artifact_uri: root } = (await client.run(first, context)).info;
    return root === undefined ? null : [root, ...rest].join('/');
  }
  if (address.scheme === 'models' && first.startsWith('m-')) {
    const asked = {
      path: ['logged-models', first],
      schema: loggedModelReply,
      permission: `logged model ${first}: READ`,
    };
    const { artifact_uri: root } = (await client.get(asked, context)).model.info;
    return [root, ...rest].join('/');
  }
  return null;
}

function foreign(address: string): AppError {
  const scheme = address.split(':')[0] ?? '';
  return new AppError(
    'unsupported',
    `The files of this version are not behind this MLflow's artefact proxy (${scheme}:).`,
  );
}

interface AskedVersion {
  readonly name: string;
  readonly version: string;
  readonly source?: string | null | undefined;
}

/** Where the registry says that a version's files are: its source, but for one that stands for another address. */
async function downloadAddress(
  client: MlflowClient,
  asked: AskedVersion,
  context: CallContext,
): Promise<string> {
  if (asked.source?.startsWith('mlflow-artifacts:') === true) return asked.source;
  const download = {
    path: ['model-versions', 'get-download-uri'],
    query: { name: asked.name, version: asked.version },
    schema: downloadUriReply,
    permission: `registered model ${asked.name}: READ`,
  };
  return (await client.get(download, context)).artifact_uri;
}

/**
 * Path segments, below the artefact proxy, of a version's files. Raises `unsupported` for files that lie elsewhere and
 * `not_found`.
 */
export async function locateArtifacts(
  client: MlflowClient,
  asked: AskedVersion,
  context: CallContext,
): Promise<readonly string[]> {
  let text = await downloadAddress(client, asked, context);
  for (let hop = 0; hop < HOPS_MAX; hop += 1) {
    const address = addressOf(text);
    if (address.scheme === 'mlflow-artifacts') return proxied(text, address, client.url);
    const following = await next(client, address, context);
    if (following === null) throw foreign(text);
    text = following;
  }
  throw new AppError('bad_reply', 'MLflow answers artefact addresses in a circle.');
}

/** The segments of an address of the artefact proxy. Raises `unsupported` for another server's. */
function proxied(text: string, address: Address, url: string): readonly string[] {
  if (address.host !== '' && address.host !== new URL(url).host) throw foreign(text);
  const segments = segmentsOf(address.path);
  if (segments.length === 0) throw foreign(text);
  return segments;
}

/** One stored file as a listing shows it. */
export interface ListedFile {
  /** Below the version's root, `/` between segments. */
  readonly path: string;
  /** Null where the store does not say. */
  readonly bytes: number | null;
}

/** Every file below `root`, as paths relative to it. Raises `too_large` beyond 1000 files or 16 levels. */
async function listFiles(
  client: MlflowClient,
  root: readonly string[],
  context: CallContext,
): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  let level: readonly (readonly string[])[] = [[]];
  for (let depth = 0; depth < DEPTH_MAX && level.length > 0; depth += 1) {
    const deeper: (readonly string[])[] = [];
    for (const folder of level) {
      const entries = await listFolder(client, [...root, ...folder], context);
      const below = (entry: ListedEntry): readonly string[] => [
        ...folder,
        ...segmentsOf(entry.path),
      ];
      deeper.push(...entries.filter((entry) => entry.is_dir).map(below));
      files.push(
        ...entries
          .filter((entry) => !entry.is_dir)
          .map((entry) => ({ path: below(entry).join('/'), bytes: entry.file_size ?? null })),
      );
      if (files.length + deeper.length > FILES_MAX) throw tooLarge('files');
    }
    level = deeper;
    context.heartbeat({ files: files.length });
  }
  if (level.length > 0) throw tooLarge('folder levels');
  return files;
}

function tooLarge(what: string): AppError {
  return new AppError('too_large', `This model version has too many ${what} to digest.`);
}

interface ListedEntry {
  readonly path: string;
  readonly is_dir: boolean;
  readonly file_size?: number | undefined;
}

async function listFolder(
  client: MlflowClient,
  folder: readonly string[],
  context: CallContext,
): Promise<readonly ListedEntry[]> {
  const call = {
    method: 'GET' as const,
    path: PROXY,
    query: { path: folder.join('/') },
    schema: artifactListReply,
    permission: 'artefacts: READ',
  };
  return (await client.http.call(call, context)).value.files;
}

async function mustBeFile(
  client: MlflowClient,
  path: readonly string[],
  context: CallContext,
): Promise<ListedFile> {
  const siblings = await listFolder(client, path.slice(0, -1), context);
  const named = siblings.find((entry) => entry.path === path.at(-1));
  if (named?.is_dir === false) return { path: named.path, bytes: named.file_size ?? null };
  throw new AppError('not_found', 'Nothing is stored where this model version points.');
}

async function digestFile(
  client: MlflowClient,
  file: { readonly segments: readonly string[]; readonly bytesMax: number },
  context: CallContext,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const path = [...PROXY, ...file.segments];
  const reply = await client.http.bytes(
    { path, bytesMax: file.bytesMax, permission: 'artefacts: READ' },
    context,
  );
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of reply.pieces) {
    hash.update(piece);
    bytes += piece.byteLength;
    context.heartbeat({ bytes });
  }
  return { sha256: hash.digest('hex'), bytes };
}

interface Listing {
  readonly files: readonly ListedFile[];
  /** True when `root` itself is the one file. */
  readonly single: boolean;
}

async function listed(
  client: MlflowClient,
  root: readonly string[],
  context: CallContext,
): Promise<Listing> {
  const files = await listFiles(client, root, context);
  // A listing of a file is empty: then its folder must name it, or nothing is there.
  if (files.length === 0) return { files: [await mustBeFile(client, root, context)], single: true };
  return { files: [...files].sort((a, b) => (a.path < b.path ? -1 : 1)), single: false };
}

/** Every file below `root`, sorted by path, without reading one. Raises as `digestFiles` does. */
export async function listArtifacts(
  client: MlflowClient,
  root: readonly string[],
  context: CallContext,
): Promise<readonly ListedFile[]> {
  return (await listed(client, root, context)).files;
}

/**
 * Streams and digests every file below `root`, sorted by path. Raises `too_large` beyond the limits, `not_found` when
 * nothing is there.
 */
export async function digestFiles(
  client: MlflowClient,
  root: readonly string[],
  context: CallContext,
): Promise<readonly DigestedFile[]> {
  const listing = await listed(client, root, context);
  const files: DigestedFile[] = [];
  let left = BYTES_MAX;
  for (const { path } of listing.files) {
    const segments = listing.single ? root : [...root, ...path.split('/')];
    const digested = await digestFile(client, { segments, bytesMax: left }, context);
    left -= digested.bytes;
    files.push({ path, ...digested });
  }
  return files;
}
