import { createServer, type Server } from 'node:http';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Configuration, SourceConfiguration } from '../../domain/configuration.ts';
import { verifyChain } from '../../evidence/chain.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { startLab } from '../../lab/lab.ts';
import { closersAfterEach } from '../closers.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime } from '../harness.ts';
import {
  approveUntil,
  attend,
  command,
  containmentsOf,
  openLaneOn,
  watch,
  type Lane,
} from './lane.ts';
import { worldState } from './world-state.ts';

// Goal: a drill runs the whole P2 on a sandbox and is stood down, while production, under the same names and with
// credentials of its own, is not asked once; a real alert on the same model meanwhile is its own, real incident.
// Method: the lab as the sandbox beside a production that counts whatever reaches it.
const TEST_MAX_MS = 300_000;
const [REHEARSAL, MONITOR] = ['token-of-the-rehearsal', 'token-of-the-monitor'];
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

/** All systems of production in one: it counts and answers nothing of use. */
interface Production {
  readonly url: string;
  requests(): number;
}

async function openProduction(): Promise<Production> {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port.toString()}`, requests: () => requests };
}

function sourceOf(name: string, token: string, drill: boolean): SourceConfiguration {
  const authentication = { kind: 'bearer', tokenSha256: [sha256Hex(token)] } as const;
  return { name, kind: 'alertmanager', authentication, mapping: null, ignoreLabels: [], drill };
}

/** The lab's configuration as a sandbox beside production: the same names, models and routes. */
function besideProduction(lab: Configuration, { url }: Production): Configuration {
  return {
    ...lab,
    instances: [
      ...lab.instances.map((one) => ({ ...one, name: `sandbox-${one.name}`, drill: true })),
      ...lab.instances.map(({ name, connector, holdSeconds }) => {
        const place = connector === 'kubernetes' ? { server: url } : { url };
        return { name, connector, holdSeconds, config: { ...place, token: `secret-${name}` } };
      }),
    ],
    inventory: lab.inventory.flatMap((entry) => [
      entry,
      {
        ...entry,
        serving: entry.serving.map((one) => ({ ...one, cluster: `sandbox-${one.cluster}` })),
      },
    ]),
    sources: [sourceOf('rehearsal', REHEARSAL, true), sourceOf('monitor', MONITOR, false)],
  };
}

const incidentSchema = z.object({
  incident: z.object({
    title: z.string(),
    drill: z.boolean(),
    route: z.string(),
    alertCount: z.number(),
    firstAlert: z.object({ labels: z.record(z.string(), z.string()) }),
  }),
});

const openedSchema = z.object({
  created: z.boolean(),
  incident: z.object({ id: z.string(), drill: z.boolean() }),
});

async function incidentOf({ owner }: Lane, id: string) {
  return (await owner.get(`/incidents/${id}`, incidentSchema)).incident;
}

/** The monitor of production says of production what the rehearsal said; answers the incident of its alert. */
async function raiseRealAlert(
  { firebreak }: Lane,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const startsAt = new Date().toISOString();
  const alerts = [{ status: 'firing', labels: { ...labels, drill: 'true' }, startsAt }];
  const response = await fetch(`${firebreak.url}/api/v1/alerts/alertmanager`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${MONITOR}` },
    body: JSON.stringify({ version: '4', alerts }),
  });
  const receipts = z.object({ alerts: z.tuple([z.object({ incidentId: z.string() })]) });
  return receipts.parse(await response.json()).alerts[0].incidentId;
}

describe('a drill', () => {
  test(
    'acts, looks and goes back on its sandbox alone',
    async () => {
      const production = await openProduction();
      const lane = await openLaneOn(await startLab('poisoned-data'), closers, {
        role: 'all',
        change: (places) => {
          const configuration = besideProduction(places.configuration, production);
          return Promise.resolve({ ...places, configuration });
        },
        token: REHEARSAL,
      });
      await makeOurBuildCurrent(lane.places);
      const before = await worldState(lane.lab);
      const asked = production.requests();
      expect(asked).toBeGreaterThan(0);

      await lane.world.raiseAlert();
      const { incident } = await attend(lane, (_, facts) =>
        facts.some(({ key }) => key === 'step/redeploy/ended'),
      );
      expect(await worldState(lane.lab)).not.toEqual(before);
      await command(lane, incident.id, 'cancel');
      const held = await watch(lane, ({ state }) => state === 'held');
      expect(held.incident.owner).not.toBeNull();
      const contained = await containmentsOf(lane, incident.id);
      expect(contained).toEqual(contained.map(() => 'verified'));
      await command(lane, incident.id, 'stand-down');
      const facts = await approveUntil(lane, incident.id, 'stand-down.done');
      expect(facts.find(({ kind }) => kind === 'stand-down.done')?.data).toEqual({
        failed: [expect.stringContaining('irreversible')],
      });
      expect(await worldState(lane.lab)).toEqual(before);
      expect(production.requests()).toBe(asked);

      const drill = await incidentOf(lane, incident.id);
      expect(drill).toMatchObject({ drill: true, title: expect.stringMatching(/^\[DRILL\] /u) });
      expect(facts[0]).toMatchObject({ kind: 'incident.opened', data: { drill: true } });
      expect(await verifyChain(facts)).toMatchObject({ verified: true });
      const body = { text: `it drifts model=${lane.lab.story.model}`, drill: true };
      const byHand = await lane.owner.send('POST', '/incidents', { body, schema: openedSchema });
      expect(byHand).toMatchObject({ created: true, incident: { drill: true } });
      expect(await reported(lane)).toBe(0);
      expect(production.requests()).toBe(asked);

      const real = await raiseRealAlert(lane, drill.firstAlert.labels);
      expect(real).not.toBe(incident.id);
      expect(await incidentOf(lane, real)).toMatchObject({ drill: false, route: drill.route });
      expect(await incidentOf(lane, incident.id)).toMatchObject({ alertCount: drill.alertCount });
      // What counts zero is not a counter that cannot count.
      await watch(lane, () => production.requests() > asked, real);
      expect(await reported(lane)).toBe(1);
    },
    TEST_MAX_MS,
  );
});

/** How many incidents the report on routes knows. */
async function reported({ owner }: Lane): Promise<number> {
  const schema = z.object({ items: z.array(z.object({ incidents: z.number() })) });
  const { items } = await owner.get('/routes/report', schema);
  return items.reduce((sum, { incidents }) => sum + incidents, 0);
}
