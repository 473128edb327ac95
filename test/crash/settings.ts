import { readFile } from 'node:fs/promises';
import pino from 'pino';
import { z } from 'zod';
import type { FirebreakSettings, ProcessRole } from '../../app/firebreak-settings.ts';
import { configurationSchema } from '../../domain/configuration-schema.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { CREDENTIALS } from '../../domain/credential.ts';
import { buildIdOf, type WorkflowBundle } from '../../worker/bundle.ts';

const configuration: z.ZodType<Configuration> = configurationSchema;

/** What differs between two runs; everything else of the settings is the same in both processes. */
export const placesSchema = z.object({
  dataDir: z.string(),
  databaseUrl: z.string(),
  temporalAddress: z.string(),
  taskQueue: z.string(),
  playbooksDir: z.string(),
  configuration,
  /** The workflow bundle of this test run: a process does not have to build its own. */
  bundlePath: z.string(),
  /** True when a worker tells the twins which activity sends a call. */
  namesActivities: z.boolean().optional(),
  /** What this process serves as a worker; everything by default. */
  credentials: z.array(z.enum(CREDENTIALS)).readonly().optional(),
  /** How long an effect waits for a process that has its credential. */
  startWithinMs: z.number().optional(),
  /** Where messages go; nowhere by default. */
  channels: z
    .object({
      slack: z.object({ apiUrl: z.string(), botToken: z.string(), channel: z.string() }),
      mail: z.object({ url: z.string(), from: z.string() }),
    })
    .optional(),
});

export type Places = z.infer<typeof placesSchema>;

/** How this installation reaches people. */
function channelsOf({ channels }: Places): Pick<FirebreakSettings, 'slack' | 'mail'> {
  if (channels === undefined) return { slack: null, mail: null };
  return {
    slack: { ...channels.slack, way: null },
    mail: { ...channels.mail, caFile: null, dkim: null },
  };
}

/** The workflow bundle of this test run: from the sources every process that has a worker would build one of its own. */
export async function bundleOf({
  bundlePath,
}: Pick<Places, 'bundlePath'>): Promise<WorkflowBundle> {
  const code = await readFile(bundlePath, 'utf8');
  return { code, buildId: buildIdOf(code) };
}

/** The settings of one process of this installation. */
export function settingsOf(places: Places, role: ProcessRole): FirebreakSettings {
  const { credentials, startWithinMs } = places;
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(startWithinMs === undefined ? {} : { startWithinMs }),
    dataDir: places.dataDir,
    cacheDir: places.dataDir,
    databaseUrl: places.databaseUrl,
    temporal: { connection: { address: places.temporalAddress }, namespace: 'default' },
    temporalCliPath: null,
    searchPath: '',
    temporalUi: false,
    role,
    host: '127.0.0.1',
    port: 0,
    baseUrl: null,
    configuration: places.configuration,
    playbooksDir: places.playbooksDir,
    taskQueue: places.taskQueue,
    syncEverySeconds: 0,
    ...channelsOf(places),
    version: 'test',
    log: pino({ level: 'fatal' }, pino.destination({ fd: 2, sync: true })),
    onFailure: (error) => {
      process.stderr.write(`${error.message}\n`);
    },
  };
}
