import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';
import { renderTable } from '../render/terminal.ts';
import { choice, option } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const KINDS = ['alertmanager', 'cloudevents', 'generic'] as const;
const TOKEN_VARIABLE = 'FIREBREAK_SOURCE_TOKEN';

/** An Alertmanager webhook that says that a model drifts, as of now. */
function sampleOf(model: string): string {
  const labels = { alertname: 'ModelDrift', model, severity: 'critical', sample: 'true' };
  const annotations = { summary: `Sample alert: ${model} drifts.` };
  const alert = {
    status: 'firing',
    labels,
    annotations,
    startsAt: new Date().toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
  };
  return JSON.stringify({
    version: '4',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'firebreak',
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: '',
    alerts: [alert],
  });
}

/** The bytes to send. Raises `invalid` unless exactly one of file and sample is given. */
async function bodyOf(args: Arguments): Promise<Uint8Array | string> {
  const [file] = args.positional;
  const sample = args.options['sample'] === true;
  if ((file === undefined) !== sample) {
    throw new AppError('invalid', 'Give either a file or --sample.', { field: 'FILE' });
  }
  if (file === undefined) return sampleOf(option(args, 'model') ?? 'sample-model');
  return readFile(file).catch((cause: unknown) => {
    throw new AppError('not_found', `The file ${file} cannot be read.`, { field: file, cause });
  });
}

function pathOf(args: Arguments): string {
  const kind = choice(option(args, 'kind') ?? 'alertmanager', KINDS, 'kind');
  const source = option(args, 'source');
  if (kind !== 'generic') {
    return `/alerts/${kind}${source === undefined ? '' : `?source=${encodeURIComponent(source)}`}`;
  }
  return `/alerts/generic/${encodeURIComponent(source ?? 'generic')}`;
}

async function send(session: Session, args: Arguments): Promise<number> {
  const token = option(args, 'sourceToken') ?? session.surroundings.environment[TOKEN_VARIABLE];
  if (token === undefined || token === '') {
    const message = `Give the source's token: --source-token or ${TOKEN_VARIABLE}.`;
    throw new AppError('invalid', message, { field: 'source-token' });
  }
  const client = await session.clientWith(token);
  const reply = await client.sendAlerts({
    path: pathOf(args),
    body: await bodyOf(args),
    contentType: option(args, 'type') ?? 'application/json',
  });
  const { alerts } = reply;
  session.result(reply, () => {
    const rows = alerts.map((one) => [
      one.alertId,
      one.incidentId ?? 'none yet',
      one.problem ?? (one.duplicate ? 'duplicate' : 'accepted'),
    ]);
    return renderTable(['alert', 'incident', 'outcome'], rows, session.terminal);
  });
  return alerts.some(({ problem }) => problem !== undefined) ? EXIT.failed : EXIT.ok;
}

/** `firebreak alert send`: a file or a sample through the webhook of a source. */
export function registerAlert({ program, run }: Registrar): void {
  run(
    program
      .command('alert')
      .description('alerts')
      .command('send')
      .description('send an alert as a monitor would')
      .argument('[file]', 'the body as the monitor sends it')
      .option('--sample', 'send a sample instead of a file')
      .option('--model <name>', 'model that the sample names')
      .option('--kind <kind>', KINDS.join(', '))
      .option('--source <name>', 'source that sends it')
      .option('--source-token <token>', `token of the source (${TOKEN_VARIABLE})`)
      .option('--type <media-type>', 'content type of the file (application/json)'),
    send,
  );
}
