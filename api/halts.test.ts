import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ROLES } from '../domain/approval.ts';
import { haltSchema } from './schema/halt.ts';
import { problemSchema } from './schema/problem.ts';
import { as, createTestApi, INCIDENT } from './test-api.ts';
import { addLimited, TEAMS } from './test-teams.ts';

// Goal: any responder halts, only commanders and administrators lift, and everybody who looks sees what is halted and
// how to let it go on. Method: requests injected into the server over a store in memory.

let file: string | null = null;
let given: ReturnType<typeof createTestApi>;
beforeEach(() => {
  file = null;
  given = createTestApi({
    haltFile: () => Promise.resolve(file),
    knows: ({ subject }) => subject !== 'nobody-knows',
  });
});
afterEach(() => given.app.close());

const ALL = { scope: 'all', reason: 'it goes wild' };
const MODEL = { scope: 'model', subject: 'fraud-scorer', reason: 'it goes wild' };

const post = (path: string, person: string, payload: object) =>
  given.app.inject({ method: 'POST', url: `/api/v1${path}`, headers: as(person), payload });
const get = (path: string, person = 'viewer') =>
  given.app.inject({ url: `/api/v1${path}`, headers: as(person) });

describe('halts', () => {
  test.each(ROLES.map((role) => [role]))('%s may do what the role allows', async (role) => {
    const halting = (await post('/halts', role, ALL)).statusCode;
    const looksOnly = role === 'viewer' || role === 'legal';
    expect(halting).toBe(looksOnly ? 403 : 201);
    if (looksOnly) await post('/halts', 'responder', ALL);
    const lifting = (await post('/halts/resume', role, ALL)).statusCode;
    expect(lifting).toBe(role === 'commander' || role === 'admin' ? 200 : 403);
    expect((await get('/halts', role)).statusCode).toBe(200);
  });

  test('name who halted, through which door; a second one leaves the first as it was', async () => {
    const first = await post('/halts', 'responder', MODEL);
    const begun = z.object({ halt: haltSchema, created: z.boolean() }).parse(first.json());
    expect(begun.halt).toMatchObject({ ...MODEL, haltedBy: 'responder', channel: 'api' });
    const second = await post('/halts', 'admin', { ...MODEL, reason: 'another' });
    expect(second.statusCode).toBe(200);
    expect(second.json()).toMatchObject({ halt: begun.halt, created: false });
  });

  test('of a name that nothing has are told so', async () => {
    const unknown = { ...MODEL, subject: 'nobody-knows' };
    expect((await post('/halts', 'responder', unknown)).json()).toMatchObject({ known: false });
    expect((await post('/halts', 'responder', MODEL)).json()).toMatchObject({ known: true });
  });

  test.each([
    ['a subject for all', { ...ALL, subject: 'x' }],
    ['no subject for a model', { scope: 'model', reason: 'r' }],
    ['an empty reason', { ...ALL, reason: '  ' }],
    ['an unknown scope', { ...ALL, scope: 'everything' }],
    ['a line break in a name', { ...MODEL, subject: 'a\nb' }],
  ])('with %s are refused', async (...[, body]) => {
    expect((await post('/halts', 'responder', body)).statusCode).toBe(400);
    expect(given.memory.halts).toEqual([]);
  });

  test('that nobody began cannot be lifted', async () => {
    const reply = await post('/halts/resume', 'admin', MODEL);
    expect(reply.statusCode).toBe(404);
    expect(problemSchema.parse(reply.json()).detail).toContain('model fraud-scorer');
  });

  test('are shown with each incident that they are about, and lifting names what then waits for a retry', async () => {
    given.memory.incidents.set('inc_1', { ...INCIDENT, state: 'held' });
    given.memory.incidents.set('inc_2', { ...INCIDENT, id: 'inc_2', model: 'm', state: 'held' });
    await post('/halts', 'responder', MODEL);
    const shown = z.object({
      halts: z.array(haltSchema),
      now: z.array(z.object({ command: z.string(), cli: z.string() })),
    });
    const mine = shown.parse((await get('/incidents/inc_1')).json());
    expect(mine.halts).toHaveLength(1);
    expect(mine.now).toContainEqual(
      expect.objectContaining({
        command: 'resume-halt',
        cli: 'firebreak resume --model fraud-scorer --reason "WHY"',
      }),
    );
    expect(shown.parse((await get('/incidents/inc_2')).json()).halts).toEqual([]);
    const lifted = await post('/halts/resume', 'commander', MODEL);
    expect(lifted.json()).toMatchObject({
      halt: { resumedBy: 'commander' },
      held: [{ id: 'inc_1', cli: 'firebreak incident retry inc_1' }],
    });
  });

  test('list the HALT file as well', async () => {
    expect((await get('/halts')).json()).toEqual({ items: [], next: null, file: null });
    file = 'by hand';
    expect((await get('/halts')).json()).toEqual({ items: [], next: null, file: 'by hand' });
  });
});

describe('people whose roles are limited to one object', () => {
  beforeEach(async () => {
    await given.app.close();
    given = createTestApi({
      knows: ({ subject }) => subject !== 'nobody-knows',
      holding: { destroys: () => 'nothing', inventory: () => TEAMS, written: () => TEAMS },
    });
    addLimited(given.memory, 'fred', { on: 'team', name: 'fraud' });
    addLimited(given.memory, 'nina', { on: 'namespace', name: 'ml', roles: ['responder'] });
    addLimited(given.memory, 'vera', { on: 'team', name: 'fraud', roles: ['viewer'] });
  });

  const halt = (scope: string, subject?: string) => ({ scope, subject, reason: 'it goes wild' });

  test.each([
    ['fred', halt('all'), 201],
    ['fred', halt('model', 'fraud-scorer'), 201],
    ['fred', halt('namespace', 'ml'), 201],
    ['nina', halt('namespace', 'ml'), 201],
    ['nina', halt('model', 'fraud-scorer'), 201],
    ['fred', halt('model', 'pricing'), 403],
    ['fred', halt('namespace', 'shop'), 403],
    ['fred', halt('model', 'nobody-knows'), 403],
    ['fred', halt('namespace', 'nobody-knows'), 403],
    ['fred', halt('connector', 'kubernetes'), 403],
    ['fred', halt('playbook', 'model-drift'), 403],
    ['vera', halt('model', 'fraud-scorer'), 403],
    ['vera', halt('all'), 403],
    ['responder', halt('connector', 'kubernetes'), 201],
  ])('%s may halt what is theirs, and everything: %j', async (person, wanted, code) => {
    expect((await post('/halts', person, wanted)).statusCode).toBe(code);
    expect(given.memory.halts).toHaveLength(code === 201 ? 1 : 0);
  });

  test('learn nothing of what is halted elsewhere, by the list or by trying', async () => {
    for (const wanted of [
      ...[halt('all'), halt('connector', 'kubernetes'), halt('playbook', 'model-drift')],
      ...[halt('model', 'pricing'), halt('model', 'fraud-scorer')],
      ...[halt('namespace', 'shop'), halt('namespace', 'ml')],
    ]) {
      expect((await post('/halts', 'responder', wanted)).statusCode).toBe(201);
    }
    const seen = async (person: string): Promise<readonly string[]> => {
      const { items } = z
        .object({ items: z.array(haltSchema), next: z.null() })
        .parse((await get('/halts', person)).json());
      return items.map(({ scope, subject }) => `${scope} ${subject ?? ''}`.trim()).toSorted();
    };
    const theirs = ['all', 'connector kubernetes', 'playbook model-drift'];
    const own = [...theirs, 'model fraud-scorer', 'namespace ml'].toSorted();
    for (const person of ['fred', 'nina', 'vera']) expect(await seen(person)).toEqual(own);
    expect(await seen('viewer')).toHaveLength(7);
    const words = async (wanted: object) => {
      const reply = problemSchema.parse((await post('/halts', 'fred', wanted)).json());
      return [reply.status, reply.detail];
    };
    expect(await words(halt('model', 'pricing'))).toEqual(await words(halt('model', 'nothing')));
  });
});
