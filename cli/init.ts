import type { Command } from 'commander';
import { AppError } from '../domain/error.ts';
import { visibleCut } from '../render/visible.ts';
import { collect, option, optionList, requiredOption } from './arguments.ts';
import { EXIT } from './failure.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const LINE_CHARACTERS_MAX = 500;

async function draft(session: Session, args: Arguments): Promise<number> {
  const { init } = await import('../app/init.ts');
  const namespaces = optionList(args, 'namespace');
  session.progress('Reading cluster and registry, changing nothing …');
  const report = await init({
    kubeconfig: requiredOption(args, 'kubeconfig'),
    context: option(args, 'context') ?? null,
    namespaces: namespaces.length === 0 ? null : namespaces,
    registryUrl: requiredOption(args, 'registry'),
    baseUrl: option(args, 'baseUrl') ?? 'http://127.0.0.1:7400',
    folder: option(args, 'output') ?? '.',
    force: args.options['force'] === true,
  });
  const { deployments, models, files, truncated } = report;
  const { entries, unserved, unregistered, unusable } = report.draft;
  session.result(report, () =>
    [
      `Found ${deployments.toString()} Deployments and ${models.toString()} registered models.`,
      ...(truncated ? ['There is more than was read: the draft is not whole.'] : []),
      ...entries.map(({ entry, because }) => `  ${entry.model} (${entry.confidence}): ${because}`),
      ...unserved.map(({ name }) => `  ${name}: registered, nothing was found to serve it`),
      ...unregistered.map((name) => `  ${name}: served, but not registered`),
      ...unusable.map((text) => `  left out: ${text}`),
      'Written, to be checked by you:',
      ...files.map((file) => `  ${file}`),
      `Next: firebreak doctor --config ${files[0] ?? ''}`,
    ]
      .map((line) => visibleCut(line, LINE_CHARACTERS_MAX))
      .join('\n'),
  );
  return EXIT.ok;
}

/** Which kind of channel incidents get. Raises `invalid`. */
function channelKindOf(kind: string): 'none' | 'public' | 'private' {
  if (kind === 'none' || kind === 'public' || kind === 'private') return kind;
  const field = 'incident-channels';
  throw new AppError('invalid', 'Channels of incidents are public or private.', { field });
}

async function slack(session: Session, args: Arguments): Promise<number> {
  const { writeSlackManifest } = await import('../app/slack-manifest.ts');
  const baseUrl = option(args, 'requestUrl') ?? null;
  const path = await writeSlackManifest({
    baseUrl,
    isPrivate: args.options['privateChannel'] === true,
    incidentChannels: channelKindOf(option(args, 'incidentChannels') ?? 'none'),
    folder: option(args, 'folder') ?? '.',
    force: args.options['overwrite'] === true,
  });
  const secret =
    baseUrl === null
      ? 'SLACK_APP_TOKEN (an app-level token with connections:write)'
      : 'SLACK_SIGNING_SECRET';
  session.result({ file: path }, () =>
    [
      `Written: ${path}`,
      'At https://api.slack.com/apps choose Create New App, From a manifest, and paste it; then install the app.',
      `Then set SLACK_BOT_TOKEN and ${secret}, invite the app to the channel, and name it as slackChannel.`,
      'Next: firebreak doctor',
    ].join('\n'),
  );
  return EXIT.ok;
}

function registerInitSlack(init: Command, run: Registrar['run']): void {
  run(
    init
      .command('slack')
      .description('write the manifest of a Slack app with the least scopes')
      .option('--request-url <url>', 'https address of Firebreak, for HTTP instead of Socket Mode')
      .option('--private-channel', 'messages go to a private channel')
      .option('--incident-channels <kind>', 'each incident gets a channel: public or private')
      .option('--folder <folder>', 'where to write (the present folder)')
      .option('--overwrite', 'overwrite what is there'),
    slack,
  );
}

/** `firebreak init`: a draft of everything that Firebreak has to be told, from what is there. */
export function registerInit({ program, run }: Registrar): void {
  const init = program.command('init');
  registerInitSlack(init, run);
  run(
    init
      .description('draft a configuration from a cluster and a registry, by reading only')
      .option('--kubeconfig <file>', 'how to reach the cluster; needed')
      .option('--context <name>', 'context of that file (its current one)')
      .option('--namespace <name>', 'look only there; repeatable (all namespaces)', collect)
      .option('--registry <url>', 'MLflow, needed; its token in MLFLOW_TOKEN or MLFLOW_TOKEN_FILE')
      .option('--base-url <url>', 'where Alertmanager will reach Firebreak')
      .option('--output <folder>', 'where to write (the present folder)')
      .option('--force', 'overwrite what is there'),
    draft,
  );
}
