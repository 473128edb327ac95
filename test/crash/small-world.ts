import { DEFAULT_CAPS } from '../../domain/cap.ts';
import {
  DEFAULT_CHANGE_DELAY_SECONDS,
  DEFAULT_STORM,
  type Configuration,
} from '../../domain/configuration.ts';

export const NAMESPACE = 'ml';
export const MODEL = 'fraud-scorer';
export const STABLE = 'fraud-scorer';
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

function serving(name: string, role: 'stable' | 'canary') {
  const place = { cluster: 'kubernetes', namespace: NAMESPACE, kind: 'Deployment' } as const;
  return { ...place, name, container: 'server', role };
}

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
        serving: [serving(STABLE, 'stable'), serving(CANARY, 'canary')],
        service: null,
        load: 'baked-image',
        replicas: 4,
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
        vetoSeconds: 0,
        severity: 'sev3',
        suspect: null,
        reopenWindowSeconds: 0,
      },
    ],
    storm: DEFAULT_STORM,
    caps: DEFAULT_CAPS,
    changeDelaySeconds: DEFAULT_CHANGE_DELAY_SECONDS,
    people: [{ id: PERSON, name: PERSON, roles: ['responder'], slackUser: null, mail: null }],
    heartbeatUrl: null,
    slackChannel: null,
    slackIncidentChannels: 'none',
    mailTo: [],
    digest: null,
    updates: [],
  };
}
