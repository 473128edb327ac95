import { z } from 'zod';
import type { Json } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';
import { splitTemplate } from '../expression/template.ts';
import type { CheckInput, OperationCall } from './check.ts';
import { callsOf, note } from './check.ts';
import { parseAt } from './schema-problems.ts';
import { suggestionFor } from './suggestion.ts';
import type { DocumentPath } from './yaml-document.ts';

/** Shapes of credentials that people paste; a playbook is no place for them. */
const CREDENTIAL =
  /xox[abprs]-[\w-]{8}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{20}|whsec_\w{8}|-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\./;

function stringsOf(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  const items: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  return items.flatMap(stringsOf);
}

/** True when the value is known at load: no string in it has a hole. */
function isConstant(value: Json): boolean {
  return stringsOf(value).every((text) => {
    try {
      return splitTemplate(text, 'with').every((piece) => piece.kind === 'text');
    } catch {
      // The expression checks report the unclosed hole.
      return false;
    }
  });
}

/** An input with holes: its keys are checked now, and each value that is known already. */
function checkPartly(
  input: CheckInput,
  shape: Readonly<Record<string, unknown>>,
  at: { readonly value: Readonly<Record<string, Json>>; readonly path: DocumentPath },
): void {
  const known = Object.keys(shape);
  for (const [key, value] of Object.entries(at.value)) {
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (!(schema instanceof z.ZodType)) {
      note(input, [...at.path, key], `Unknown input '${key}'.${suggestionFor(key, known)}`);
    } else if (isConstant(value)) {
      const parsed = parseAt(schema, value, { document: input.document, path: [...at.path, key] });
      if ('problems' in parsed) input.problems.push(...parsed.problems);
    }
  }
  for (const [key, schema] of Object.entries(shape)) {
    if (Object.hasOwn(at.value, key) || !(schema instanceof z.ZodType)) continue;
    if (!schema.safeParse(undefined).success)
      note(input, at.path, `The input '${key}' is missing.`);
  }
}

function checkInput(
  input: CheckInput,
  schema: z.ZodType,
  at: { readonly value: Json; readonly path: DocumentPath },
): void {
  const { value } = at;
  if (!isConstant(value) && isJsonObject(value) && schema instanceof z.ZodObject) {
    checkPartly(input, schema.shape, { value, path: at.path });
    return;
  }
  if (!isConstant(value)) return;
  const parsed = parseAt(schema, value, { document: input.document, path: at.path });
  if ('problems' in parsed) input.problems.push(...parsed.problems);
}

function checkCall(input: CheckInput, path: DocumentPath, made: OperationCall): void {
  const { call, wanted } = made;
  const manifest =
    wanted === 'action' ? input.catalogue.action(call.use) : input.catalogue.probe(call.use);
  if (manifest) checkInput(input, manifest.input, { value: call.with, path: [...path, 'with'] });
  else note(input, [...path, 'use'], input.catalogue.unknown(call.use, wanted));
  if (call.instance !== null && typeof call.instance !== 'string') {
    note(input, [...path, 'instance'], 'An instance is named by text.');
  }
  for (const text of [...stringsOf(call.with), ...stringsOf(call.instance)]) {
    if (CREDENTIAL.test(text)) note(input, [...path, 'with'], 'This looks like a credential.');
  }
}

/** Checks that actions and probes exist and that what they are given fits their manifests. */
export function checkCalls(input: CheckInput): void {
  for (const { operation, path } of input.placed) {
    for (const made of callsOf(operation)) checkCall(input, [...path, ...made.at], made);
  }
}
