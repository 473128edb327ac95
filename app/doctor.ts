import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { toAppError } from '../domain/error.ts';
import { readConfigurationFile } from './config-file.ts';
import { configurationReferences } from './configuration-references.ts';
import { environmentWithFile, readConfig, type Config, type Environment } from './config.ts';
import { serverAccount } from './embedded/account.ts';
import { postgresBinaries } from './embedded/postgres-binaries.ts';
import { findTemporalCli } from './embedded/temporal-cli.ts';

/** One thing that Firebreak needs: whether it is there, and what to do when it is not. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** Null when nothing is to be done. */
  readonly fix: string | null;
}

const NODE_MIN = [20, 19] as const;

const KEY_NOTE =
  'with `start --role all` it is apart from the worker by module only; `--role api` and `--role worker` under two users keep it from the worker';

function good(name: string, detail: string): Check {
  return { name, ok: true, detail, fix: null };
}

/** Runs one check; what it raises is the finding. */
async function check(
  name: string,
  fix: string,
  look: () => string | Promise<string>,
): Promise<Check> {
  try {
    return good(name, await look());
  } catch (error) {
    return { name, ok: false, detail: toAppError(error).message, fix };
  }
}

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin, minorMin] = NODE_MIN;
  const ok = major > majorMin || (major === majorMin && minor >= minorMin);
  const wanted = NODE_MIN.join('.');
  return ok
    ? good('node', process.versions.node)
    : {
        name: 'node',
        ok: false,
        detail: `${process.versions.node} is too old.`,
        fix: `Install Node ${wanted} or newer.`,
      };
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

function checkDataFolder(config: Config): Check {
  const folder = nearestExisting(config.dataDir);
  try {
    accessSync(folder, constants.W_OK);
    return good('data folder', config.dataDir);
  } catch {
    return {
      name: 'data folder',
      ok: false,
      detail: `${folder} cannot be written.`,
      fix: 'Name another one with --data-dir or FIREBREAK_DATA_DIR.',
    };
  }
}

function checkPostgres(config: Config): Promise<Check> {
  if (config.databaseUrl !== null) {
    return Promise.resolve(good('postgres', 'the one that DATABASE_URL names'));
  }
  return check('postgres', 'Install the optional packages again, or set DATABASE_URL.', () => {
    const binaries = postgresBinaries({ account: serverAccount(), cacheDir: config.cacheDir });
    return `embedded, ${binaries.label}`;
  });
}

function checkTemporal(config: Config, environment: Environment): Promise<Check> {
  const address = environment['TEMPORAL_ADDRESS'] ?? '';
  if (address !== '') return Promise.resolve(good('temporal', `the server at ${address}`));
  const { temporalCliPath: cliPath, searchPath, cacheDir } = config;
  const fix = 'Set TEMPORAL_ADDRESS, set TEMPORAL_CLI_PATH, or put `temporal` on the PATH.';
  return check('temporal', fix, async () => {
    const cli = await findTemporalCli({ cliPath, searchPath, cacheDir });
    return `embedded, CLI ${cli.version} from ${cli.source}`;
  });
}

function checkConfigurationFile(config: Config, environment: Environment): Promise<Check> {
  const { configFile } = config;
  if (configFile === null) {
    return Promise.resolve(good('configuration', 'no file: new incidents are only observed'));
  }
  return check('configuration', 'Correct the file where the message points.', async () => {
    await readConfigurationFile(configFile, await configurationReferences(environment));
    return configFile;
  });
}

/** Looks at everything that `start` needs, without starting anything. Never raises: what is wrong is a finding. */
export async function examine(flags: Environment): Promise<readonly Check[]> {
  const node = checkNode();
  let config: Config;
  const environment = environmentWithFile();
  try {
    config = readConfig({ flags, environment });
  } catch (error) {
    const detail = toAppError(error).message;
    const fix = 'Correct this variable; `firebreak config print` shows where values come from.';
    return [node, { name: 'settings', ok: false, detail, fix }];
  }
  return [
    node,
    good('settings', 'every variable is understood'),
    checkDataFolder(config),
    await checkPostgres(config),
    await checkTemporal(config, environment),
    await checkConfigurationFile(config, environment),
    good('approval key', KEY_NOTE),
  ];
}
