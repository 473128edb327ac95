// Goal: three processes, each with one credential and nothing else, contain and revert; without the one that isolates, the
// incident is held loudly and nothing is touched. Method: the whole P2 playbook on the lab, whose systems know three tokens: the
// cluster lets each do what its generated manifest grants, the others refuse what is not the token's business.
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { rbacManifests } from '../../app/draft-rbac.ts';
import { checkTemporal } from '../../app/check-servers.ts';
import { readConfig } from '../../app/config.ts';
import { startFirebreak } from '../../app/firebreak.ts';
import { connectorModules } from '../../connectors/registry.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { CREDENTIALS, type Credential } from '../../domain/credential.ts';
import { isJsonObject } from '../../domain/json.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import type { Twin } from '../../lab/twin.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { closersAfterEach } from '../closers.ts';
import { grantedIn } from '../contract/granted.ts';
import { bundleOf, settingsOf, type Places } from '../crash/settings.ts';
import { makeOurBuildCurrent } from '../crash/worker.ts';
import { quietTemporalRuntime, temporalAddress } from '../harness.ts';
import { AGENT, changesOf } from './changes.ts';
import { attend, command, openLaneOn, watch } from './lane.ts';

const TEST_MAX_MS = 180_000;
const START_WITHIN_MS = 2_000;
const LAB = 'lab';
const REFUSED = { status: 403, body: { message: 'refused', error_code: 'PERMISSION_DENIED' } };
const closers = closersAfterEach();

beforeAll(quietTemporalRuntime);

const tokenOf = (credential: Credential): string => `token-of-${credential}`;

/** The same systems, reached with one token. */
function withToken(configuration: Configuration, credential: Credential): Configuration {
  const token = tokenOf(credential);
  const instances = configuration.instances.map((instance) => ({
    ...instance,
    config: isJsonObject(instance.config) ? { ...instance.config, token } : instance.config,
  }));
  return { ...configuration, instances };
}

/** What each credential used at the cluster, where it has the rights of its manifests alone. */
async function startGuardedLab(): Promise<{
  readonly lab: Lab;
  readonly granted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly used: ReadonlyMap<string, ReadonlySet<string>>;
}> {
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const pinned = await loadPlaybooks(join(import.meta.dirname, '../../playbooks'), manifests);
  const files = rbacManifests(
    null,
    pinned.map(({ playbook }) => playbook),
  );
  const observes = grantedIn(null, files.observe);
  const granted = new Map<string, ReadonlySet<string>>([
    ['read', new Set(observes)],
    ['isolate', new Set([...observes, ...grantedIn(null, files.isolate)])],
    ['revert', new Set([...observes, ...grantedIn(null, files.revert)])],
  ]);
  const used = new Map<string, Set<string>>(
    CREDENTIALS.map((credential) => [credential, new Set()]),
  );
  const lab = await startLab('poisoned-data', new Date(), {
    // Who brings no token is the lab itself.
    tokens: {
      '': LAB,
      [tokenOf('read')]: 'read',
      [tokenOf('isolate')]: 'isolate',
      [tokenOf('revert')]: 'revert',
    },
    isAllowed: ({ user, group, resource, verb }) => {
      if (user === LAB) return true;
      const right = `${group}/${resource}: ${verb}`;
      used.get(user)?.add(right);
      return granted.get(user)?.has(right) === true;
    },
  });
  return { lab, granted, used };
}

const WRITES: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);

/** What of a request only one credential may send. */
type Only = readonly (readonly [string, Credential])[];

/** The other systems refuse unknown tokens, writes of who only reads, and what only the other one changes there. */
function guardOthers(lab: Lab): readonly string[] {
  const writes: string[] = [];
  const refuses =
    (only: Only) =>
    (subject: FaultSubject): boolean => {
      const { agent, method, path, authorization } = subject;
      if (agent !== AGENT) return false;
      const credential = CREDENTIALS.find((one) => authorization === `Bearer ${tokenOf(one)}`);
      if (credential === undefined) return true;
      if (!WRITES.has(method) || path.endsWith('/search')) return false;
      writes.push(`${credential} ${method} ${path}`);
      if (credential === 'read') return true;
      const owner = only.find(([what]) => `${method} ${path}`.includes(what))?.[1];
      return owner !== undefined && owner !== credential;
    };
  const guarded: readonly { readonly twin: Twin; readonly only: Only }[] = [
    { twin: lab.mlflow, only: [['set-tag', 'isolate']] },
    {
      twin: lab.airflow,
      only: [
        ['PATCH', 'isolate'],
        ['POST', 'revert'],
      ],
    },
    { twin: lab.prometheus, only: [] },
    { twin: lab.loki, only: [] },
  ];
  for (const { twin, only } of guarded) {
    twin.faults.add(
      { kind: 'reply', reply: REFUSED },
      { times: Number.MAX_SAFE_INTEGER, matches: refuses(only) },
    );
  }
  return writes;
}

/** What the doctor says of the processes. */
async function doctorSays({ taskQueue }: Places): Promise<readonly string[]> {
  const environment = { TEMPORAL_ADDRESS: temporalAddress(), TEMPORAL_TASK_QUEUE: taskQueue };
  const checks = await checkTemporal(readConfig({ environment }), environment);
  return checks.filter(({ ok }) => !ok).map(({ detail, fix }) => `${detail} ${fix ?? ''}`);
}

test(
  'three processes with three credentials contain and revert; without one nothing happens, and that is told',
  async () => {
    const { lab, granted, used } = await startGuardedLab();
    const writes = guardOthers(lab);
    const lane = await openLaneOn(lab, closers, {
      role: 'all',
      change: (places) =>
        Promise.resolve({
          ...places,
          configuration: withToken(places.configuration, 'read'),
          credentials: ['read'],
          startWithinMs: START_WITHIN_MS,
        }),
    });
    const startOther = async (credential: Credential): Promise<void> => {
      const configuration = withToken(lane.places.configuration, credential);
      const places: Places = { ...lane.places, configuration, credentials: [credential] };
      const bundle = await bundleOf(places);
      const other = await startFirebreak({ ...settingsOf(places, 'worker'), bundle });
      closers.push(() => other.stop());
    };
    await startOther('revert');
    await makeOurBuildCurrent(lane.places);

    await lane.world.raiseAlert();
    const held = await watch(lane, ({ state }) => state === 'held');
    expect(held.incident.stateReason).toContain("No process with the credential 'isolate'");
    expect(held.incident.owner).not.toBeNull();
    expect(changesOf(lab)).toEqual([]);
    expect(await doctorSays(lane.places)).toEqual([
      expect.stringContaining("No process serves 'isolate'"),
    ]);

    await startOther('isolate');
    expect(await doctorSays(lane.places)).toEqual([]);
    await command(lane, held.incident.id, 'retry');
    await watch(lane, ({ state }) => state === 'open');
    const { facts } = await attend(lane, (_, told) =>
      told.some(({ key }) => key === 'step/revert/ended'),
    );
    expect(facts.map(({ kind }) => kind)).toContain('containment.verified');
    expect(facts.find(({ key }) => key === 'step/revert/ended')?.data).toEqual({
      outcome: 'succeeded',
    });
    for (const credential of CREDENTIALS) {
      const rights = [...(used.get(credential) ?? [])];
      expect(rights.filter((right) => granted.get(credential)?.has(right) !== true)).toEqual([]);
      const changes = rights.filter((right) => !granted.get('read')?.has(right));
      expect(changes.length > 0).toBe(credential !== 'read');
    }
    // The alias is held and released by the one, moved by the other; nobody was refused.
    expect(new Set(writes.map((write) => write.split(' ')[0]))).toEqual(
      new Set(['isolate', 'revert']),
    );
    expect(facts.filter(({ kind }) => kind === 'operation.refused')).toEqual([]);
  },
  TEST_MAX_MS,
);
