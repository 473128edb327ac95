// Goal: a hold is on everything that it names, whichever incident acts, and forbids exactly what destroys. Method: tables
// of holds against effects; the way and the states of a change in turn.
import { describe, expect, test } from '@jest/globals';
import { destroyedBy, type Destroys } from './destruction.ts';
import { AppError } from './error.ts';
import type { InventoryEntry } from './inventory.ts';
import type { Json } from './json.ts';
import {
  effectsOf,
  holdsOn,
  holdsOnIncident,
  holdStateOf,
  heldThingOf,
  isReleasedBy,
  legalObstacle,
  RELEASE_WITHIN_MS,
  type HeldEffect,
  type HoldScope,
  type HoldRelease,
  type LegalHold,
} from './legal-hold.ts';

const DIGEST = 'ab'.repeat(32);
const NOW = '2026-11-27T10:00:00.000Z';

const entry: InventoryEntry = {
  model: 'fraud',
  registryName: 'fraud-scorer',
  alias: 'champion',
  serving: [
    {
      ...{ cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment', name: 'scorer' },
      ...{ container: 'server', role: 'only' },
    },
  ],
  service: 'ml/scorer-front',
  load: 'pinned-uri',
  replicas: 1,
  pipeline: 'nightly',
  datasets: ['warehouse/transactions'],
  datasetPointer: { namespace: 'ml', name: 'pointer', key: 'version' },
  owner: 'ada',
  onIsolation: null,
  source: 'file',
  confidence: 'high',
};

/** An incident that is about nothing that is known. */
const foreign = { id: 'inc_1', model: null, targets: null, suspect: null };

function effectOn(target: string, before: Json = { value: 1 }): HeldEffect {
  const [instance = '', ...rest] = target.split('/');
  const plan = { summary: 's', targets: [rest.join('/')], before, after: { value: 2 } };
  return {
    ...{ target, instance, use: `${instance}.x`, input: null },
    plan: { ...plan, token: null, undo: 'u' },
  };
}

function holdOn(scope: HoldScope, subject: string): LegalHold {
  const placed = { reason: 'asked', placedBy: 'lea', channel: 'cli', placedAt: NOW };
  return { id: 'lh_1', scope, subject, ...placed, releasedAt: null };
}

const NONE = { rows: [], inventory: [] };
const SCORER = 'kubernetes/Deployment/ml/scorer';

describe('a hold is on', () => {
  test.each<[HoldScope, string, string, Json, boolean]>([
    ['model', 'fraud', SCORER, null, true],
    ['model', 'fraud-scorer', SCORER, null, true],
    ['model', 'fraud', 'kubernetes/Deployment/ml/other', null, false],
    ['model', 'fraud', 'other-cluster/Deployment/ml/scorer', null, false],
    ['model', 'fraud', 'kubernetes/Service/ml/scorer-front', null, true],
    ['model', 'fraud', 'airflow/DagRun/-/nightly', null, true],
    ['model', 'fraud', 'airflow/DagRun/-/weekly', null, false],
    ['model', 'fraud', 'kubernetes/ConfigMap/ml/pointer', null, true],
    ['model', 'fraud', 'kubernetes/ConfigMap/other/pointer', null, false],
    ['model', 'unlisted', 'mlflow/Alias/unlisted/champion', null, true],
    ['namespace', 'ml', SCORER, null, true],
    ['namespace', 'ml', 'kubernetes/Deployment/ml2/scorer', null, false],
    ['dataset', 'warehouse/transactions', SCORER, null, true],
    ['dataset', 'warehouse/transactions', 'airflow/DagRun/-/nightly', null, true],
    ['dataset', 'warehouse', SCORER, null, false],
    ['artefact', 'fraud-scorer@7', 'mlflow/ModelVersion/fraud-scorer/7', null, true],
    ['artefact', 'fraud-scorer@7', 'mlflow/ModelVersion/fraud-scorer/70', null, false],
    ['artefact', DIGEST, SCORER, { image: { name: `registry/x@sha256:${DIGEST}` } }, true],
    ['artefact', DIGEST, SCORER, { image: 'registry/x@sha256:cd' }, false],
    ['incident', 'inc_1', SCORER, null, true],
    ['incident', 'inc_2', SCORER, null, false],
  ])('%s %s, for an effect on %s with %j: %p', (...[scope, subject, target, before, is]) => {
    const thing = heldThingOf(foreign, effectOn(target, before), [entry]);
    expect(holdsOn([holdOn(scope, subject)], thing).length > 0).toBe(is);
    const ended = { ...holdOn(scope, subject), releasedAt: NOW };
    expect(holdsOn([ended], thing)).toEqual([]);
  });

  test.each<[HoldScope, string, boolean]>([
    ['dataset', 'warehouse/t', true],
    ['dataset', 'warehouse/t@3', true],
    ['dataset', 'warehouse/t@4', false],
    ['model', 'm', true],
    ['namespace', 'ml', true],
    ['namespace', 'other', false],
    ['incident', 'inc_1', true],
  ])('%s %s, for an incident about it: %p', (scope, subject, is) => {
    const targets = { status: 'resolved', entry, candidates: [], steps: [] } as const;
    const about = { ...foreign, model: 'm', targets, suspect: 'dataset:warehouse/t@3' };
    expect(holdsOnIncident([holdOn(scope, subject)], about, NONE).length > 0).toBe(is);
  });
});

const loses: Destroys = { what: 'pods', when: (from, to) => Number(to) < Number(from) };

describe('what is destroyed', () => {
  test.each<[Destroys | undefined, 'apply' | 'undo', boolean]>([
    ['nothing', 'apply', false],
    [undefined, 'apply', true],
    [{ what: 'pods' }, 'undo', true],
    [{ what: 'pods', on: 'undo' }, 'apply', false],
    [{ what: 'pods', on: 'undo' }, 'undo', true],
    [loses, 'apply', true],
    [loses, 'undo', false],
  ])('by %j when it is %s: %p', (destroys, direction, is) => {
    expect(destroyedBy(destroys, { before: 2, after: 1 }, direction) !== null).toBe(is);
  });

  test('is forbidden while holds cannot be read, and only what destroys is', async () => {
    const state = await holdStateOf(Promise.reject(new AppError('too_large', 'Too many.')));
    const check = { incident: foreign, effect: effectOn(SCORER), inventory: [] };
    const way = { ...check, direction: 'apply' } as const;
    expect(legalObstacle(state, { ...way, destroys: { what: 'x' } })).toContain('cannot be read');
    expect(legalObstacle(state, { ...way, destroys: 'nothing' })).toBeNull();
    const away = Promise.reject(new AppError('unavailable', 'Away.'));
    await expect(holdStateOf(away)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('an approval is about the effects that it lists, each the way that it goes', () => {
  const row = { operation: 'drain', target: 't', round: 2, use: 'k.scale' };
  const plan = { ...row, action: 'k.scale' };
  expect(effectsOf([plan], [row])).toEqual([{ row, direction: 'apply' }]);
  const undo = { ...plan, operation: 'stand-down', action: 'undo of k.scale' };
  expect(effectsOf([undo], [row])).toEqual([{ row, direction: 'undo' }]);
  const keep = { ...plan, operation: 'keep-drain' };
  expect(effectsOf([keep], [row])).toEqual([{ row, direction: 'apply' }]);
  expect(
    effectsOf(
      [
        { ...plan, round: 1 },
        { ...plan, target: 'u' },
      ],
      [row],
    ),
  ).toEqual([]);
});

describe('a hold ends', () => {
  const now = Date.parse(NOW);
  const word = (person: string, roles: HoldRelease['roles'], ageMs = 0): HoldRelease => ({
    ...{ holdId: 'lh_1', person, roles, reason: 'over', channel: 'cli' },
    at: new Date(now - ageMs).toISOString(),
  });

  test.each<[string, readonly HoldRelease[], boolean]>([
    ['legal and a commander', [word('lea', ['legal']), word('max', ['commander'])], true],
    ['legal twice', [word('lea', ['legal']), word('liv', ['legal'])], false],
    ['one of both roles', [word('lou', ['legal', 'commander'])], false],
    ['the same one twice', [word('lou', ['legal']), word('lou', ['commander'])], false],
    ['an administrator', [word('lea', ['legal']), word('root', ['admin'])], false],
    [
      'words too far apart',
      [word('lea', ['legal'], RELEASE_WITHIN_MS), word('max', ['commander'])],
      false,
    ],
  ])('by %s: %p', (_name, words, ends) => {
    expect(isReleasedBy(words, now)).toBe(ends);
  });
});
