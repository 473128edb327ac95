import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, invariant } from '../../../domain/error.ts';
import { freePort } from '../../../app/embedded/port.ts';
import { makeOnce, realFolder, tell } from '../cached.ts';
import { runCommand } from '../command.ts';
import type { RealAddress } from '../mlflow/server.ts';
import { answers, startServer } from '../server.ts';

const PACKAGE = 'prometheus-alertmanager';
const VERSION = '0.25.0';
const INSTALL_WITHIN_MS = 300_000;
/** Debian's program reads its templates from this folder, wherever it lies itself. */
const SHARE = '/usr/share/prometheus/alertmanager';
/** As long as `SHARE`, and relative: the program finds it where it is started. */
const SHARE_HERE = `${'./'.repeat(11)}alertmanager`;

/** Fetches Debian's package and unpacks it; nothing is installed in the system. Raises `unavailable`. */
export async function installAlertmanager(): Promise<void> {
  const folder = realFolder('alertmanager');
  await makeOnce(folder, `${PACKAGE} ${VERSION}`, async () => {
    tell(`fetching Debian's ${PACKAGE}`);
    const shared = { cwd: folder, timeoutMs: INSTALL_WITHIN_MS };
    await runCommand({ ...shared, program: 'apt-get', args: ['download', PACKAGE] });
    const fetched = (await readdir(folder)).find((name) => name.endsWith('.deb'));
    if (fetched?.includes(`_${VERSION}`) !== true) {
      const what = fetched ?? 'nothing';
      throw new AppError('unavailable', `${PACKAGE} ${VERSION} is wanted, ${what} came.`);
    }
    await runCommand({ ...shared, program: 'dpkg-deb', args: ['-x', fetched, 'root'] });
    await placeProgram(folder);
  });
}

/** Copies the program with its folder of templates named anew; nothing else in it changes. Raises when that is not there. */
async function placeProgram(folder: string): Promise<void> {
  invariant(SHARE_HERE.length === SHARE.length, 'the program keeps its length');
  const bytes = await readFile(join(folder, 'root', 'usr', 'bin', PACKAGE));
  let found = 0;
  for (let at = bytes.indexOf(SHARE); at >= 0; at = bytes.indexOf(SHARE, at + 1)) {
    bytes.write(SHARE_HERE, at, 'latin1');
    found += 1;
  }
  invariant(found > 0, 'the program names its folder of templates');
  await writeFile(join(folder, PACKAGE), bytes, { mode: 0o755 });
}

/** What a real Alertmanager tells, to whom and when. */
export interface AlertmanagerSetting {
  readonly folder: string;
  readonly receiver: { readonly url: string; readonly token: string };
  readonly groupBy: readonly string[];
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  readonly resolveTimeoutMs: number;
  readonly alertsMax: number;
}

function configuration(setting: AlertmanagerSetting): string {
  const { receiver } = setting;
  const ms = (value: number): string => `${value.toString()}ms`;
  // JSON is YAML.
  return JSON.stringify({
    global: { resolve_timeout: ms(setting.resolveTimeoutMs) },
    route: {
      receiver: 'firebreak',
      group_by: setting.groupBy,
      group_wait: ms(setting.groupWaitMs),
      group_interval: ms(setting.groupIntervalMs),
      repeat_interval: ms(setting.repeatIntervalMs),
    },
    receivers: [
      {
        name: 'firebreak',
        webhook_configs: [
          {
            url: receiver.url,
            max_alerts: setting.alertsMax,
            http_config: { authorization: { type: 'Bearer', credentials: receiver.token } },
          },
        ],
      },
    ],
  });
}

/** Starts an Alertmanager with one receiver, in a folder. Raises `unavailable`. */
export function startAlertmanager(setting: AlertmanagerSetting): Promise<RealAddress> {
  return startAlertmanagerWith(setting.folder, configuration(setting));
}

/** Starts an Alertmanager with a configuration, in a folder. Raises `unavailable`. */
export async function startAlertmanagerWith(
  folder: string,
  configured: string,
): Promise<RealAddress> {
  await installAlertmanager();
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'alertmanager.yml');
  await writeFile(file, configured, { mode: 0o600 });
  const templates = join(folder, 'alertmanager');
  await rm(templates, { force: true });
  await symlink(join(realFolder('alertmanager'), 'root', SHARE), templates);
  const address = `127.0.0.1:${(await freePort()).toString()}`;
  const server = await startServer({
    name: 'alertmanager',
    program: join(realFolder('alertmanager'), PACKAGE),
    args: [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
      '--cluster.listen-address=',
    ],
    folder,
    ready: () => answers(`http://${address}/-/ready`),
  });
  return { url: `http://${address}`, stop: () => server.stop() };
}
