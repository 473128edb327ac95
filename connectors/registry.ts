import { manifest as airflow } from './airflow/manifest.ts';
import type { ConnectorModule } from './connector.ts';
import { manifest as kubernetes } from './kubernetes/manifest.ts';
import { manifest as loki } from './loki/manifest.ts';
import { manifest as mail } from './mail/manifest.ts';
import { manifest as mlflow } from './mlflow/manifest.ts';
import { manifest as openlineage } from './openlineage/manifest.ts';
import { manifest as pagerduty } from './pagerduty/manifest.ts';
import { manifest as prometheus } from './prometheus/manifest.ts';
import { manifest as slack } from './slack/manifest.ts';

/** Every connector that Firebreak knows: what it offers, and how to load it. */
export const connectorModules: readonly ConnectorModule[] = [
  { manifest: kubernetes, load: () => import('./kubernetes/index.ts') },
  { manifest: mlflow, load: () => import('./mlflow/index.ts') },
  { manifest: airflow, load: () => import('./airflow/index.ts') },
  { manifest: prometheus, load: () => import('./prometheus/index.ts') },
  { manifest: loki, load: () => import('./loki/index.ts') },
  { manifest: openlineage, load: () => import('./openlineage/index.ts') },
  { manifest: slack, load: () => import('./slack/index.ts') },
  { manifest: mail, load: () => import('./mail/index.ts') },
  { manifest: pagerduty, load: () => import('./pagerduty/index.ts') },
];
