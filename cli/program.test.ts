import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { problem } from './fake-server.ts';
import { cleanUp, decision, INCIDENT, NOW, run, serve } from './test-run.ts';

// Goal: every command says the same thing to machines on standard output, to people on standard error, and ends with
// the stable exit codes. Method: the whole program in this process, against a server of canned answers.

afterEach(cleanUp);

describe('usage', () => {
  test.each([
    ['--help', ['--help'], 0],
    ['--version', ['--version'], 0],
    ['help of a group', ['incident', '--help'], 0],
    ['help of a command', ['incident', 'close', '--help'], 0],
    ['an unknown command', ['nonsense'], 2],
    ['an unknown option', ['incident', 'list', '--nonsense'], 2],
    ['a missing argument', ['incident', 'show'], 2],
    ['a missing option', ['incident', 'pause', 'inc_1'], 2],
    ['too many arguments', ['incident', 'show', 'a', 'b'], 2],
    ['a limit that is no number', ['incident', 'list', '--limit', 'many'], 2],
    ['an unknown severity', ['incident', 'severity', 'i', 'bad', '--reason', 'r'], 2],
    ['an unknown role', ['start', '--role', 'king'], 2],
    ['an unknown credential', ['start', '--credential', 'all'], 2],
    ['a credential of an API', ['start', '--role', 'api', '--credential', 'read'], 2],
    ['secrets in print', ['config', 'print'], 2],
    ['approval without a digest', ['approval', 'approve', 'apr_1'], 2],
    ['an alert of nothing', ['alert', 'send', '--source-token', 't'], 2],
    ['a file that is not there', ['playbook', 'validate', '/nothing.yaml'], 2],
  ])('%s ends with %s', async (_name, args, code) => {
    const result = await run(args);
    expect(result.code).toBe(code);
    expect(result.err).not.toContain('    at ');
    if (code !== 0) expect(result.err).toContain('error: ');
  });

  test('an error with --json is one document on standard output, with the fix', async () => {
    const { code, out } = await run(['incident', 'list', '--json']);
    expect(code).toBe(4);
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({ error: { code: 'unavailable' } });
    expect(out).toContain('firebreak start');
  });

  test('--debug shows where it came from, nothing else does', async () => {
    expect((await run(['incident', 'list'])).err).not.toContain('    at ');
    expect((await run(['incident', 'list', '--debug'])).err).toContain('caused by');
  });
});

describe('a drill', () => {
  test.each([
    ['is asked for by its option', ['--drill'], true],
    ['is not asked for by words', ['drill'], undefined],
  ])('%s', async (_, words, drill) => {
    const body = { incident: INCIDENT, created: true };
    const { url, seen } = await serve({ 'POST /api/v1/incidents': { status: 201, body } });
    const args = ['incident', 'open', 'scores', 'are', 'odd', ...words];
    expect((await run(args, { url })).code).toBe(0);
    const sent = z.object({ text: z.string(), drill: z.boolean().optional() });
    expect(sent.parse(JSON.parse(seen[0]?.body ?? '')).drill).toBe(drill);
  });
});

describe('exit codes of what the server says', () => {
  test.each([
    [400, 'invalid', 2],
    [401, 'unauthorized', 3],
    [403, 'refused', 3],
    [404, 'not_found', 1],
    [409, 'conflict', 3],
    [503, 'unavailable', 4],
    [500, 'internal', 1],
  ])('%i %s is %i', async (status, code, exit) => {
    const { url } = await serve({ 'GET /api/v1/incidents/inc_1': problem(status, code, 'So.') });
    const result = await run(['incident', 'show', 'inc_1'], { url });
    expect(result.code).toBe(exit);
    expect(result.err).toContain('req-1');
  });

  test('a server that is not Firebreak is told so', async () => {
    const { url } = await serve({
      'GET /api/v1/incidents': { status: 200, body: '<html>hello</html>' },
    });
    const result = await run(['incident', 'list'], { url });
    expect(result.code).toBe(1);
    expect(result.err).toContain('version');
  });

  test('Ctrl-C is 130', async () => {
    const { url } = await serve({});
    const interrupted = AbortSignal.abort();
    expect((await run(['incident', 'list'], { url, change: { interrupted } })).code).toBe(130);
  });
});

describe('incidents', () => {
  test('a list is a table for people and the reply for machines; hostile text is inert', async () => {
    const body = { items: [INCIDENT], next: null };
    const { url, seen } = await serve({ 'GET /api/v1/incidents': { status: 200, body } });
    const people = await run(['incident', 'list', '--state', 'open,held'], { url });
    expect(people.out).toContain('inc_1');
    expect(people.out).not.toContain('\u001b');
    expect(people.out).not.toContain('\u202e');
    expect(seen[0]?.path).toContain('state=open%2Cheld');
    expect(seen[0]?.headers.authorization).toBe('Bearer fb_me');
    const machines = await run(['--json', 'incident', 'list'], { url });
    expect(JSON.parse(machines.out)).toEqual(body);
  });

  test.each([
    ['accepted', null, 0],
    ['pending', null, 0],
    ['refused', 'Nothing waits.', 3],
  ])('a decision that is %s', async (outcome, reason, code) => {
    const { url, seen } = await serve({
      'POST /api/v1/incidents/inc_1/retry': {
        status: outcome === 'pending' ? 202 : 200,
        body: decision(outcome, reason),
      },
    });
    const result = await run(['incident', 'retry', 'inc_1'], { url });
    expect(result.code).toBe(code);
    expect(result.out).toContain(reason ?? 'retry');
    const sent = z.object({ decisionId: z.string() }).parse(JSON.parse(seen[0]?.body ?? ''));
    expect(sent.decisionId).not.toBe('');
    expect(seen[0]?.headers['x-firebreak-channel']).toBe('cli');
  });

  test.each([
    [['ack', 'inc_1'], 'acknowledge', {}],
    [['note', 'inc_1', 'two', 'words'], 'note', { text: 'two words', occurredAt: null }],
    [['severity', 'inc_1', 'sev1', '--reason', 'r'], 'severity', { severity: 'sev1', reason: 'r' }],
    [['pause', 'inc_1', '--reason', 'r'], 'pause', { reason: 'r' }],
    [['resume', 'inc_1'], 'resume', {}],
    [['skip', 'inc_1', 'op', '--reason', 'r'], 'skip', { operation: 'op', reason: 'r' }],
    [['mark-done', 'inc_1', 'op', '--reason', 'r'], 'mark-done', { operation: 'op', reason: 'r' }],
    [['targets', 'inc_1', 'm', '--reason', 'r'], 'targets', { model: 'm', reason: 'r' }],
    [['handover', 'inc_1', 'olga'], 'hand-over', { to: 'olga' }],
    [['cancel', 'inc_1', '--reason', 'r'], 'cancel', { reason: 'r' }],
    [['stand-down', 'inc_1', '--reason', 'r'], 'stand-down', { reason: 'r' }],
    [
      ['close', 'inc_1', '--verdict', 'confirmed', '--reason', 'r', '--leave', `o,t,olga,${NOW}`],
      'close',
      {
        verdict: 'confirmed',
        reason: 'r',
        leave: [{ operation: 'o', target: 't', owner: 'olga', expiresAt: NOW }],
      },
    ],
  ])('incident %j', async (args, path, body) => {
    const { url, seen } = await serve({
      [`POST /api/v1/incidents/inc_1/${path}`]: { status: 202, body: decision('pending') },
    });
    expect((await run(['incident', ...args], { url })).code).toBe(0);
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject(body);
  });

  test('following ends when the incident is closed', async () => {
    const fact = (sequence: number, kind: string) => ({
      incidentId: 'inc_1',
      sequence,
      key: kind,
      kind,
      occurredAt: null,
      recordedAt: NOW,
      actor: 'engine',
      step: null,
      operation: null,
      target: null,
      summary: `${kind} \u001b[2J`,
      data: {},
      causes: [],
      previousHash: '00',
      hash: '01',
    });
    const events = [fact(1, 'incident.opened'), fact(2, 'incident.closed')]
      .map((one) => `id: ${one.sequence.toString()}\nevent: fact\ndata: ${JSON.stringify(one)}\n\n`)
      .join(': heartbeat\n\n');
    const { url } = await serve({
      'GET /api/v1/incidents/inc_1/events': { status: 200, body: events },
    });
    const people = await run(['incident', 'watch', 'inc_1'], { url });
    expect(people.code).toBe(0);
    expect(people.out).not.toContain('\u001b');
    const machines = await run(['incident', 'watch', 'inc_1', '--json'], { url });
    const lines = machines.out.trim().split('\n');
    expect(lines.map((line) => z.object({ sequence: z.number() }).parse(JSON.parse(line)))).toEqual(
      [{ sequence: 1 }, { sequence: 2 }],
    );
  });
});

describe('colours', () => {
  const body = { items: [INCIDENT], next: null };
  test.each([
    ['on a terminal', [], { colors: true }, true],
    ['--no-color', ['--no-color'], { colors: true }, false],
    ['NO_COLOR', [], { colors: true, environment: { NO_COLOR: '1' } }, false],
    ['no terminal', [], {}, false],
  ])('%s', async (...[, args, change, colored]) => {
    const { url } = await serve({ 'GET /api/v1/incidents': { status: 200, body } });
    const environment = {
      FIREBREAK_URL: url,
      ...('environment' in change ? change.environment : {}),
    };
    const result = await run(['incident', 'list', ...args], { change: { ...change, environment } });
    expect(result.out.includes('\u001b[')).toBe(colored);
  });
});
