import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../domain/json.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, option } from './arguments.ts';
import { EXIT } from './failure.ts';
import { listOf, planText, textOf } from './plan-text.ts';
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

const WOULD: Readonly<Record<string, string>> = {
  join: 'would join the open incident',
  attach: 'would be attached, as a consequence, to the incident that holds its target:',
  reopen: 'would reopen the incident',
  open: 'would open a new incident',
  nothing: 'would open nothing: it is over',
};

function stepLines(steps: Json | undefined, line: (step: JsonObject) => string): readonly string[] {
  return listOf(steps).map((step) => `  ${step['matched'] === true ? '✓' : '·'} ${line(step)}`);
}

function targetLines(alert: JsonObject): readonly string[] {
  const targets = isJsonObject(alert['targets']) ? alert['targets'] : {};
  const entry = isJsonObject(targets['entry']) ? targets['entry'] : {};
  return [
    `${textOf(alert['title'])}: ${textOf(targets['status'])} ${textOf(entry['model'] ?? '')}`,
    ...stepLines(
      targets['steps'],
      (step) => `${textOf(step['rule'])} on ${textOf(step['model'])}: ${textOf(step['reason'])}`,
    ),
  ];
}

/** From the source to the plan, in the order in which an alert goes. */
function routeLines(alert: JsonObject): readonly string[] {
  const { duplicateOf, incidentId, plan } = alert;
  const duplicate = typeof duplicateOf === 'string' ? `, repeats ${duplicateOf}` : ', is new';
  const incident = typeof incidentId === 'string' ? ` ${incidentId}` : '';
  return [
    textOf(alert['title']),
    `source ${textOf(alert['source'])}${duplicate} (dedupe key ${textOf(alert['dedupeKey'])})`,
    `incident key ${textOf(alert['incidentKey'])}: ${WOULD[textOf(alert['would'])] ?? ''}${incident}`,
    `route ${textOf(alert['route'])}: playbook ${textOf(alert['playbook'])}, ${textOf(alert['mode'])}, ${textOf(alert['severity'])}${alert['drill'] === true ? ', a drill' : ''}`,
    ...stepLines(alert['steps'], (step) => `${textOf(step['route'])}: ${textOf(step['reason'])}`),
    'targets',
    ...targetLines(alert).map((line) => `  ${line}`),
    ...(isJsonObject(plan) ? ['plan (nothing was written)', ...planText(plan).split('\n')] : []),
  ];
}

function explain(lines: (alert: JsonObject) => readonly string[]): Action {
  return async (session, args) => {
    const { api } = await import('../api/client.ts');
    const source = option(args, 'source');
    const request = {
      body: await alertOf(argument(args, 0, 'file')),
      querystring: source === undefined ? {} : { source },
    };
    const client = await session.client();
    const withPlan = args.options['plan'] === true;
    if (withPlan) session.progress('Asking every system, changing nothing …');
    const endpoint = withPlan ? api.playbooks.explainPlan : api.playbooks.explain;
    const reply = await client.call(endpoint, request);
    session.result(reply, () =>
      listOf(reply['alerts'])
        .flatMap(lines)
        .map((line) => visibleCut(line, LINE_CHARACTERS_MAX))
        .join('\n'),
    );
    return EXIT.ok;
  };
}

/** `firebreak targets explain`, `firebreak route explain`: what would become of an alert, and why. */
export function registerExplain({ program, run }: Registrar): void {
  const file = 'a body as the monitor sends it, or one alert of Alertmanager';
  const source = 'source that would send it (any Alertmanager)';
  run(
    program
      .command('targets')
      .description('what alerts are about')
      .command('explain')
      .description('print each rule that could select a model, whether it matched, and why')
      .argument('<file>', file)
      .option('--source <name>', source),
    explain(targetLines),
  );
  run(
    program
      .command('route')
      .description('which playbook answers')
      .command('explain')
      .description('print the way of an alert from its source to its targets, with zero writes')
      .argument('<file>', file)
      .option('--source <name>', source)
      .option('--plan', 'also plan the playbook: every effect, target and undo'),
    explain(routeLines),
  );
}
