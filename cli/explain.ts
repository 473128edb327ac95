import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { visibleCut } from '../render/visible.ts';
import { argument } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Action, Registrar } from './registrar.ts';

const LINE_CHARACTERS_MAX = 500;

/** The alert of a file. Raises `not_found` or `invalid`. */
async function alertOf(file: string): Promise<JsonObject> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AppError('not_found', `The file ${file} cannot be read.`, { field: file, cause });
  });
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw new AppError('invalid', `${file} is no JSON.`, { field: file, cause });
  }
  throw new AppError('invalid', `${file} holds no alert.`, { field: file });
}

function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((one: Json) => isJsonObject(one)) : [];
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function targetLines(alert: JsonObject): readonly string[] {
  const targets = isJsonObject(alert['targets']) ? alert['targets'] : {};
  const entry = isJsonObject(targets['entry']) ? targets['entry'] : {};
  return [
    `${text(alert['title'])}: ${text(targets['status'])} ${text(entry['model'] ?? '')}`,
    ...objectsOf(targets['steps']).map(
      (step) =>
        `  ${step['matched'] === true ? '✓' : '·'} ${text(step['rule'])} on ${text(step['model'])}: ${text(step['reason'])}`,
    ),
  ];
}

function routeLines(alert: JsonObject): readonly string[] {
  return [
    `${text(alert['title'])}: route ${text(alert['route'])}, playbook ${text(alert['playbook'])}, ${text(alert['mode'])}`,
    ...objectsOf(alert['steps']).map(
      (step) =>
        `  ${step['matched'] === true ? '✓' : '·'} ${text(step['route'])}: ${text(step['reason'])}`,
    ),
  ];
}

function explain(lines: (alert: JsonObject) => readonly string[]): Action {
  return async (session, args) => {
    const { api } = await import('../api/client.ts');
    const alert = await alertOf(argument(args, 0, 'file'));
    const reply = await (await session.client()).call(api.playbooks.explain, { body: alert });
    session.result(reply, () =>
      objectsOf(reply['alerts'])
        .flatMap(lines)
        .map((line) => visibleCut(line, LINE_CHARACTERS_MAX))
        .join('\n'),
    );
    return EXIT.ok;
  };
}

/** `firebreak targets explain`, `firebreak route explain`: why an alert goes where it goes. */
export function registerExplain({ program, run }: Registrar): void {
  run(
    program
      .command('targets')
      .description('what alerts are about')
      .command('explain')
      .description('print each rule that could select a model, whether it matched, and why')
      .argument('<file>', 'an Alertmanager body, or one alert of it'),
    explain(targetLines),
  );
  run(
    program
      .command('route')
      .description('which playbook answers')
      .command('explain')
      .description('print each route, whether it matched, and why')
      .argument('<file>', 'an Alertmanager body, or one alert of it'),
    explain(routeLines),
  );
}
