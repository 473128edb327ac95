// Goal: once a route acts and two people could approve, the rules change only when two people of two roles approved exactly
// that and its time has come. Method: the API's and a worker's process over one real database, with a clock of our own.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DEFAULT_CAPS } from '../../domain/cap.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { BOOTSTRAP_ADMIN } from '../../domain/rules.ts';
import { digestOf } from '../../evidence/digest.ts';
import type { InstalledRules } from './install.ts';
import {
  answer,
  deskOf,
  fileOf,
  HOUR_MS,
  modeIn,
  PEOPLE,
  person,
  route,
  useStage,
  type Desk,
} from './test-stage.ts';

const stage = useStage();

/** What each kind of change looks like, beside a route that asks or observes. */
const KINDS: readonly (readonly [
  string,
  Partial<Configuration>,
  readonly PinnedPlaybook[] | null,
])[] = [
  ['a person', { people: [...PEOPLE, person('eve', 'approver-security')] }, null],
  ['a role', { people: PEOPLE.with(3, person('rex', 'responder', 'admin')) }, null],
  ['a mode', { routes: [route('auto')] }, null],
  ['a route', { routes: [route('ask'), { ...route('observe'), name: 'other' }] }, null],
  ['a cap', { caps: { ...DEFAULT_CAPS, atOnce: { ...DEFAULT_CAPS.atOnce, targets: 9 } } }, null],
  ['the delay', { changeDelaySeconds: 60 }, null],
  ['the storm', { storm: { newIncidentsMax: 99, windowSeconds: 60 } }, null],
  [
    'the inventory',
    {
      inventory: [
        {
          ...{ model: 'm', registryName: 'm', alias: 'champion', serving: [], service: null },
          ...{ load: 'baked-image', replicas: 1, pipeline: null, datasets: [], owner: 'o' },
          ...{ datasetPointer: null, onIsolation: null, source: 'file', confidence: 'high' },
        },
      ],
    },
    null,
  ],
  ['a playbook', {}, []],
];

describe.each(KINDS)('%s', (_name, change, files) => {
  const changed = (): readonly PinnedPlaybook[] =>
    files === null
      ? stage.playbooks
      : stage.playbooks.map(({ playbook }) => {
          const other = { ...playbook, title: `${playbook.title}, changed` };
          return { playbook: other, digest: digestOf(other) };
        });

  test('while everything observes: at once, by one', async () => {
    const others = { ...change, routes: [route('observe')] };
    await stage.install('api', fileOf('observe'));
    const second = await stage.install('api', fileOf('observe', others), { files: changed() });
    // A route that begins to act is part of the set-up; what comes after it is not.
    const last =
      'routes' in change ? await stage.install('api', fileOf('observe', change)) : second;
    expect(deskOf(last).revision()).toMatchObject({ number: 2, ground: 'set-up' });
    expect(await deskOf(last).changes(null)).toEqual([]);
  });

  test('once a route acts: two people, and not before its time', async () => {
    await stage.install('api', fileOf('ask'));
    const api = await stage.install('api', fileOf('ask', change), { files: changed() });
    const worker = await stage.install('worker', fileOf('ask', change), { files: changed() });
    const desk = deskOf(api);
    expect(await desk.changes('open')).toHaveLength(1);
    expect([api.keeper.number(), worker.keeper.number()]).toEqual([1, 1]);
    await answer(desk, 'mona');
    await answer(desk, 'sam');
    expect(await worker.keeper.follow()).toBe(1);
    stage.clock += HOUR_MS - 1;
    await desk.round();
    expect(await worker.keeper.follow()).toBe(1);
    stage.clock += 1;
    await desk.round();
    expect(await worker.keeper.follow()).toBe(2);
    expect(desk.revision()).toMatchObject({ ground: 'approved', armed: true });
    expect(worker.live.configuration()).toMatchObject(change);
    expect(worker.live.playbooks()).toEqual(changed());
  });
});

describe('what only takes away', () => {
  test('is in force at once, and so is nothing that comes back', async () => {
    await stage.install('api', fileOf('auto'));
    const worker = await stage.install('worker', fileOf('auto'));
    const lowered = await stage.install('api', fileOf('observe'));
    expect(deskOf(lowered).revision()).toMatchObject({ ground: 'tightened', armed: true });
    expect(await modeIn(worker)).toBe('observe');
    // Everything observes, and still nobody gets around the others by way of it.
    const again = await stage.install('api', fileOf('auto'));
    expect([await modeIn(again), await modeIn(worker)]).toEqual(['observe', 'observe']);
    expect(await deskOf(again).changes('open')).toHaveLength(1);
  });

  test('takes a person out at once, also when an administrator does it by hand', async () => {
    const api = await stage.install('api', fileOf('ask'));
    const gone = { ...person('rex', 'responder'), active: false };
    expect(await deskOf(api).putPerson(gone, 'ada')).toBeNull();
    expect((await stage.stores.api.people.get('rex'))?.active).toBe(false);
    // The file still names him; that is a change as any other.
    const again = await stage.install('api', fileOf('ask'));
    expect((await stage.stores.api.people.get('rex'))?.active).toBe(false);
    const [change] = await deskOf(again).changes('open');
    expect(change?.differences).toEqual([
      { path: ['people', 'rex', 'active'], before: false, after: true },
    ]);
  });
});

describe('the set-up', () => {
  test('goes on while nobody could approve, and is over when two people could', async () => {
    const api = await stage.install('api', fileOf('auto', { people: [person('ada', 'admin')] }));
    const desk = deskOf(api);
    const add = (...[id, ...roles]: Parameters<typeof person>) =>
      desk.putPerson({ ...person(id, ...roles), active: true }, 'ada');
    expect(await add('mona', 'approver-model-owner')).toBeNull();
    expect(await add('sam', 'approver-security')).toBeNull();
    expect(desk.revision()).toMatchObject({ armed: true, ground: 'set-up', number: 3 });
    const change = await add('eve', 'approver-security');
    expect(change?.differences).toMatchObject([{ path: ['people', 'eve'], before: null }]);
    expect(await stage.stores.api.people.get('eve')).toBeNull();
  });

  test('keeps who was added by hand through another file, and takes out who left it', async () => {
    const api = await stage.install('api', fileOf('observe'));
    await deskOf(api).putPerson({ ...person('cy', 'viewer'), active: true }, 'ada');
    await stage.install('api', fileOf('observe', { people: PEOPLE.slice(1) }));
    const active = (await stage.stores.api.people.list()).filter((one) => one.active);
    expect(active.map(({ id }) => id)).toEqual(['ada', 'cy', 'rex', 'sam', 'sue']);
  });

  test('one identity at an issuer is one person’s, and can go to another', async () => {
    const identity = { issuer: 'https://id.example.com', subject: 'subject-1' };
    const desk = deskOf(await stage.install('api', fileOf('observe')));
    const put = (id: string, active = true) =>
      desk.putPerson({ ...person(id, 'viewer'), identity, active }, 'ada');
    expect(await put('cy')).toBeNull();
    await expect(put('dee')).rejects.toMatchObject({ code: 'conflict', field: 'identity' });
    const { people } = stage.stores.api;
    expect((await people.byIdentity(identity))?.id).toBe('cy');
    await put('cy', false);
    expect(await people.byIdentity(identity)).toBeNull();
    await put('dee');
    // The rows are written in this order: for a moment it is two people's.
    const moved = [...PEOPLE, { ...person('abe', 'viewer'), identity }, person('dee', 'viewer')];
    await stage.install('api', fileOf('observe', { people: moved }));
    expect((await people.byIdentity(identity))?.id).toBe('abe');
  });

  test('the bootstrap administrator is named by no rules', async () => {
    const desk = deskOf(await stage.install('api', fileOf('observe')));
    const put = desk.putPerson(
      { ...person(BOOTSTRAP_ADMIN, 'approver-security'), active: true },
      'x',
    );
    await expect(put).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('an answer', () => {
  let desk: Desk;
  let worker: InstalledRules;
  beforeEach(async () => {
    await stage.install('api', fileOf('ask'));
    worker = await stage.install('worker', fileOf('ask'));
    desk = deskOf(await stage.install('api', fileOf('auto')));
  });
  afterEach(async () => {
    stage.clock += HOUR_MS;
    await desk.round();
    expect(await modeIn(worker)).toBe('ask');
  });

  test.each<[string, () => Promise<void>, string]>([
    ['of one without the role', () => answer(desk, 'rex'), 'unauthorized'],
    ['of one whose token cannot', () => answer(desk, 'sam', { canApprove: false }), 'unauthorized'],
    [
      'of the bootstrap administrator',
      () => answer(desk, BOOTSTRAP_ADMIN, { roles: ['approver-security'] }),
      'unauthorized',
    ],
    [
      'of one whom no rules name',
      () => answer(desk, 'eve', { roles: ['approver-security'] }),
      'unauthorized',
    ],
    ['to other rules', () => answer(desk, 'sam', { digest: '0'.repeat(64) }), 'conflict'],
  ])('%s is refused', async (_name, say, code) => {
    await expect(say()).rejects.toMatchObject({ code });
    await answer(desk, 'mona');
  });

  test('counts once for each person, and two of one role are one role', async () => {
    await answer(desk, 'sam');
    await expect(answer(desk, 'sam')).rejects.toMatchObject({ code: 'conflict' });
    await answer(desk, 'sue');
  });

  test('of any responder stops it, also when it is approved', async () => {
    await answer(desk, 'mona');
    await answer(desk, 'sam');
    await answer(desk, 'rex', { verdict: 'reject' });
    expect(await desk.changes('rejected')).toMatchObject([
      { statusReason: 'rex rejected it: because', approvedBy: ['mona', 'sam'] },
    ]);
  });

  test('is worth nothing when other rules came into force', async () => {
    await answer(desk, 'mona');
    await answer(desk, 'sam');
    await desk.putPerson({ ...person('sue', 'approver-security'), active: false }, 'ada');
    await desk.round();
    expect((await desk.changes('void')).map(({ statusReason }) => statusReason)).toEqual([
      'other rules came into force meanwhile',
    ]);
  });
});

test('who asked and one other are two; who asked alone is not', async () => {
  const api = await stage.install('api', fileOf('ask'));
  const desk = deskOf(api);
  await desk.putPerson({ ...person('eve', 'viewer'), active: true }, 'mona');
  await answer(desk, 'mona');
  stage.clock += HOUR_MS;
  await desk.round();
  expect(await stage.stores.api.people.get('eve')).toBeNull();
  await answer(desk, 'sam');
  expect(await stage.stores.api.people.get('eve')).toMatchObject({ active: true });
});

test('people are told once of what is asked, and of what became of it', async () => {
  await stage.install('api', fileOf('ask'));
  const desk = deskOf(await stage.install('api', fileOf('auto')));
  await stage.install('api', fileOf('auto'));
  const [change] = await desk.changes('open');
  await answer(desk, 'mona');
  await answer(desk, 'sam');
  stage.clock += HOUR_MS;
  await desk.round();
  await desk.round();
  const leased = await stage.stores.worker.outbox.lease(10, 60_000);
  const ids = leased.flatMap(({ work }) => (work.kind === 'send-message' ? [work.messageId] : []));
  const messages = await Promise.all(ids.map((id) => stage.stores.worker.messages.get(id)));
  expect(messages.map((one) => one?.purpose)).toEqual([
    `rules/${change?.id ?? ''}/proposed`,
    `rules/${change?.id ?? ''}/in-force`,
  ]);
  expect(messages[0]?.text).toContain('routes.drift.mode: "ask" → "auto"');
});

test('two people change places in Slack, and a member is free for whoever comes after somebody left', async () => {
  const inSlack = (id: string, member: string): Configuration['people'][number] => ({
    ...person(id, 'responder'),
    slackUser: `T1/${member}`,
  });
  const memberOf = async (member: string): Promise<string | undefined> =>
    (await stage.stores.api.people.bySlackUser(`T1/${member}`))?.id;
  const install = (...people: Configuration['people']) =>
    stage.install('api', fileOf('observe', { people }));
  await install(inSlack('mona', 'U1'), inSlack('sam', 'U2'));
  await install(inSlack('mona', 'U2'), inSlack('sam', 'U1'));
  expect([await memberOf('U1'), await memberOf('U2')]).toEqual(['sam', 'mona']);
  await install(inSlack('mona', 'U2'), inSlack('sue', 'U1'));
  expect(await memberOf('U1')).toBe('sue');
  expect(await stage.stores.api.people.get('sam')).toMatchObject({
    active: false,
    slackUser: null,
  });
});
