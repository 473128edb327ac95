// Goal: the clocks of an incident come from its own log, and each regime that may ask for a report has its draft.
// Method: the shipped regimes over the facts of one incident, without a database.
import { describe, expect, test } from '@jest/globals';
import { clockEndpoints } from '../api/schema/clock.ts';
import type { DeclaredWords } from '../domain/clock-record.ts';
import { incident, sampleFacts } from '../domain/sample-incident.ts';
import { loadRegimes } from '../regimes/loader.ts';
import { createIncidentClocks } from './incident-clocks.ts';

const facts = sampleFacts([
  { kind: 'alert.received', data: { receivedAt: '2026-11-20T09:59:30.000Z' } },
  { kind: 'incident.opened' },
  { kind: 'containment.verified', summary: 'No replica runs version 7.' },
]);

async function* all() {
  for (const fact of facts) yield await Promise.resolve(fact);
}

const NOW = '2026-11-21T00:00:00.000Z';
const clocksOf = createIncidentClocks({
  store: { facts: { all } },
  catalogue: await loadRegimes(),
  now: () => new Date(NOW),
});

const WORDS: DeclaredWords = { facts: [], moments: [], met: [], waived: [], opened: [] };
const NOTHING = { by: 'ada', words: WORDS };

describe('the clocks of an incident', () => {
  test('begin when its first alert came in, and each that may run has a draft', async () => {
    const { clocks, drafts } = await clocksOf(incident, NOTHING);
    expect(clocks.moments[0]).toMatchObject({
      name: 'awareness',
      sighting: { at: '2026-11-20T09:59:30.000Z', fact: 1 },
    });
    expect(clocks.regimes.map(({ answer }) => answer)).toEqual(clocks.regimes.map(() => 'unknown'));
    expect(drafts.map(({ regime }) => regime).toSorted()).toEqual([
      'eu-ai-act-26-5',
      'eu-ai-act-55-1-c',
      'eu-ai-act-73-2',
      'eu-ai-act-73-3',
      'eu-ai-act-73-4',
      'eu-gdpr-33',
      'us-ca-22757-13',
      'us-ny-1422',
    ]);
  });

  test('a draft tells what the log knows, and what people have to add', async () => {
    const declared = ['gdpr', 'personalDataBreach'].map((name) => ({ name, holds: true }));
    const { clocks, drafts } = await clocksOf(incident, {
      by: 'ada',
      words: { ...WORDS, facts: declared },
    });
    expect(clocks.regimes[0]).toMatchObject({
      id: 'eu-gdpr-33',
      answer: 'yes',
      clocks: [{ state: 'running', dueAt: '2026-11-23T09:59:30.000Z' }],
    });
    const draft = drafts.find(({ regime }) => regime === 'eu-gdpr-33')?.markdown ?? '';
    expect(draft).toContain(
      '**We knew at:** 2026-11-20T09:59:30.000Z: the first alert came in \\[fact 1\\]',
    );
    expect(draft).toContain('**Measures taken:** No replica runs version 7. \\[fact 3\\]');
    expect(draft).toContain('- Personal data concerned: kinds, records, people\n');
    expect(draft).toContain('- Does the GDPR apply to the processing? yes\n');
  });

  test('are what the API may answer, nothing left out', async () => {
    const waived = [{ clock: 'eu-gdpr-33/report', reason: 'counsel' }];
    const reply = { ...(await clocksOf(incident, { by: 'ada', words: { ...WORDS, waived } })) };
    const sent = { ...reply, decision: null };
    expect(clockEndpoints.read.schema.response[200].parse(sent)).toEqual(sent);
  });

  test('a regime that does not apply has no draft', async () => {
    const declared = [{ name: 'gdpr', holds: false }];
    const { drafts } = await clocksOf(incident, {
      by: 'ada',
      words: { ...WORDS, facts: declared },
    });
    expect(drafts.map(({ regime }) => regime)).not.toContain('eu-gdpr-33');
  });
});
