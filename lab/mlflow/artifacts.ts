import type { TwinReply, TwinRequest } from '../twin.ts';
import { htmlPage, invalid, missing } from './failure.ts';
import { done, ok } from './message.ts';

/** The artefact proxy: files by path, in memory. */
export interface Artifacts {
  /** Answers a request below `/api/2.0/mlflow-artifacts/artifacts`; `path` is what follows, decoded. */
  answer(request: TwinRequest, path: string): TwinReply;
  /** Replaces bytes as an attacker with access to the store would: no API, no trace. */
  tamper(path: string, bytes: Uint8Array): void;
}

function checked(path: string): string {
  const segments = path.split('/');
  if (segments.some((segment) => segment === '..' || segment === '.') || path.startsWith('/')) {
    throw invalid('Invalid path');
  }
  return segments.filter((segment) => segment !== '').join('/');
}

interface FileInfo {
  readonly path: string;
  readonly is_dir: boolean;
  readonly file_size?: number;
}

function listing(files: ReadonlyMap<string, Buffer>, folder: string): readonly FileInfo[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const found = new Map<string, FileInfo>();
  for (const [path, bytes] of files) {
    if (!path.startsWith(prefix)) continue;
    const [first = '', ...rest] = path.slice(prefix.length).split('/');
    found.set(
      first,
      rest.length > 0
        ? { path: first, is_dir: true }
        : { path: first, is_dir: false, file_size: bytes.length },
    );
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** An empty artefact store. */
export function createArtifacts(): Artifacts {
  const files = new Map<string, Buffer>();
  const put = (path: string, bytes: Buffer): TwinReply => {
    const changed = files.get(path)?.equals(bytes) !== true;
    files.set(path, bytes);
    return { status: 200, body: '', changed };
  };
  const get = (path: string): TwinReply => {
    const bytes = files.get(path);
    if (!bytes) throw missing(`No such artifact: '${path}'`);
    return {
      status: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename="${path.split('/').at(-1) ?? ''}"`,
        'x-content-type-options': 'nosniff',
      },
      body: bytes,
    };
  };
  return {
    answer: (request, raw) => {
      const path = checked(raw);
      if (request.method === 'GET' && path === '') {
        const folder = checked(request.url.searchParams.get('path') ?? '');
        const found = listing(files, folder);
        return ok(found.length === 0 ? {} : { files: found });
      }
      if (path === '') return htmlPage(405, 'Method Not Allowed');
      if (request.method === 'PUT') return put(path, request.body);
      if (request.method === 'GET') return get(path);
      if (request.method === 'DELETE') return done(files.delete(path));
      return htmlPage(405, 'Method Not Allowed');
    },
    tamper: (path, bytes) => {
      files.set(checked(path), Buffer.from(bytes));
    },
  };
}
