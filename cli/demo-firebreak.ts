import { join } from 'node:path';
import type { Configuration } from '../domain/configuration.ts';
import type { CommonLab } from '../lab/lab.ts';
import { demoConfiguration, MONA_IN_SLACK, STAND_IN } from './demo-configuration.ts';
import { say } from './demo-narration.ts';
import type { DemoOptions } from './demo-stage.ts';

/** The one channel of the lab's Slack. */
export const SLACK_CHANNEL = 'C0INCIDENTS';

/** What Firebreak is told of a lab: its systems, model, routes and people. */
export function configurationOf({
  story,
  access,
  ...twins
}: Pick<CommonLab, 'story' | 'access' | 'airflow' | 'prometheus' | 'loki'>): ReturnType<
  typeof demoConfiguration
> {
  return {
    ...demoConfiguration({
      ...story,
      urls: {
        ...access,
        airflow: twins.airflow.url,
        prometheus: twins.prometheus.url,
        loki: twins.loki.url,
      },
    }),
    slackChannel: SLACK_CHANNEL,
  };
}

/** The source of a real Alertmanager that was configured with a token before; none makes the first start make one. */
async function sourcesOf(alertToken: string | null): Promise<Configuration['sources']> {
  if (alertToken === null) return [];
  const { sha256Hex } = await import('../evidence/digest.ts');
  return [
    {
      name: 'alertmanager',
      kind: 'alertmanager',
      authentication: { kind: 'bearer', tokenSha256: [sha256Hex(alertToken)] },
      mapping: null,
      ignoreLabels: [],
    },
  ];
}

/** Mona is known in Slack where she answers there. */
function peopleBy(configuration: Configuration, { approveBy }: DemoOptions): Configuration {
  if (approveBy !== 'slack') return configuration;
  const people = configuration.people.map((person) =>
    person.id === 'mona' ? { ...person, slackUser: MONA_IN_SLACK } : person,
  );
  return { ...configuration, people: [...people, { ...STAND_IN, roles: [...STAND_IN.roles] }] };
}

/** Where it listens; mails name the page only where somebody can sign in on it. */
async function placeOf({ port, approveBy }: DemoOptions) {
  const host = '127.0.0.1';
  if (approveBy !== 'page') return { host, port, baseUrl: null };
  const { freePort } = await import('../app/embedded/port.ts');
  const taken = port === 0 ? await freePort() : port;
  return { host, port: taken, baseUrl: `http://${host}:${taken.toString()}` };
}

/** What the demo's Firebreak is started with. */
export interface DemoStart {
  readonly options: DemoOptions;
  readonly dataDir: string;
  /** The token that a real Alertmanager sends; null when the first start makes one. */
  readonly alertToken: string | null;
}

/**
 * Starts a whole Firebreak against the lab, on embedded servers in a folder of its own: nothing of the environment
 * names a system. Raises what the start raises.
 */
export async function startDemoFirebreak(lab: CommonLab, start: DemoStart) {
  const { options, dataDir, alertToken } = start;
  const { startFirebreak } = await import('../app/firebreak.ts');
  const { cacheFolder } = await import('../app/cache-folder.ts');
  const { createLog, programVersion } = await import('../app/start.ts');
  const { PLAYBOOKS_DIR } = await import('../app/configuration-references.ts');
  const { processEnvironment } = await import('../app/environment.ts');
  const environment = processEnvironment();
  const { botToken, appToken, apiUrl } = lab.slack;
  return startFirebreak({
    dataDir,
    cacheDir: cacheFolder(environment),
    databaseUrl: null,
    temporal: null,
    temporalCliPath: environment['TEMPORAL_CLI_PATH'] ?? null,
    searchPath: environment['PATH'] ?? '',
    temporalUi: !options.exit,
    role: 'all',
    ...(await placeOf(options)),
    configuration: {
      ...peopleBy(configurationOf(lab), options),
      sources: await sourcesOf(alertToken),
    },
    playbooksDir: PLAYBOOKS_DIR,
    taskQueue: 'firebreak',
    // The story has its own nights: the lab asks for a look where its schedule would have looked.
    syncEverySeconds: 0,
    slack: { botToken, apiUrl, channel: SLACK_CHANNEL, way: { kind: 'socket', appToken } },
    mail: {
      ...{ url: lab.mail.url, from: 'Firebreak <firebreak@example.com>' },
      ...{ caFile: null, dkim: null },
    },
    version: await programVersion(),
    log: createLog('warn', join(dataDir, 'firebreak.log')),
    onFailure: (error) => {
      say(`Something ended that must not: ${error.message}`);
    },
  });
}

/** A running Firebreak of the demo. */
export type DemoFirebreak = Awaited<ReturnType<typeof startDemoFirebreak>>;
