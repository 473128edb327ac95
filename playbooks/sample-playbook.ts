import { isAppError } from '../domain/error.ts';
import type { Manifest } from '../connectors/connector.ts';
import { manifest as airflow } from '../connectors/airflow/manifest.ts';
import { manifest as kubernetes } from '../connectors/kubernetes/manifest.ts';
import { manifest as loki } from '../connectors/loki/manifest.ts';
import { manifest as mlflow } from '../connectors/mlflow/manifest.ts';
import { manifest as prometheus } from '../connectors/prometheus/manifest.ts';
import { loadPlaybookText } from './loader.ts';

/** Manifests of the connectors that the shipped playbooks use; for tests. */
export const SAMPLE_MANIFESTS: readonly Manifest[] = [
  airflow,
  kubernetes,
  loki,
  mlflow,
  prometheus,
];

/** A small valid playbook with every kind of operation; for tests. */
export const SAMPLE_PLAYBOOK = `name: small
class: small
title: Small
parameters:
  limit: { type: number, default: 3, description: A limit. }
isolate:
  - seal: manifests
    use: kubernetes.pod-manifests
    with: { namespace: ml, deployment: web }
  - action: scale-away
    use: kubernetes.scale
    with: { namespace: ml, name: web, replicas: 0 }
  - probe: gone
    use: kubernetes.deployment
    with: { namespace: ml, name: web }
    expect: value.replicas == 0 && results['scale-away'].targets.size() == 1
    within: 20s
audit:
  - lineage: radius
    suspect: incident.suspect
    digest:
      use: mlflow.artifact-digest
      with: { name: "\${{ each.name }}", version: "\${{ each.version }}" }
revert:
  - known-good: good
    lineage: radius
    versions: { use: mlflow.versions, with: { name: m } }
    digest:
      use: mlflow.artifact-digest
      with: { name: m, version: "\${{ each.version }}" }
  - approval: go-back
    roles: [approver-model-owner, approver-security]
    covers:
      - action: alias-back
        use: mlflow.move-alias
        with: { name: m, alias: champion, version: "\${{ results['good'].version }}" }
forensics:
  - parallel: look
    operations:
      - probe: dag
        use: airflow.dag
        with: { dag: nightly }
      - gate: few
        expect: parameters.limit > 2
redeploy:
  - gate: patched
    expect: "true"
  - approval: lift
    roles: [approver-model-owner, approver-security]
    expires: 2h
    covers:
      - undo: scale-back
        of: [scale-away]
  - wait: settle
    for: 30s
`;

/** What loading answered: the error's code and message and its problems as JSON. */
export interface Told {
  readonly code: string;
  readonly message: string;
  readonly places: readonly string[];
}

/** Loads a playbook and tells what was wrong with it; code `loaded` when nothing was. */
export function told(text: string): Told {
  try {
    loadPlaybookText(text, 'small.yaml', SAMPLE_MANIFESTS);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const problems: unknown = error.details?.['problems'] ?? [];
    const list: readonly unknown[] = Array.isArray(problems) ? problems : [];
    const places = list.map((problem) => JSON.stringify(problem));
    return { code: error.code, message: error.message, places };
  }
  return { code: 'loaded', message: '', places: [] };
}

/** The sample with one text replaced. */
export function changed(from: string, to: string): string {
  if (!SAMPLE_PLAYBOOK.includes(from)) throw new Error(`Nothing to replace: ${from}`);
  // A function, because a text may hold what `replace` takes for a reference.
  return SAMPLE_PLAYBOOK.replace(from, () => to);
}
