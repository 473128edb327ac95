// Goal: a storm opens a set number of incidents and one that collects the rest, loses nothing, and does not swallow an
// attack of another kind. Method: the real tables as the API's role, in one and in many batches at once.
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { NEW_INCIDENT, deliveryOf, routedAlert } from './test-delivery.ts';
import type { AlertWish } from './test-delivery.ts';
import { useStores } from './test-store.ts';

const stores = useStores();
const AT = '2026-11-23T10:00:05.000Z';

/** An alert about one of many models, of a kind of its own test. */
function about(kind: string, model: string, wish: AlertWish = {}) {
  const one = routedAlert({
    name: `${kind}-${model}`,
    incidentKey: `${kind}/${model}`,
    storm: {
      key: `storm/${kind}`,
      newIncidentsMax: 3,
      windowSeconds: 300,
      incident: { ...NEW_INCIDENT, title: `Storm of ${kind}`, model: null, mode: 'observe' },
    },
    ...wish,
  });
  if (one.kind !== 'alert' || one.routing === null) throw new Error('not an alert');
  const { routing } = one;
  return { ...one, routing: { ...routing, incident: { ...routing.incident, model } } };
}

async function accept(
  alerts: readonly ReturnType<typeof about>[],
  receivedAt = AT,
): Promise<readonly string[]> {
  const [receipts = []] = await stores.api().alerts.accept([deliveryOf(alerts, receivedAt)]);
  return receipts.map(({ incidentId }) => incidentId ?? 'none');
}

const MODELS = Array.from({ length: 12 }, (_, index) => `model-${index.toString()}`);

async function titlesOf(ids: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all([...new Set(ids)].map((id) => stores.api().incidents.get(id)));
  return found.map((incident) => incident?.title ?? '');
}

async function stormOf(kind: string): Promise<string> {
  const rows = await stores.sql('select id from firebreak.incident where incident_key = $1', [
    `storm/${kind}`,
  ]);
  return z.tuple([z.object({ id: z.string() })]).parse(rows)[0].id;
}

describe('a storm', () => {
  test('opens so many incidents, then one that lists the other suspects', async () => {
    const ids = await accept(MODELS.map((model) => about('first', model)));
    expect(new Set(ids).size).toBe(4);
    const storm = await stormOf('first');
    expect(ids.slice(3)).toEqual(MODELS.slice(3).map(() => storm));
    expect(await titlesOf(ids)).toContain('Storm of first');
    const suspects = await stores.api().incidents.suspects(storm, 100);
    expect(suspects.map(({ model, alertCount }) => [model, alertCount])).toEqual(
      MODELS.slice(3).map((model) => [model, 1]),
    );
    const facts = await stores.api().facts.page(storm, 0, 100);
    expect(facts.filter(({ kind }) => kind === 'storm.collected')).toHaveLength(9);
    expect(await stores.chainLength(storm)).toBe(facts.length);
    expect((await stores.api().incidents.get(storm))?.alertCount).toBe(9);
  });

  test('is counted to the last one when batches race', async () => {
    const many = await Promise.all(MODELS.map((model) => accept([about('race', model)])));
    const storm = await stormOf('race');
    const ids = many.flat();
    expect(ids.filter((id) => id !== storm)).toHaveLength(3);
    expect(ids.filter((id) => id === storm)).toHaveLength(9);
    expect(await stores.api().incidents.suspects(storm, 100)).toHaveLength(9);
  });

  test('keeps what it collected: later starts and ends, also when it is over', async () => {
    await accept(MODELS.map((model) => about('keeps', model)));
    const storm = await stormOf('keeps');
    const later = '2026-11-23T10:30:00.000Z';
    const again = about('keeps', 'model-11', { startsAt: '2026-11-23T10:29:00.000Z' });
    const ended = about('keeps', 'model-10', { status: 'resolved' });
    expect(await accept([again, ended, about('keeps', 'fresh')], later)).toEqual([
      storm,
      storm,
      expect.not.stringMatching(storm),
    ]);
    const last = (await stores.api().incidents.suspects(storm, 100)).at(-1);
    expect(last).toMatchObject({ model: 'model-11', alertCount: 2, lastAt: later });
    const kinds = (await stores.api().facts.page(storm, 0, 100)).map(({ kind }) => kind);
    expect(kinds).toContain('alert.flapped');
    expect(kinds).toContain('alert.resolved');
  });

  test('does not swallow an attack of another kind', async () => {
    await accept(MODELS.map((model) => about('noise', model)));
    const [attack = ''] = await accept([about('attack', 'model-11')]);
    expect(attack).not.toBe(await stormOf('noise'));
    expect((await stores.api().incidents.get(attack))?.model).toBe('model-11');
  });

  test('does not take what comes back within its window for new', async () => {
    const [known = ''] = await accept([about('back', 'model-0')]);
    await stores.worker().alerts.drain(known);
    await stores.worker().transaction(async (tables) => {
      expect(await tables.incidents.stopAccepting(known)).toBe('ok');
      await tables.incidents.change(known, { state: 'closed', phase: 'closed', closedAt: AT });
    });
    await accept(MODELS.slice(1).map((model) => about('back', model)));
    const returned = about('back', 'model-0', { startsAt: '2026-11-23T10:01:00.000Z' });
    expect(await accept([returned], '2026-11-23T10:01:05.000Z')).toEqual([known]);
  });

  test('alerts on a held target stay consequences', async () => {
    const [holder = ''] = await accept([about('held', 'model-0')]);
    const targets = ['cluster/Deployment/ml/model-5'];
    await stores.worker().claims.take({ incidentId: holder, targets, mode: 'shared' });
    await accept(MODELS.map((model) => about('held', model)).slice(0, 5));
    const consequence = about('held', 'model-5', {
      claimTargets: targets,
    });
    expect(await accept([consequence])).toEqual([holder]);
  });
});
