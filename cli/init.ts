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

/** `firebreak init`: a draft of everything that Firebreak has to be told, from what is there. */
export function registerInit({ program, run }: Registrar): void {
  run(
    program
      .command('init')
      .description('draft a configuration from a cluster and a registry, by reading only')
      .requiredOption('--kubeconfig <file>', 'how to reach the cluster')
      .option('--context <name>', 'context of that file (its current one)')
      .option('--namespace <name>', 'look only there; repeatable (all namespaces)', collect)
      .requiredOption('--registry <url>', 'MLflow; its token in MLFLOW_TOKEN or MLFLOW_TOKEN_FILE')
      .option('--base-url <url>', 'where Alertmanager will reach Firebreak')
      .option('--output <folder>', 'where to write (the present folder)')
      .option('--force', 'overwrite what is there'),
    draft,
  );
}
