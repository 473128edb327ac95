import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { connectorModules } from '../connectors/registry.ts';
import { rightName } from '../connectors/kubernetes/rights.ts';
import type { Configuration } from '../domain/configuration.ts';
import { CREDENTIALS, WRITING_CREDENTIALS, type Credential } from '../domain/credential.ts';
import { toAppError } from '../domain/error.ts';
import { ON_ISOLATION } from '../domain/inventory.ts';
import { loadPlaybooks } from '../playbooks/loader.ts';
import { checkInstances, type ExaminedInstances } from './check-instances.ts';
import { checkDisk, checkPort } from './check-machine.ts';
import { checkClock, checkPostgres, checkTemporal } from './check-servers.ts';
import { checkIssuer } from './check-issuer.ts';
import { checkMail } from './check-mail.ts';
import { checkOnCall, storedCalendars } from './check-on-call.ts';
import { checkSlack } from './check-slack.ts';
import { checkTls } from './check-tls.ts';
import { readConfigurationFile } from './config-file.ts';
import { readConfig, type Config } from './config.ts';
import { environmentWithFile, type Environment } from './environment.ts';
import { configurationReferences, PLAYBOOKS_DIR } from './configuration-references.ts';
import { clusterRightsOf } from './draft-rbac.ts';
import { bad, check, good, type Check } from './finding.ts';
import { haltFilePath } from './halt-file.ts';
import { lastResorts } from './last-resort.ts';

const NODE_MIN = [20, 19] as const;

const KEY_NOTE =
  'with `start --role all` it is apart from the worker by module only; `--role api` and `--role worker` under two users keep it from the worker';

function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin, minorMin] = NODE_MIN;
  const ok = major > majorMin || (major === majorMin && minor >= minorMin);
  const wanted = NODE_MIN.join('.');
  return ok
    ? good('node', process.versions.node)
    : bad('node', `${process.versions.node} is too old.`, `Install Node ${wanted} or newer.`);
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
    const fix = 'Name another one with --data-dir or FIREBREAK_DATA_DIR.';
    return bad('data folder', `${folder} cannot be written.`, fix);
  }
}

/** What callers get while a model is isolated: asked for by day, since it is missed at night. Nothing is broken. */
function checkSubstitutes({ inventory }: Configuration): readonly Check[] {
  const silent = inventory.filter(({ onIsolation }) => onIsolation === null);
  if (inventory.length === 0) return [];
  if (silent.length === 0) return [good('onIsolation', 'every model says what serves instead')];
  const names = silent.map(({ model }) => model).join(', ');
  const fix = `Say what callers get meanwhile: onIsolation: ${ON_ISOLATION.join(' | ')}.`;
  return [{ ...good('onIsolation', `not said for ${names}`), fix }];
}

/** The rights to change something that these credentials need, by their names. */
async function rightsNeeded(
  credentials: readonly Credential[],
): Promise<(right: string) => boolean> {
  if (CREDENTIALS.every((credential) => credentials.includes(credential))) return () => true;
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const playbooks = await loadPlaybooks(PLAYBOOKS_DIR, manifests);
  const all = playbooks.map(({ playbook }) => playbook);
  const names = WRITING_CREDENTIALS.filter((credential) => credentials.includes(credential))
    .flatMap((credential) => clusterRightsOf(all, credential))
    .flatMap(({ verbs, ...kind }) => verbs.map((verb) => rightName({ ...kind, verb })));
  const needed = new Set(names);
  return (right) => needed.has(right.replace(/ in \S+$/u, ''));
}

/** The file, and what of it can be looked at: its systems and their clocks. */
async function checkConfiguration(
  config: Config,
  environment: Environment,
  credentials: readonly Credential[],
): Promise<ExaminedInstances> {
  const { configFile } = config;
  if (configFile === null) {
    return {
      checks: [
        good('configuration', 'no file: new incidents are only observed'),
        ...(await checkSlack(config, null)),
        ...(await checkMail(config, null)),
        ...(await checkIssuer(config, null)),
      ],
      clocks: [],
    };
  }
  let read: Configuration | undefined;
  const fix = 'Correct the file where the message points.';
  const file = await check('configuration', fix, async () => {
    read = await readConfigurationFile(configFile, await configurationReferences(environment));
    return configFile;
  });
  if (read === undefined) return { checks: [file], clocks: [] };
  const channels = await Promise.all([
    checkSlack(config, read),
    checkMail(config, read),
    checkIssuer(config, read),
  ]);
  const onCall = await checkOnCall(read, {
    instances: read.instances,
    now: () => new Date(),
    known: () => storedCalendars(config.databaseUrl),
  });
  const { checks, clocks } = await checkInstances(
    connectorModules,
    read,
    await rightsNeeded(credentials),
  );
  const resorts = lastResorts(read.instances).map(({ instance, commands }) =>
    good(`last resort at ${instance}`, commands.join('; ')),
  );
  return {
    checks: [file, ...checkSubstitutes(read), ...onCall, ...channels.flat(), ...checks, ...resorts],
    clocks,
  };
}

/** Whether a HALT file stops everything: nothing is wrong with that, but nobody should have to guess. */
function checkHalt(config: Config): Check {
  const path = haltFilePath(config);
  return existsSync(path)
    ? bad('halt file', `${path} is there: nothing is changed outside.`, 'Remove it to go on.')
    : good('halt file', `none; whoever writes one to ${path} halts every effect at once`);
}

/**
 * Looks at everything that `start` needs, without starting anything, as a process that has these credentials. Never raises: what
 * is wrong is a finding.
 */
export async function examine(
  flags: Environment,
  credentials: readonly Credential[] = CREDENTIALS,
): Promise<readonly Check[]> {
  const node = checkNode();
  let config: Config;
  const environment = environmentWithFile();
  try {
    config = readConfig({ flags, environment });
  } catch (error) {
    const detail = toAppError(error).message;
    const fix = 'Correct this variable; `firebreak config print` shows where values come from.';
    return [node, bad('settings', detail, fix)];
  }
  const [database, temporal, configuration] = await Promise.all([
    checkPostgres(config),
    checkTemporal(config, environment),
    checkConfiguration(config, environment, credentials),
  ]);
  return [
    node,
    good('settings', 'every variable is understood'),
    checkDataFolder(config),
    await checkDisk(nearestExisting(config.dataDir)),
    await checkPort(config.host, config.port, config.tls === null ? 'http' : 'https'),
    ...(await checkTls(config, new Date())),
    checkHalt(config),
    ...database.checks,
    ...temporal,
    ...configuration.checks,
    checkClock([...database.clocks, ...configuration.clocks]),
    good('approval key', KEY_NOTE),
  ];
}
