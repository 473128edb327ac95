import type { HandEffect, HandOperation, HandRequest } from '../domain/hand-plan.ts';
import { visibleCut } from './visible.ts';

const TEXT_MAX = 400;

/** The shell variable that holds the base address of an instance. */
function variableOf(instance: string): string {
  return instance.toUpperCase().replaceAll(/[^A-Z0-9]+/gu, '_');
}

/** Text in single quotes: nothing in it means anything to a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** One line of a shell comment; text from outside cannot leave it. */
function comment(text: string): string {
  return `# ${visibleCut(text.replaceAll(/\s+/gu, ' '), TEXT_MAX)}`;
}

function command(instance: string, { method, path, type, body }: HandRequest): string {
  const variable = variableOf(instance);
  return [
    `curl -sS --fail-with-body -X ${method} "$${variable}"${quoted(path)}`,
    `-H "\${${variable}_AUTH-}"`,
    ...(type === null ? [] : [`-H ${quoted(`content-type: ${type}`)}`]),
    ...(body === null ? [] : [`-d ${quoted(JSON.stringify(body))}`]),
  ].join(' ');
}

function effectLines({ instance, target, summary, undo, requests }: HandEffect): readonly string[] {
  return [
    comment(summary),
    comment(`  (to take it back: ${undo})`),
    ...(requests === null
      ? [comment(`  No plain request does this: do it by hand on ${target}.`)]
      : requests.map((request) => command(instance, request))),
  ];
}

function head(operations: readonly HandOperation[]): readonly string[] {
  const instances = operations.flatMap(({ effects }) => effects.map(({ instance }) => instance));
  const variables = [...new Set(instances)].sort().map(variableOf);
  return [
    comment(
      'What is left to do, planned on the world as it is now. Halt the engine before you begin,',
    ),
    comment('send one command after the other, and look after each whether it did what it says.'),
    ...variables.map((name) =>
      comment(`  ${name}: base address; ${name}_AUTH: a header, as "authorization: Bearer …"`),
    ),
  ];
}

/**
 * The rest of a plan as lines for a shell: comments say what each command does and what people look at between them. Text
 * from outside stands in comments and quotes only.
 */
export function renderHandPlan(operations: readonly HandOperation[]): string {
  const steps = [...new Set(operations.map(({ step }) => step))];
  const lines = steps.flatMap((step) => [
    '',
    comment(`== ${step}`),
    ...operations
      .filter((one) => one.step === step)
      .flatMap(({ title, note, effects }) => [
        '',
        comment(note === null ? title : `${title}: ${note}`),
        ...effects.flatMap(effectLines),
      ]),
  ]);
  return [...head(operations), ...lines].join('\n');
}
