import pino from 'pino';
import { z } from 'zod';
import type { FirebreakSettings, ProcessRole } from '../../app/firebreak.ts';

/** What differs between two runs; everything else of the settings is the same in both processes. */
export const placesSchema = z.object({
  dataDir: z.string(),
  databaseUrl: z.string(),
  temporalAddress: z.string(),
  taskQueue: z.string(),
  playbooksDir: z.string(),
  kubernetesUrl: z.string(),
});

export type Places = z.infer<typeof placesSchema>;

export const NAMESPACE = 'ml';
export const MODEL = 'fraud-scorer';
export const CANARY = 'fraud-scorer-canary';
/** The person who closes the incident. */
export const PERSON = 'mona';

/** One look, one effect, one probe; nobody has to approve. */
export const PLAYBOOK = `name: crash
class: crash
title: Scale the canary away
isolate:
  - seal: manifests
    use: kubernetes.pod-manifests
    with: { namespace: ${NAMESPACE}, deployment: ${CANARY} }
  - action: scale-away
    use: kubernetes.scale
    with: { namespace: ${NAMESPACE}, name: ${CANARY}, replicas: 0 }
  - probe: gone
    use: kubernetes.deployment
    with: { namespace: ${NAMESPACE}, name: ${CANARY} }
    expect: value.replicas == 0
    within: 20s
audit: []
revert: []
forensics: []
redeploy: []
`;

/** The settings of one process of this installation. */
export function settingsOf(places: Places, role: ProcessRole): FirebreakSettings {
  return {
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
    configuration: {
      instances: [
        {
          name: 'kubernetes',
          connector: 'kubernetes',
          holdSeconds: 0,
          config: { server: places.kubernetesUrl },
        },
      ],
      sources: [],
      inventory: [
        {
          model: MODEL,
          registryName: MODEL,
          alias: 'champion',
          serving: [
            {
              cluster: 'kubernetes',
              namespace: NAMESPACE,
              kind: 'Deployment',
              name: CANARY,
              container: 'server',
              role: 'only',
            },
          ],
          service: null,
          load: 'baked-image',
          replicas: 1,
          pipeline: null,
          datasets: [],
          datasetPointer: null,
          owner: PERSON,
          onIsolation: 'fail-open',
          source: 'file',
          confidence: 'high',
        },
      ],
      selectionRules: [],
      routes: [
        {
          name: 'crash',
          when: 'true',
          playbook: 'crash',
          mode: 'auto',
          severity: 'sev3',
          suspect: null,
          reopenWindowSeconds: 0,
        },
      ],
      people: [{ id: PERSON, name: PERSON, roles: ['responder'], slackUser: null, mail: null }],
      slackChannel: null,
      mailTo: [],
    },
    playbooksDir: places.playbooksDir,
    taskQueue: places.taskQueue,
    slack: null,
    mail: null,
    version: 'test',
    log: pino({ level: 'fatal' }, pino.destination({ fd: 2, sync: true })),
    onFailure: (error) => {
      process.stderr.write(`${error.message}\n`);
    },
  };
}
