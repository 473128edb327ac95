import { DEFAULT_STORM, type Configuration } from '../../domain/configuration.ts';

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

/** One cluster, one model, one route, one person. */
export function smallConfiguration(kubernetesUrl: string): Configuration {
  return {
    instances: [
      {
        name: 'kubernetes',
        connector: 'kubernetes',
        holdSeconds: 0,
        config: { server: kubernetesUrl },
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
    storm: DEFAULT_STORM,
    people: [{ id: PERSON, name: PERSON, roles: ['responder'], slackUser: null, mail: null }],
    heartbeatUrl: null,
    slackChannel: null,
    mailTo: [],
  };
}
