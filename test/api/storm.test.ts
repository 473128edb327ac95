// Goal: what monitors send in a storm becomes few incidents, and an attack in the middle of it is seen at once. Method:
// webhooks at the API over the real router and the real store; series as Prometheus labels them.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createIntake } from '../../api/intake.ts';
import { acceptedSchema } from '../../api/contract.ts';
import { createTestApi } from '../../api/test-api.ts';
import type { Route } from '../../domain/configuration.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { createRouter } from '../../intake/routing.ts';
import { useStores } from '../../store/test-store.ts';

const stores = useStores();
let apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});

function entry(model: string): InventoryEntry {
  const object = { cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment' as const };
  return {
    ...{ model, registryName: model, alias: 'champion', service: `ml/${model}` },
    serving: [{ ...object, name: model, container: 'server', role: 'only' }],
    ...{ load: 'baked-image', replicas: 200, pipeline: null, datasets: [], datasetPointer: null },
    ...{ owner: 'ml', onIsolation: null, source: 'file', confidence: 'high' },
  };
}

function pinned(name: string): PinnedPlaybook {
  const playbook = {
    formatVersion: 1,
    name,
    class: name,
    title: name,
    parameters: {},
    steps: [],
  } as const;
  return { playbook, digest: name };
}

function route(name: string, when: string, playbook: string): Route {
  return {
    ...{ name, when, playbook, mode: 'auto', vetoSeconds: 0, severity: 'sev3', suspect: null },
    reopenWindowSeconds: 0,
  };
}

/** An API of its own: models of a prefix that no other test uses. */
function api(prefix: string, newIncidentsMax: number) {
  const models = Array.from({ length: 12 }, (_, n) => `${prefix}-${n.toString()}`);
  const router = createRouter({
    routes: [
      route('tampered', "alert.labels.alertname == 'ArtefactChanged'", 'tampered-artifact'),
      route('drift', 'true', `model-drift-${prefix}`),
    ],
    inventory: models.map(entry),
    selectionRules: [],
    playbooks: [
      pinned('model-drift'),
      pinned(`model-drift-${prefix}`),
      pinned('tampered-artifact'),
    ],
    storm: { newIncidentsMax, windowSeconds: 300 },
  });
  const source = {
    ...{ name: 'prometheus', kind: 'alertmanager' as const, mapping: null, ignoreLabels: ['pod'] },
    authentication: { kind: 'bearer' as const, tokenSha256: [sha256Hex('am')] },
  };
  const intake = createIntake({ sources: [source], router });
  const { app } = createTestApi({ store: stores.api(), intake, clock: () => new Date() });
  apps.push(app);
  const send = async (alerts: readonly object[]): Promise<readonly (string | null)[]> => {
    const reply = await app.inject({
      method: 'POST',
      url: '/api/v1/alerts/alertmanager',
      headers: { authorization: 'Bearer am', 'content-type': 'application/json' },
      payload: JSON.stringify({ version: '4', alerts }),
    });
    return acceptedSchema.parse(reply.json()).alerts.map(({ incidentId }) => incidentId);
  };
  return { models, send };
}

function alert(labels: Readonly<Record<string, string>>, startsAt = '2026-11-23T10:00:00Z') {
  return { status: 'firing', labels, annotations: {}, startsAt };
}

/** 200 series of a model, as a rule over pods makes them. */
function series(model: string): readonly object[] {
  return Array.from({ length: 200 }, (_, n) =>
    alert({
      ...{ alertname: 'ScoreDrift', model, namespace: 'ml', quantile: n.toString() },
      pod: `${model}-6bd5c8f7c9-${n.toString().padStart(5, '0')}`,
    }),
  );
}

describe('a storm', () => {
  test('of 12 models with 200 series each is 12 incidents', async () => {
    const { models, send } = api('calm', 20);
    const ids = await Promise.all(models.map((model) => send(series(model))));
    expect(ids.flat()).toHaveLength(2400);
    expect(new Set(ids.flat()).size).toBe(12);
  });

  test('past its number is one more, which lists the others', async () => {
    const { models, send } = api('storm', 5);
    const ids = new Set((await Promise.all(models.map((model) => send(series(model))))).flat());
    expect(ids.size).toBe(6);
    const found = await Promise.all([...ids].map((id) => stores.api().incidents.get(id ?? '')));
    const storm = found.find((incident) => incident?.model === null);
    expect(storm).toMatchObject({ mode: 'ask', targets: { status: 'several', entry: null } });
    expect(storm?.alertCount).toBe(7 * 200);
    const suspects = await stores.api().incidents.suspects(storm?.id ?? '', 100);
    expect(suspects.map(({ alertCount }) => alertCount)).toEqual(suspects.map(() => 200));
    expect(suspects).toHaveLength(7);
  });

  test('does not hide an attack: it has its own incident with the answer to its first alert', async () => {
    const { models, send } = api('attack', 3);
    for (const model of models) await send(series(model).slice(0, 2));
    const [drift] = await send([
      alert({ alertname: 'ScoreDrift', model: 'attack-11', quantile: 'x' }),
    ]);
    const [attack] = await send([alert({ alertname: 'ArtefactChanged', model: 'attack-11' })]);
    expect(attack).not.toBe(drift);
    expect((await stores.api().incidents.get(attack ?? ''))?.playbookName).toBe(
      'tampered-artifact',
    );
  });

  test('of one flapping alert is one incident that counts its flaps', async () => {
    const { send } = api('flap', 20);
    const labels = { alertname: 'ScoreDrift', model: 'flap-1' };
    const ids = new Set<string | null>();
    for (let minute = 10; minute < 40; minute += 1) {
      const startsAt = `2026-11-23T10:${minute.toString()}:00Z`;
      for (const id of await send([alert(labels, startsAt)])) ids.add(id);
      await send([{ ...alert(labels, startsAt), status: 'resolved', endsAt: startsAt }]);
    }
    expect(ids.size).toBe(1);
    const facts = await stores.api().facts.page([...ids][0] ?? '', 0, 200);
    expect(facts.filter(({ kind }) => kind === 'alert.flapped')).toHaveLength(29);
  });

  test('of what our own containment causes opens nothing', async () => {
    const { send } = api('own', 20);
    const [holder] = await send([alert({ alertname: 'ArtefactChanged', model: 'own-1' })]);
    const incidentId = holder ?? '';
    const targets = ['kubernetes/Deployment/ml/own-1'];
    await stores.worker().claims.take({ incidentId, targets, mode: 'shared' });
    const consequences = [
      { alertname: 'KubePodNotReady', namespace: 'ml', pod: 'own-1-6bd5c8f7c9-x2x4z' },
      { alertname: 'KubeDeploymentReplicasMismatch', namespace: 'ml', deployment: 'own-1' },
      { alertname: 'TargetDown', namespace: 'ml', service: 'own-1', job: 'serving' },
      { alertname: 'ScoreDrift', model: 'own-1' },
    ];
    expect(await send(consequences.map((labels) => alert(labels)))).toEqual(
      consequences.map(() => incidentId),
    );
    const facts = await stores.api().facts.page(incidentId, 0, 100);
    expect(facts.filter(({ kind }) => kind === 'alert.attached')).toHaveLength(4);
  });
});
