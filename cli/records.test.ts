import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { sha256Hex } from '../evidence/digest.ts';
import { cleanUp, decision, folder, NOW, run, serve } from './test-run.ts';

// Goal: approvals are of what was seen, evidence that changed is found, alerts and lineage go out as they are.
// Method: the whole program in this process, against a server of canned answers.

afterEach(cleanUp);

describe('approvals', () => {
  const digest = 'a'.repeat(64);
  const detail = {
    approval: {
      id: 'apr_1',
      incidentId: 'inc_1',
      operation: 'ask',
      round: 1,
      title: 'Go back',
      approvalClass: 'R3',
      quorum: { people: 2, roles: ['approver-security'] },
      plans: [],
      planDigest: digest,
      status: 'open',
      statusReason: null,
      requestedBy: null,
      createdAt: NOW,
      expiresAt: NOW,
      settledAt: null,
    },
    plans: [],
    approvedBy: [],
    refused: [
      {
        ...{ id: 'ref_1', person: null, claimed: 'T0OTHER/U0SAM', name: '', roles: [] },
        ...{ channel: 'slack', verdict: 'approve', planDigest: digest, requestId: 'd', further: 2 },
        ...{ code: 'unauthorized', reason: 'Not known\u001b[2J.', refusedAt: NOW },
      },
    ],
  };
  const replies = {
    'GET /api/v1/approvals/apr_1': { status: 200, body: detail },
    'POST /api/v1/approvals/apr_1/decision': { status: 202, body: decision('pending') },
  };

  test('on a terminal the plans are shown and exactly their digest is approved', async () => {
    const { url, seen } = await serve(replies);
    const change = { interactive: true, ask: () => Promise.resolve('approve') };
    const result = await run(['approval', 'approve', 'apr_1'], { url, change });
    expect(result.code).toBe(0);
    expect(result.err).toContain(digest);
    const refusal = 'unknown T0OTHER/U0SAM by slack, approve: Not known';
    expect(result.err).toContain(`${NOW} ${refusal}`);
    expect(result.err).toContain('(and 2 more)');
    expect(result.err).not.toContain('\u001b[2J');
    expect(JSON.parse(seen[1]?.body ?? '')).toMatchObject({ planDigest: digest });
  });

  test('any other answer decides nothing', async () => {
    const { url, seen } = await serve(replies);
    const change = { interactive: true, ask: () => Promise.resolve('yes') };
    expect((await run(['approval', 'approve', 'apr_1'], { url, change })).code).toBe(3);
    expect(seen.some(({ method }) => method === 'POST')).toBe(false);
  });

  test('with a digest nobody is asked', async () => {
    const { url } = await serve(replies);
    const args = ['approval', 'reject', 'apr_1', '--plan-digest', digest, '--reason', 'no'];
    expect((await run(args, { url })).code).toBe(0);
  });
});

describe('evidence', () => {
  const bytes = 'pods';
  const evidence = {
    id: 'ev_1',
    incidentId: 'inc_1',
    title: 'Pods',
    operation: 'seal',
    sha256: sha256Hex(bytes),
    bytes: bytes.length,
    mediaType: 'text/plain',
    source: 's',
    collectedAt: NOW,
    truncated: false,
    moment: 'before-containment',
  };
  const entry = {
    evidenceId: 'ev_1',
    sequence: 1,
    action: 'verified',
    by: 'me',
    at: NOW,
    sha256: evidence.sha256,
    previousHash: '00',
    hash: '01',
  };
  const replies = (body: string) => ({
    'GET /api/v1/incidents/inc_1/evidence': { status: 200, body: { items: [evidence] } },
    'GET /api/v1/evidence/ev_1': { status: 200, body: { evidence, custody: [] } },
    'GET /api/v1/evidence/ev_1/bytes': { status: 200, body },
    'POST /api/v1/evidence/ev_1/custody': { status: 201, body: { entry } },
    'GET /api/v1/incidents/inc_1/timeline': {
      status: 200,
      body: { items: [], next: null, head: { sequence: 0, hash: '0'.repeat(64) } },
    },
  });

  test('what was changed is found, and the command fails', async () => {
    const good = await serve(replies(bytes));
    const right = await run(['evidence', 'verify', 'inc_1', '--json'], { url: good.url });
    expect([right.code, JSON.parse(right.out)]).toMatchObject([0, { ok: true }]);
    const bad = await serve(replies('pads'));
    const wrong = await run(['evidence', 'verify', 'inc_1', '--json'], { url: bad.url });
    expect([wrong.code, JSON.parse(wrong.out)]).toMatchObject([1, { ok: false }]);
  });

  test('an export holds bytes by digest, custody and facts, and never mixes with files', async () => {
    const { url } = await serve(replies(bytes));
    const output = join(await folder(), 'export');
    const args = ['evidence', 'export', 'inc_1', '--output', output];
    expect((await run(args, { url })).code).toBe(0);
    expect((await readdir(output)).sort()).toEqual(
      [`${evidence.sha256}.bin`, 'facts.jsonl', 'manifest.json'].sort(),
    );
    expect(await readFile(join(output, `${evidence.sha256}.bin`), 'utf8')).toBe(bytes);
    expect((await run(args, { url })).code).toBe(3);
  });
});

describe('alerts and lineage', () => {
  const accepted = { alerts: [{ alertId: 'a', duplicate: false, incidentId: 'inc_1' }] };

  test('a sample goes to the webhook under the source token, never the person’s', async () => {
    const { url, seen } = await serve({
      'POST /api/v1/alerts/alertmanager': { status: 202, body: accepted },
    });
    const args = ['alert', 'send', '--sample', '--model', 'fraud', '--source-token', 'src'];
    expect((await run(args, { url })).code).toBe(0);
    expect(seen[0]?.headers.authorization).toBe('Bearer src');
    expect(seen[0]?.body).toContain('fraud');
  });

  test('JSON Lines are sent one event at a time; a broken line is named before anything is sent', async () => {
    const file = join(await folder(), 'events.jsonl');
    await writeFile(file, '{"run":1}\n{"run":2}\n');
    const { url, seen } = await serve({
      'POST /api/v1/lineage': { status: 201, body: { nodes: 2, edges: 1 } },
    });
    const result = await run(['lineage', 'import', file, '--json'], { url });
    expect(JSON.parse(result.out)).toEqual({ events: 2, nodes: 4, edges: 2 });
    await writeFile(file, '{"run":1}\nnonsense\n');
    expect((await run(['lineage', 'import', file], { url })).err).toContain('line 2');
    expect(seen).toHaveLength(2);
  });
});

test('the report on routes is a block a route for people and the reply for machines', async () => {
  const report = {
    route: 'drift',
    incidents: 3,
    verdicts: { confirmed: 1, false_positive: 1 },
    precision: 0.5,
    wouldHave: { 'kubernetes.scale': 2 },
    applied: {},
    confirmations: { confirmed: 1, unconfirmed: 0 },
    overrides: { veto: 1 },
  };
  const body = { since: NOW, items: [report, { ...report, route: null, precision: null }] };
  const { url, seen } = await serve({ 'GET /api/v1/routes/report': { status: 200, body } });
  const people = await run(['routes', 'report', '--days', '7'], { url });
  expect(people.code).toBe(0);
  for (const part of ['drift', '50 %', 'unknown', '2 kubernetes.scale', '1 veto']) {
    expect(people.out).toContain(part);
  }
  expect(seen[0]?.path).toContain('days=7');
  const machine = await run(['--json', 'routes', 'report'], { url });
  expect(JSON.parse(machine.out)).toEqual(body);
});
