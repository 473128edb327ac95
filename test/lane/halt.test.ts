import { beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createDemoPerson } from '../../cli/demo-person.ts';
import type { Fact } from '../../domain/fact.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import { closersAfterEach } from '../closers.ts';
import { expectWholeLog } from '../crash/whole.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime } from '../harness.ts';
import { AGENT } from './changes.ts';
import { approveAll, command, openLane, watch, type Lane, type LaneIncident } from './lane.ts';

// Goal: from the moment that a halt is answered no effect reaches a system any more, wherever the run is and however
// many alerts come in; lifted and retried it goes on to its end. Method: one P2 incident on the lab. Each write of the
// run, as it arrives at its twin the first time, is kept waiting until everything is halted and what was on its way has
// arrived. When the incident is held, and held again when somebody tries, nothing more may have come. Then the halt is
// lifted, people retry, and the next write is struck.
const TEST_MAX_MS = 600_000;
/** So soon every effect is stopped. */
const EFFECTIVE_WITHIN_MS = 1_000;
const STORM_EVERY_MS = 200;
const STORM_ALERTS = 20;
/** P2 writes at least so often. */
const WRITES_MIN = 12;
const READS = ['GET', 'HEAD', 'OPTIONS'];
/** Requests that change nothing although their method could. */
const ASKS = ['/auth/token', '/list', 'selfsubject', '/search'];
/** Names that the systems and the incident make up. */
const MADE_UP = /(?<=-)[a-z0-9]{5,}(?=[/-]|$)|[0-9a-f]{20,}/gu;

const closers = closersAfterEach();
beforeAll(quietTemporalRuntime);

function isWrite({ agent, method, path }: FaultSubject): boolean {
  const asks = ASKS.some((part) => path.toLowerCase().includes(part));
  return agent === AGENT && !READS.includes(method) && !asks;
}

/** Halts everything at each write that was not struck yet; counts what arrives while it is halted. */
class Striker {
  readonly struck = new Set<string>();
  /** Every write that arrived, struck or on its way beside one that was. */
  readonly met = new Set<string>();
  readonly late: string[] = [];
  private readonly lane: Lane;
  private halted = false;
  private halting: Promise<void> | null = null;

  constructor(lane: Lane) {
    this.lane = lane;
    const { kubernetes, mlflow, airflow } = lane.lab;
    for (const { name, faults } of [kubernetes, mlflow, airflow]) {
      faults.add(
        { kind: 'delay', until: () => this.halting ?? Promise.resolve() },
        { matches: (subject) => this.meets(name, subject), times: Number.MAX_SAFE_INTEGER },
      );
    }
  }

  private meets(twin: string, subject: FaultSubject): boolean {
    if (!isWrite(subject)) return false;
    const write = `${twin} ${subject.method} ${subject.path.replaceAll(MADE_UP, '*')}`;
    if (this.halted) {
      this.late.push(write);
      return false;
    }
    this.met.add(write);
    // What was let through before the halt was written is on its way, and waits with the one that is struck.
    if (this.halting) return true;
    if (this.struck.has(write)) return false;
    this.struck.add(write);
    this.halting = this.halt(write);
    return true;
  }

  private async halt(write: string): Promise<void> {
    const body = { scope: 'all', reason: `at ${write}`.slice(0, 200) };
    await this.lane.owner.send('POST', '/halts', { body, schema: z.json() });
    // What was let through before may still be on its way; so long, and not longer.
    await sleep(EFFECTIVE_WITHIN_MS);
    this.halted = true;
    this.halting = null;
  }

  async lift(): Promise<void> {
    this.halted = false;
    const body = { scope: 'all', reason: 'looked at' };
    const { url, adminToken } = this.lane.firebreak;
    const administrator = createDemoPerson(url, adminToken ?? '');
    await administrator.send('POST', '/halts/resume', { body, schema: z.json() });
  }
}

/** Sends alerts about the model without a rest until it is stopped; answers how many were taken. */
function storm({ firebreak, lab }: Lane): () => Promise<number> {
  const token = firebreak.sources.find(({ name }) => name === 'generic')?.token ?? '';
  const stopped = new AbortController();
  const labels = { model: lab.story.model, dataset_version: lab.story.days.latest };
  const loop = async (): Promise<number> => {
    let taken = 0;
    const since = new Date().toISOString();
    for (let batch = 0; !stopped.signal.aborted; batch += 1) {
      // One more fires each time; the others fire on and are sent again.
      const alerts = Array.from({ length: STORM_ALERTS }, (_, index) => ({
        title: 'odd scores',
        startsAt: since,
        labels: { ...labels, pod: (batch + index).toString() },
      }));
      const { status } = await fetch(`${firebreak.url}/api/v1/alerts/generic/generic`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ alerts }),
      });
      expect(status).toBe(202);
      taken += alerts.length;
      await sleep(STORM_EVERY_MS);
    }
    return taken;
  };
  const running = loop();
  const stop = (): Promise<number> => {
    stopped.abort();
    return running;
  };
  closers.push(async () => {
    await stop();
  });
  return stop;
}

test(
  'halted at each write while alerts storm in: nothing arrives any more, and it goes on when people say so',
  async () => {
    const lane = await openLane(closers, 'all');
    await makeOurBuildCurrent(lane.places);
    const striker = new Striker(lane);
    await lane.world.raiseAlert();
    const { id } = (await watch(lane, ({ state }) => state !== 'pending')).incident;
    // The platform engineer is early: nobody has to wait for the patch.
    await lane.world.closeEntryPath();
    const calm = storm(lane);
    let held = 0;
    let triedAt = 0;
    for (;;) {
      const heldBefore = held;
      const isHeldAnew = (facts: readonly Fact[]): boolean =>
        facts.filter(({ kind }) => kind === 'incident.held').length > heldBefore;
      const hasStopped = async (now: LaneIncident, told: readonly Fact[]): Promise<boolean> => {
        await approveAll(lane, now.id);
        return now.phase === 'review' || (now.state === 'held' && isHeldAnew(told));
      };
      const { incident, facts } = await watch(lane, hasStopped, id);
      expect(striker.late).toEqual([]);
      if (incident.phase === 'review') {
        await expectWholeLog(facts);
        break;
      }
      held = facts.filter(({ kind }) => kind === 'incident.held').length;
      expect(incident.stateReason).toContain('halted everything');
      expect(incident.owner).not.toBeNull();
      // Tried again under the halt it is held again; then somebody lifts it.
      if (triedAt === striker.struck.size) await striker.lift();
      triedAt = striker.struck.size;
      await command(lane, id, 'retry');
    }
    expect(await calm()).toBeGreaterThan(STORM_ALERTS);
    expect(striker.met.size).toBeGreaterThan(WRITES_MIN);
  },
  TEST_MAX_MS,
);
