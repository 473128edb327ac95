import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DEMO_PEOPLE } from '../../cli/demo-configuration.ts';
import { configurationOf } from '../../cli/demo-firebreak.ts';
import { createDemoPerson } from '../../cli/demo-person.ts';
import type { DemoPeople } from '../../cli/demo-stage.ts';
import type { Route } from '../../domain/configuration.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import type { Closers } from '../closers.ts';
import { tempDir } from '../harness.ts';
import type { Attended } from '../lane/lane.ts';
import { installationIn } from './program.ts';
import { SCOPES } from '../../domain/scope.ts';

/** How long a change of the cluster must hold: long enough to be met by a kill. */
const HOLD_SECONDS = 4;

/** A lane whose Firebreak is the real program on a data folder; people reach it anew after each restart. */
export interface RestartedLane extends Attended {
  readonly lab: Lab;
  /** Kills everything at once; `meanwhile` happens before it is started again on the same folder. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Removes the file of the embedded Temporal, as a lost disk would. */
  loseTemporalFile(): Promise<void>;
}

const tokenReply = z.object({ token: z.string() });
type Tokens = readonly { readonly name: string; readonly token: string }[];

async function tokensOf(url: string, adminToken: string): Promise<Tokens> {
  const admin = createDemoPerson(url, adminToken);
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const body = { label: 'test', scopes: SCOPES, expiresAt };
  return Promise.all(
    DEMO_PEOPLE.map(async ({ id, name }) => {
      const call = { body, schema: tokenReply };
      return { name, ...(await admin.send('POST', `/people/${id}/tokens`, call)) };
    }),
  );
}

function peopleAt(url: string, tokens: Tokens): DemoPeople {
  const approvers = tokens.map(({ name, token }) => ({
    ...{ id: name, name, token },
    person: createDemoPerson(url, token),
  }));
  const [first] = approvers;
  if (!first) throw new Error('nobody was hired');
  return { owner: first.person, approvers };
}

/** What a person opens by naming a playbook acts as well. */
const BY_HAND: Route = {
  name: 'by-hand',
  when: "'playbook' in alert.labels",
  playbook: 'model-drift',
  mode: 'auto',
  vetoSeconds: 0,
  severity: 'sev3',
  suspect: null,
  reopenWindowSeconds: 0,
};

/** The configuration of a lab in a file, with a hold time that a kill can meet. */
async function configure(lab: Lab, folder: string): Promise<string> {
  const { instances, routes, ...rest } = configurationOf(lab);
  const held = instances.map((instance) =>
    instance.name === 'kubernetes' ? { ...instance, holdSeconds: HOLD_SECONDS } : instance,
  );
  const file = join(folder, 'firebreak.yaml');
  // JSON is YAML.
  await writeFile(
    file,
    JSON.stringify({
      ...rest,
      instances: held,
      routes: [...routes, BY_HAND],
      slackChannel: null,
      mailTo: [],
    }),
  );
  return file;
}

/** Opens a lane up to the moment before the alert. */
export async function openRestartedLane(closers: Closers): Promise<RestartedLane> {
  const lab = await startLab('poisoned-data');
  closers.push(() => lab.close());
  const folder = await tempDir();
  const dataDir = join(folder, 'data');
  await mkdir(dataDir, { mode: 0o711 });
  const installation = installationIn(dataDir, await configure(lab, folder));
  closers.push(() => installation.close());
  const ready = await installation.start();
  const tokens = await tokensOf(ready.url, ready.adminToken ?? '');
  let people = peopleAt(ready.url, tokens);
  const token = ready.sources.find(({ kind }) => kind === 'alertmanager')?.token ?? '';
  const world = await lab.begin({
    alerts: { url: `${ready.url}/api/v1/alerts/alertmanager`, token },
    emit: async (event) => {
      await people.owner.send('POST', '/lineage', { body: event, schema: z.json() });
    },
    look: async () => {
      await people.owner.send('POST', '/sync', { body: {}, schema: z.json() });
    },
  });
  return {
    lab,
    world,
    get owner() {
      return people.owner;
    },
    get approvers() {
      return people.approvers;
    },
    restart: async (meanwhile) => {
      await installation.kill();
      await meanwhile?.();
      people = peopleAt((await installation.start()).url, tokens);
    },
    loseTemporalFile: async () => {
      for (const name of await readdir(dataDir)) {
        if (name.startsWith('temporal.db')) await rm(join(dataDir, name));
      }
    },
  };
}
