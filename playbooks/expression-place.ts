import type { AppError } from '../domain/error.ts';
import { isAppError } from '../domain/error.ts';
import type { DocumentPath, FileProblem, YamlDocument } from './yaml-document.ts';

function numberIn(details: AppError['details'], key: string): number {
  const value = details?.[key];
  return typeof value === 'number' ? value : 1;
}

/**
 * The problem that compiling an expression of the file raised, placed where it stands in the file. `path` is the
 * string that holds the expression. Anything that is no `AppError` is raised again.
 */
export function problemOfExpression(
  document: YamlDocument,
  path: DocumentPath,
  error: unknown,
): FileProblem {
  if (!isAppError(error)) throw error;
  const quoted = error.details?.['expression'];
  const text = typeof quoted === 'string' ? quoted : '';
  const before = text.split('\n').slice(0, numberIn(error.details, 'line') - 1);
  const offset = before.reduce((sum, line) => sum + line.length + 1, 0);
  const inside = { text, offset: offset + numberIn(error.details, 'column') - 1 };
  return document.problemInside(path, `CEL: ${error.message}`, inside);
}
