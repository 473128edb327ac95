import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../app/embedded/port.ts';
import { AppError } from '../../../domain/error.ts';
import { startAlertmanagerWith } from '../alertmanager/server.ts';
import { tell } from '../cached.ts';
import { removeFolder, serverFolder } from '../folder.ts';
import { openApi } from '../kubernetes/api.ts';
import { startCluster } from '../kubernetes/cluster.ts';
import { untilAtRest } from '../kubernetes/rest.ts';
import { plainClient } from '../kubernetes/world.ts';
import { startMlflow } from '../mlflow/server.ts';
import {
  check,
  cloneAndTry,
  connectAlertmanager,
  draft,
  explain,
  observe,
  start,
  trySample,
  type Adoption,
} from './adoption.ts';
import { adoptionPage } from './page.ts';
import { act, ask, takeBack } from './power.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { NAMESPACES, seedCluster, seedRegistry } from './world.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const GUIDE = join(ROOT, 'docs', 'adopt.md');
const PAGE = join(ROOT, 'docs', 'adopt-run.md');
/** What a line of ours, or of kubectl, does; the rest of it names things of this run. */
const VERB = /firebreak -- [a-z]+(?: [a-z][a-z-]*)?|kubectl .*/;

/** What has to be undone in the end, newest first. */
type Closers = (() => Promise<void>)[];

async function prepare(closers: Closers): Promise<Adoption> {
  const folderOf = async (name: string): Promise<string> => {
    const folder = await serverFolder(name);
    closers.push(() => removeFolder(folder));
    return folder;
  };
  const cluster = await startCluster(await folderOf('kubernetes'));
  closers.push(() => cluster.stop());
  const mlflow = await startMlflow(await folderOf('mlflow'));
  closers.push(() => mlflow.stop());
  const api = await openApi({ ...cluster, token: cluster.adminToken });
  closers.push(() => api.close());
  const client = plainClient(api);
  await seedCluster(client);
  await seedRegistry(mlflow.url);
  for (const namespace of NAMESPACES) await untilAtRest(client, namespace);
  const home = await folderOf('newcomer');
  const kubeconfig = join(home, 'kubeconfig');
  await copyFile(cluster.kubeconfig, kubeconfig);
  const terminal = openTerminal(home);
  closers.push(() => terminal.stop());
  return {
    home,
    folder: join(home, 'firebreak'),
    repository: ROOT,
    terminal,
    cluster: { ...cluster, kubeconfig },
    client,
    registryUrl: mlflow.url,
    port: (await freePort()).toString(),
    secrets: [cluster.adminToken],
    tokens: [],
    startAlertmanager: async (configuration) => {
      const alertmanager = await startAlertmanagerWith(
        await folderOf('alertmanager'),
        configuration,
      );
      closers.push(() => alertmanager.stop());
      return alertmanager.url;
    },
  };
}

/** Holds the guide to what was typed. Raises `unavailable` with the line that it does not have. */
async function expectGuided({ typed }: Terminal): Promise<void> {
  const guide = await readFile(GUIDE, 'utf8');
  const verbs = typed.flatMap(({ line }) => VERB.exec(line)?.slice(0, 1) ?? []);
  const missing = verbs.find((verb) => !guide.includes(verb));
  if (missing === undefined) return;
  throw new AppError('unavailable', `docs/adopt.md does not tell to type: ${missing}`);
}

/** Every chapter of the guide, in order. */
async function adopt(adoption: Adoption): Promise<void> {
  await cloneAndTry(adoption);
  await draft(adoption);
  await check(adoption);
  const firebreak = await start(adoption);
  await explain(adoption);
  await trySample(adoption, firebreak);
  const alertmanager = await connectAlertmanager(adoption);
  await observe(adoption, firebreak, alertmanager);
  await ask(adoption, firebreak, alertmanager);
  await act(adoption, firebreak, alertmanager);
  await takeBack(adoption);
  await expectGuided(adoption.terminal);
}

/**
 * Does on real servers, with a world of their own, what docs/adopt.md says, and writes docs/adopt-run.md. Raises
 * `unavailable` with what was told when anything is otherwise than it must be.
 */
export async function runAdoption(): Promise<void> {
  const closers: Closers = [];
  try {
    const adoption = await prepare(closers);
    const page = (): string => {
      const { terminal, home, secrets } = adoption;
      return adoptionPage(terminal.typed, { home, secrets }, new Date());
    };
    try {
      await adopt(adoption);
    } catch (error) {
      tell(`until it failed:\n${page()}`);
      throw error;
    }
    await writeFile(PAGE, page());
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
