import { dirname } from 'node:path';
import { AppError } from '../domain/error.ts';
import { renderTable } from '../render/terminal.ts';
import { visibleCut } from '../render/visible.ts';
import { argument, option } from './arguments.ts';
import { addChanges } from './change.ts';
import { EXIT } from './failure.ts';
import { reloadText } from './reload.ts';
import type { Arguments, Registrar } from './registrar.ts';
import type { Session } from './session.ts';

const VALUE_CHARACTERS_MAX = 200;

/** Settings, then the configuration file with its places. */
async function print(session: Session, args: Arguments): Promise<number> {
  if (args.options['redacted'] !== true) {
    throw new AppError('invalid', 'Secrets are never printed: add --redacted.', {
      field: 'redacted',
    });
  }
  const { readConfig } = await import('../app/config.ts');
  const { environmentWithFile } = await import('../app/environment.ts');
  const environment = environmentWithFile();
  const flags = { FIREBREAK_CONFIG: option(args, 'config') };
  const { shown, configFile } = readConfig({ flags, environment });
  const values = configFile === null ? [] : await valuesOf(configFile, environment);
  session.result({ settings: shown, configuration: values }, () => {
    const rows = shown.map(({ name, value, source }) => [name, value ?? '(off)', source]);
    const folder = `${dirname(configFile ?? '')}/`;
    const lines = values.map(({ field, value, from }) => {
      const shownValue = visibleCut(value, VALUE_CHARACTERS_MAX);
      return `${visibleCut(field, VALUE_CHARACTERS_MAX)} = ${shownValue}  (${from.replace(folder, '')})`;
    });
    const table = renderTable(['setting', 'value', 'from'], rows, session.terminal);
    return [table, ...(lines.length === 0 ? [] : ['', ...lines])].join('\n');
  });
  return EXIT.ok;
}

async function valuesOf(file: string, environment: Readonly<Record<string, string | undefined>>) {
  const [{ readPlacedConfiguration }, { configurationReferences }, { showConfiguration }] =
    await Promise.all([
      import('../app/config-file.ts'),
      import('../app/configuration-references.ts'),
      import('../app/configuration-origin.ts'),
    ]);
  const references = await configurationReferences(environment);
  return showConfiguration(await readPlacedConfiguration(file, references), references.manifests);
}

/** Reads a file as a start would; every mistake is told with its place. */
async function validate(session: Session, args: Arguments): Promise<number> {
  const [{ readConfigurationFile }, { configurationReferences }, { environmentWithFile }] =
    await Promise.all([
      import('../app/config-file.ts'),
      import('../app/configuration-references.ts'),
      import('../app/environment.ts'),
    ]);
  const file = argument(args, 0, 'file');
  const read = await readConfigurationFile(
    file,
    await configurationReferences(environmentWithFile()),
  );
  const { instances, sources, inventory, routes, people } = read;
  const counts = {
    instances: instances.length,
    sources: sources.length,
    inventory: inventory.length,
    routes: routes.length,
    people: people.length,
  };
  session.result({ file, ...counts }, () => {
    const parts = Object.entries(counts).map(([name, count]) => `${name} ${count.toString()}`);
    return visibleCut(`${file}: ok (${parts.join(', ')})`, 500);
  });
  return EXIT.ok;
}

/** Tells the running server to read its file again. */
async function reload(session: Session): Promise<number> {
  const { api } = await import('../api/client.ts');
  const report = await (await session.client()).call(api.configuration.reload, {});
  session.result(report, () => reloadText(report));
  return report.needsRestart.length > 0 ? EXIT.refused : EXIT.ok;
}

/** `firebreak config …`: what is configured, where it came from, what is wrong with it, and what people are asked about it. */
export function registerConfig(registrar: Registrar): void {
  const { program, run } = registrar;
  const config = program.command('config').description('settings and the configuration file');
  run(
    config
      .command('print')
      .description('print every setting and value and where it came from')
      .option('--redacted', 'leave secrets out; there is no way to print them')
      .option('--config <file>', 'configuration file (FIREBREAK_CONFIG)'),
    print,
  );
  run(
    config
      .command('validate')
      .description('check a configuration file without starting anything')
      .argument('<file>'),
    validate,
  );
  run(
    config
      .command('reload')
      .description('let the server read its file again; a file with a mistake changes nothing'),
    reload,
  );
  addChanges(config, registrar);
}
