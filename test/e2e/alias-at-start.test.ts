import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { AnyProbe, Connector } from '../../connectors/connector.ts';
import { create as createKubernetes } from '../../connectors/kubernetes/index.ts';
import { create as createMlflow } from '../../connectors/mlflow/index.ts';
import { create as createPrometheus } from '../../connectors/prometheus/index.ts';
import { connectorModules } from '../../connectors/registry.ts';
import { PLAYBOOKS_DIR } from '../../app/configuration-references.ts';
import type { EvaluationContext } from '../../domain/evaluation.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { findOperation, type Playbook, type ProbeOperation } from '../../domain/playbook.ts';
import { compileExpression } from '../../expression/expression.ts';
import { compileTemplate } from '../../expression/template.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import { createJsonClient } from '../../lab/scenario/json-client.ts';
import { moveAlias } from '../../lab/scenario/training.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { contextOf } from '../../playbooks/sample-context.ts';
import { closersAfterEach } from '../closers.ts';
import { contextOf as callContext } from '../contract/bench.ts';

// Goal: going back by the alias alone is caught; only replicas that were restarted count as gone back. Method: the
// drift story on the lab, and the probes that P1 asks there, through the real connectors, before and after each move.
const LOOK_MS = 50;
const REPLICAS = 4;

const closers = closersAfterEach();

async function seededLab(): Promise<Lab> {
  const lab = await startLab('model-drift');
  closers.push(() => lab.close());
  // Nothing is listening: in this test nobody raises the alert.
  await lab.begin({
    alerts: { url: 'http://127.0.0.1:9/', token: 'unused' },
    emit: () => Promise.resolve(),
    look: () => Promise.resolve(),
  });
  return lab;
}

function connectorsOf(lab: Lab): Readonly<Record<string, Connector>> {
  const all = {
    kubernetes: createKubernetes({ server: lab.kubernetes.url }),
    mlflow: createMlflow({ url: lab.mlflow.url }),
    prometheus: createPrometheus({ url: lab.prometheus.url }),
  };
  for (const connector of Object.values(all)) closers.push(() => connector.close());
  return all;
}

async function driftPlaybook(): Promise<Playbook> {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const all = await loadPlaybooks(PLAYBOOKS_DIR, manifests);
  const found = all.find(({ playbook }) => playbook.name === 'model-drift');
  if (!found) throw new Error('P1 is not shipped.');
  return found.playbook;
}

function probeOf(playbook: Playbook, name: string): ProbeOperation {
  const found = findOperation(playbook, name)?.operation;
  if (found?.kind !== 'probe') throw new Error(`${name} is no probe.`);
  return found;
}

/** The evaluation context of the drift incident: version 6 is known good. */
function incidentContext(playbook: Playbook, { story }: Lab, results: JsonObject) {
  const context = contextOf(playbook, { 'known-good': { version: '6' }, ...results });
  const stable = { cluster: 'kubernetes', namespace: story.namespace, name: story.stable };
  const serving = [{ ...stable, kind: 'Deployment', container: story.container, role: 'stable' }];
  return { ...context, model: { ...context.model, load: story.load, serving } };
}

interface Sight {
  readonly value: Json;
  readonly holds: Json;
}

/** Asks a probe of the playbook as the engine does: its input, its reply, its check. */
async function ask(
  connectors: Readonly<Record<string, Connector>>,
  operation: ProbeOperation,
  context: EvaluationContext,
): Promise<Sight> {
  if (operation.when !== null) {
    expect(compileExpression(operation.when, 'operation').evaluate(context)).toBe(true);
  }
  const [system = '', verb = ''] = operation.use.split('.');
  const probe: AnyProbe | undefined = connectors[system]?.probes[verb];
  if (!probe) throw new Error(`There is no probe ${operation.use}.`);
  const input = compileTemplate(operation.with, 'operation').evaluate(context);
  const { value } = await probe.read(input, callContext());
  const check = compileExpression(operation.expect ?? 'true', 'operation');
  return { value, holds: check.evaluate({ ...context, value }) };
}

/** Restarts the replicas with the connector that P1 uses, and waits until it says that they are new. */
async function restart(kubernetes: Connector, { story }: Lab): Promise<void> {
  const action = kubernetes.actions['restart'];
  if (!action) throw new Error('There is no action restart.');
  const input = { namespace: story.namespace, name: story.stable };
  const context = callContext();
  const plan = await action.plan(input, context);
  await action.apply(input, plan, context);
  for (;;) {
    const { holds } = await action.verify(input, plan, context);
    if (holds === 'yes') return;
    expect(holds).toBe('unknown');
    await sleep(LOOK_MS);
  }
}

test('an alias that was moved is not a model that runs: the replicas say so until they are restarted', async () => {
  const lab = await seededLab();
  const connectors = connectorsOf(lab);
  const playbook = await driftPlaybook();
  const look = async (): Promise<{ readonly alias: Json; readonly replicas: Sight }> => {
    await lab.prometheus.scrape();
    const before = incidentContext(playbook, lab, {});
    const alias = await ask(connectors, probeOf(playbook, 'alias-is-known-good'), before);
    const left = await ask(connectors, probeOf(playbook, 'replicas-after-restart'), before);
    const after = incidentContext(playbook, lab, { 'replicas-after-restart': left.value });
    const loaded = probeOf(playbook, 'replicas-loaded-known-good');
    return { alias: alias.holds, replicas: await ask(connectors, loaded, after) };
  };
  const running = (version: string): Json => ({
    samples: [{ labels: { version }, value: REPLICAS }],
    value: REPLICAS,
  });

  expect(await look()).toEqual({ alias: false, replicas: { value: running('7'), holds: false } });

  const { model: name, alias } = lab.story;
  await moveAlias(createJsonClient(lab.mlflow.url), { name, alias, version: '6' });
  // The naive way back ends here. What the alias says is right, what runs is not.
  expect(await look()).toEqual({ alias: true, replicas: { value: running('7'), holds: false } });

  const { kubernetes } = connectors;
  if (!kubernetes) throw new Error('no kubernetes');
  await restart(kubernetes, lab);
  expect(await look()).toEqual({ alias: true, replicas: { value: running('6'), holds: true } });
});
