import type { z } from 'zod';
import type { ApprovalClass } from '../domain/approval.ts';
import { CLASS_RULES, classOfTakingBack, raisedClass } from '../domain/approval-class.ts';
import { isJsonObject } from '../domain/json.ts';
import type {
  ApprovalOperation,
  Confirmation,
  EffectOperation,
  LeafOperation,
  ParallelOperation,
  Playbook,
  PlaybookOperation,
  ProbeCall,
  ProbeOperation,
  StepName,
} from '../domain/playbook.ts';
import { STEP_NAMES } from '../domain/playbook.ts';
import type { Catalogue } from './catalogue.ts';
import { checkOrder, checkParameters } from './header-checks.ts';
import { keysOf, parseAt } from './schema-problems.ts';
import { suggestionFor } from './suggestion.ts';
import { KIND_KEYS, SURFACE_SCHEMAS, headerSchema, secondsOf } from './surface-schema.ts';
import type { KindKey, SurfaceCall } from './surface-schema.ts';
import type { DocumentPath, FileProblem, YamlDocument } from './yaml-document.ts';
import { fileError, PROBLEMS_MAX } from './yaml-document.ts';

const CONFIRM_WITHIN_DEFAULT = '60s';
const ESCALATE_DEFAULT = '15m';

/** An operation with its place in the file, in the order of the file; containers come before their members. */
export interface PlacedOperation {
  readonly operation: PlaybookOperation;
  readonly path: DocumentPath;
  readonly step: StepName;
  /** The approval or parallel that it is a member of. */
  readonly container: ApprovalOperation['kind'] | ParallelOperation['kind'] | null;
  /** Index of the outermost operation within its step. */
  readonly position: number;
}

/** A playbook that has the right shape; its meaning is not checked yet. */
export interface NormalisedPlaybook {
  readonly playbook: Playbook;
  readonly placed: readonly PlacedOperation[];
}

interface Reading {
  readonly document: YamlDocument;
  readonly catalogue: Catalogue;
  readonly problems: FileProblem[];
  readonly placed: PlacedOperation[];
}

interface At {
  readonly path: DocumentPath;
  readonly step: StepName;
  readonly container: PlacedOperation['container'];
  readonly position: number;
}

function titleFromName(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

interface SurfaceCommon {
  readonly title?: string | undefined;
  readonly when?: string | undefined;
  readonly onFailure?: 'hold' | 'continue' | 'undo' | undefined;
}

function baseOf(name: string, surface: SurfaceCommon) {
  return {
    name,
    title: surface.title ?? titleFromName(name),
    when: surface.when ?? null,
    onFailure: surface.onFailure ?? 'hold',
  } as const;
}

function callOf(call: SurfaceCall): ProbeCall {
  return { use: call.use, instance: call.instance ?? null, with: call.with ?? {} };
}

/** The class that taking these actions back needs: the highest of them, and R3 when one of them is a containment: lifting isolation is R3. */
export function classOfUndo(
  placed: readonly PlacedOperation[],
  of: readonly string[],
): ApprovalClass {
  const classes = placed.flatMap(({ operation }) =>
    operation.kind === 'action' && of.includes(operation.name)
      ? [classOfTakingBack(operation)]
      : [],
  );
  return raisedClass('R0', ...classes);
}

type Reader = (reading: Reading, value: unknown, at: At) => PlaybookOperation | undefined;

/** Reads one kind of operation: shape first, then the normal form; problems are noted. */
function reader<T>(
  schema: z.ZodType<T>,
  build: (surface: T, at: At, reading: Reading) => PlaybookOperation,
): Reader {
  return (reading, value, at) => {
    const parsed = parseAt(schema, value, { document: reading.document, path: at.path });
    if ('data' in parsed) return build(parsed.data, at, reading);
    reading.problems.push(...parsed.problems);
    return undefined;
  };
}

const READERS: Readonly<Record<KindKey, Reader>> = {
  action: reader(SURFACE_SCHEMAS.action, (surface, at, reading) => ({
    kind: 'action',
    ...baseOf(surface.action, surface),
    ...callOf(surface),
    forEach: surface.forEach ?? null,
    approvalClass: surface.class ?? reading.catalogue.action(surface.use)?.approvalClass ?? 'R0',
    containment: surface.containment ?? at.step === 'isolate',
  })),
  undo: reader(SURFACE_SCHEMAS.undo, (surface, _at, reading) => ({
    kind: 'undo',
    ...baseOf(surface.undo, surface),
    of: surface.of,
    approvalClass: surface.class ?? classOfUndo(reading.placed, surface.of),
  })),
  probe: reader(SURFACE_SCHEMAS.probe, (surface) => ({
    kind: 'probe',
    ...baseOf(surface.probe, surface),
    ...callOf(surface),
    forEach: surface.forEach ?? null,
    expect: surface.expect ?? null,
    withinSeconds: surface.within === undefined ? 0 : secondsOf(surface.within),
    ...(surface.proves === undefined ? {} : { proves: surface.proves }),
  })),
  seal: reader(SURFACE_SCHEMAS.seal, (surface) => ({
    kind: 'seal',
    ...baseOf(surface.seal, surface),
    ...callOf(surface),
    forEach: surface.forEach ?? null,
  })),
  lineage: reader(SURFACE_SCHEMAS.lineage, (surface) => ({
    kind: 'lineage',
    ...baseOf(surface.lineage, surface),
    suspect: surface.suspect,
    digest: callOf(surface.digest),
  })),
  'known-good': reader(SURFACE_SCHEMAS['known-good'], (surface) => ({
    kind: 'known-good',
    ...baseOf(surface['known-good'], surface),
    lineage: surface.lineage,
    versions: callOf(surface.versions),
    digest: callOf(surface.digest),
  })),
  gate: reader(SURFACE_SCHEMAS.gate, (surface) => ({
    kind: 'gate',
    ...baseOf(surface.gate, surface),
    expect: surface.expect,
  })),
  approval: reader(SURFACE_SCHEMAS.approval, (surface, at, reading) => {
    const members = readMembers(reading, surface.covers, { at, key: 'covers', kind: 'approval' });
    const covers = members.filter(isEffect);
    const approvalClass = raisedClass('R0', ...covers.map((covered) => covered.approvalClass));
    return {
      kind: 'approval',
      ...baseOf(surface.approval, surface),
      roles: surface.roles,
      covers,
      expiresAfterSeconds:
        surface.expires === undefined
          ? CLASS_RULES[approvalClass].expiresAfterSeconds
          : secondsOf(surface.expires),
      escalateAfterSeconds: secondsOf(surface.escalate ?? ESCALATE_DEFAULT),
    };
  }),
  wait: reader(SURFACE_SCHEMAS.wait, (surface) => ({
    kind: 'wait',
    ...baseOf(surface.wait, surface),
    seconds: secondsOf(surface.for),
  })),
  parallel: reader(SURFACE_SCHEMAS.parallel, (surface, at, reading) => ({
    kind: 'parallel',
    ...baseOf(surface.parallel, surface),
    operations: readMembers(reading, surface.operations, {
      at,
      key: 'operations',
      kind: 'parallel',
    }).filter(isLeaf),
  })),
};

function isEffect(operation: PlaybookOperation): operation is EffectOperation {
  return operation.kind === 'action' || operation.kind === 'undo';
}

function isLeaf(operation: PlaybookOperation): operation is LeafOperation {
  return !['approval', 'wait', 'parallel'].includes(operation.kind);
}

const ALLOWED_INSIDE = { approval: isEffect, parallel: isLeaf } as const;

function readMembers(
  reading: Reading,
  values: readonly unknown[],
  inside: { readonly at: At; readonly key: string; readonly kind: 'approval' | 'parallel' },
): readonly PlaybookOperation[] {
  return values.flatMap((value, index) => {
    const path = [...inside.at.path, inside.key, index];
    const operation = readOperation(reading, value, { ...inside.at, path, container: inside.kind });
    if (!operation) return [];
    if (ALLOWED_INSIDE[inside.kind](operation)) return [operation];
    const message = `'${operation.kind}' cannot stand inside '${inside.kind}'.`;
    reading.problems.push(reading.document.problemAt(path, message));
    return [];
  });
}

function kindOf(reading: Reading, value: object, path: DocumentPath): KindKey | undefined {
  const keys = Object.keys(value);
  const found = KIND_KEYS.filter((key) => keys.includes(key));
  // In a known-good operation the key `lineage` names another operation.
  const kinds = found.includes('known-good') ? found.filter((key) => key !== 'lineage') : found;
  if (kinds.length === 1) return kinds[0];
  const known: readonly string[] = Object.values(SURFACE_SCHEMAS).flatMap((schema) =>
    keysOf(schema),
  );
  const strange = keys.find((key) => !known.includes(key)) ?? '';
  const message =
    kinds.length === 0
      ? `An operation needs one of the keys ${KIND_KEYS.join(', ')}.${suggestionFor(strange, KIND_KEYS)}`
      : `An operation is of one kind; this one has ${kinds.join(' and ')}.`;
  reading.problems.push(reading.document.problemAt(path, message));
  return undefined;
}

function readOperation(reading: Reading, value: unknown, at: At): PlaybookOperation | undefined {
  if (reading.problems.length >= PROBLEMS_MAX) return undefined;
  if (!isJsonObject(value)) {
    reading.problems.push(reading.document.problemAt(at.path, 'An operation is a map.'));
    return undefined;
  }
  const kind = kindOf(reading, value, at.path);
  if (kind === undefined) return undefined;
  const index = reading.placed.length;
  const operation = READERS[kind](reading, value, at);
  if (operation) reading.placed.splice(index, 0, { operation, ...at });
  return operation;
}

function readStep(
  reading: Reading,
  step: StepName,
  values: readonly unknown[],
): PlaybookOperation[] {
  return values.flatMap((value, position) => {
    const at: At = { path: [step, position], step, container: null, position };
    return readOperation(reading, value, at) ?? [];
  });
}

/** Position of the probes that confirm: before everything in `isolate`. */
const CONFIRMING = -1;

function readConfirm(
  reading: Reading,
  surface: NonNullable<z.infer<typeof headerSchema>['confirm']>,
): Confirmation {
  const probes = surface.probes.flatMap((value, index): readonly ProbeOperation[] => {
    const path = ['confirm', 'probes', index];
    const at: At = { path, step: 'isolate', container: null, position: CONFIRMING };
    const operation = readOperation(reading, value, at);
    if (operation === undefined || operation.kind === 'probe') return operation ? [operation] : [];
    const message = `'${operation.kind}' cannot confirm an alert: only probes can.`;
    reading.problems.push(reading.document.problemAt(path, message));
    return [];
  });
  return {
    probes,
    needs: surface.needs ?? surface.probes.length,
    withinSeconds: secondsOf(surface.within ?? CONFIRM_WITHIN_DEFAULT),
  };
}

/**
 * Turns a document into a playbook of the normal form. Raises `invalid` with every problem of shape, each with
 * line, column and, for misspelt keys, a suggestion.
 */
export function normalisePlaybook(
  document: YamlDocument,
  catalogue: Catalogue,
): NormalisedPlaybook {
  const reading: Reading = { document, catalogue, problems: [], placed: [] };
  if (!isJsonObject(document.value)) {
    throw fileError([document.problemAt([], 'A playbook is a map of keys.')]);
  }
  checkOrder(reading, Object.keys(document.value));
  const header = parseAt(headerSchema, document.value, { document, path: [] });
  if ('problems' in header) {
    // A step that is missing is told already, with the names of all five.
    const written = Object.keys(document.value);
    const told = header.problems.filter(
      ({ field }) => written.includes(field) || !STEP_NAMES.some((name) => name === field),
    );
    throw fileError([...reading.problems, ...told]);
  }
  const { name, title, parameters = {}, ...rest } = header.data;
  checkParameters(reading, parameters);
  const confirm = rest.confirm === undefined ? {} : { confirm: readConfirm(reading, rest.confirm) };
  const steps = STEP_NAMES.map((step) => ({
    name: step,
    operations: readStep(reading, step, rest[step]),
  }));
  if (reading.problems.length > 0) throw fileError(reading.problems);
  const head = { formatVersion: 1, name, class: rest.class, title, parameters } as const;
  const playbook = { ...head, ...confirm, steps };
  return { playbook, placed: reading.placed };
}
