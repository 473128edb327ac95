import { afterEach, describe, expect, test } from '@jest/globals';
import { problem } from './fake-server.ts';
import { cleanUp, run, serve } from './test-run.ts';

// Goal: stopping the engine takes one line that says what was stopped and how to go on. Method: the whole program in
// this process, against a server of canned answers.

afterEach(cleanUp);

const HALT = {
  id: 'hlt_1',
  scope: 'model',
  subject: 'fraud-scorer',
  reason: 'it goes wild',
  haltedBy: 'ada',
  channel: 'cli',
  haltedAt: '2026-11-23T10:00:00.000Z',
  resumedBy: null,
  resumedReason: null,
  resumedAt: null,
};
const WHY = ['--reason', 'it goes wild'];

describe('firebreak halt', () => {
  test.each([
    ['nothing', [...WHY]],
    ['two scopes', ['--all', '--model', 'm', ...WHY]],
    ['no reason', ['--all']],
  ])('with %s is a mistake that stops nothing', async (...[, args]) => {
    const { url, seen } = await serve({});
    const result = await run(['halt', ...args], { url });
    expect(result.code).toBe(2);
    expect(seen).toEqual([]);
  });

  test('says what is halted and the exact command that lifts it', async () => {
    const reply = { status: 201, body: { halt: HALT, created: true, known: true } };
    const { url, seen } = await serve({ 'POST /api/v1/halts': reply });
    const { code, out } = await run(['halt', '--model', 'fraud-scorer', ...WHY], { url });
    expect(code).toBe(0);
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
      scope: 'model',
      subject: 'fraud-scorer',
      reason: 'it goes wild',
    });
    expect(out).toContain('model fraud-scorer: halted by ada');
    expect(out).toContain('To go on: firebreak resume --model fraud-scorer --reason "WHY"');
    expect(out).not.toContain('stops nothing yet');
  });

  test('warns when nothing has the name, and when it was halted before', async () => {
    const reply = { status: 200, body: { halt: HALT, created: false, known: false } };
    const { url } = await serve({ 'POST /api/v1/halts': reply });
    const { code, out } = await run(['halt', '--model', 'fraud-scorer', ...WHY], { url });
    expect(code).toBe(0);
    expect(out).toContain('It was halted already.');
    expect(out).toContain('this stops nothing yet. --all stops everything.');
  });

  test('--direct without a database says how to stop an embedded installation', async () => {
    const { code, err } = await run(['halt', '--all', ...WHY, '--direct']);
    expect(code).toBe(2);
    expect(err).toMatch(/echo WHY > \S+HALT/u);
  });

  test('list shows what is in force, with its command and the file', async () => {
    const lifted = { ...HALT, resumedBy: 'g', resumedReason: 'r', resumedAt: HALT.haltedAt };
    const items = [HALT, { ...lifted, id: 'hlt_0', subject: 'old' }];
    const reply = { status: 200, body: { items, next: null, file: 'by hand' } };
    const { url } = await serve({ 'GET /api/v1/halts': reply });
    const { out } = await run(['halt', 'list'], { url });
    expect(out).toContain('The HALT file is there: by hand');
    expect(out).toContain('firebreak resume --model fraud-scorer');
    expect(out).not.toContain('old');
  });
});

describe('firebreak resume', () => {
  test('names what goes on when somebody retries it', async () => {
    const held = [{ id: 'inc_1', title: 'odd', cli: 'firebreak incident retry inc_1' }];
    const reply = { status: 200, body: { halt: HALT, held } };
    const { url } = await serve({ 'POST /api/v1/halts/resume': reply });
    const { code, out } = await run(['resume', '--all', '--reason', 'mended'], { url });
    expect(code).toBe(0);
    expect(out).toContain('firebreak incident retry inc_1');
  });

  test('is refused to who may not', async () => {
    const reply = problem(403, 'unauthorized', 'Your roles do not allow this.');
    const { url } = await serve({ 'POST /api/v1/halts/resume': reply });
    expect((await run(['resume', '--all', '--reason', 'r'], { url })).code).toBe(3);
  });
});
