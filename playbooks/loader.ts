import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '../connectors/connector.ts';
import { AppError } from '../domain/error.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { digestOf } from '../evidence/digest.ts';
import { createCatalogue } from './catalogue.ts';
import { normalisePlaybook } from './normalise.ts';
import { checkPlaybook } from './semantics.ts';
import { readTextFile } from './text-file.ts';
import type { FileProblem } from './yaml-document.ts';
import { fileError, readYamlDocument } from './yaml-document.ts';

/** Playbook files that one folder may hold. */
const FILES_MAX = 100;

function inOrder(problems: readonly FileProblem[]): readonly FileProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

/**
 * Loads one playbook: YAML, shape, meaning, then the digest of its normal form. `file` names it in errors.
 * Raises `invalid` with `details.problems` (file, line, column, field, message each), `too_large` past 256 KiB.
 */
export function loadPlaybookText(
  text: string,
  file: string,
  manifests: readonly Manifest[],
): PinnedPlaybook {
  const document = readYamlDocument(text, file);
  const catalogue = createCatalogue(manifests);
  const { playbook, placed } = normalisePlaybook(document, catalogue);
  const problems: FileProblem[] = [];
  checkPlaybook({ document, catalogue, playbook, placed, problems });
  if (problems.length > 0) throw fileError(inOrder(problems));
  return { playbook, digest: digestOf(playbook) };
}

/**
 * Loads every `*.yaml` of a folder, in the order of the names. Raises what `readTextFile` and `loadPlaybookText`
 * raise, `invalid` when two files hold playbooks of one name, and `not_found` when the folder cannot be read.
 */
export async function loadPlaybooks(
  dir: string,
  manifests: readonly Manifest[],
): Promise<readonly PinnedPlaybook[]> {
  const entries = await readdir(dir).catch((error: unknown) => {
    throw new AppError('not_found', `The playbook folder ${dir} cannot be read.`, { cause: error });
  });
  const files = entries.filter((name) => name.endsWith('.yaml')).sort();
  if (files.length > FILES_MAX) {
    throw new AppError('too_large', `The folder ${dir} holds too many playbooks.`, { field: dir });
  }
  const loaded = new Map<string, PinnedPlaybook>();
  for (const name of files) {
    const path = join(dir, name);
    const pinned = loadPlaybookText(await readTextFile(path), path, manifests);
    if (loaded.has(pinned.playbook.name)) {
      const message = `${path}: a playbook named '${pinned.playbook.name}' exists already.`;
      throw new AppError('invalid', message, { field: path });
    }
    loaded.set(pinned.playbook.name, pinned);
  }
  return [...loaded.values()];
}
