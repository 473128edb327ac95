// Goal: a run takes nothing for a decision but what the API admitted, word by word. Method: one admitted decision, and
// what somebody could make of it.
import { expect, test } from '@jest/globals';
import { signedPart, type Decision } from '../domain/decision.ts';
import { canonicalJson } from '../evidence/digest.ts';
import type { Store } from '../store/tables.ts';
import { decisionStands } from './decision-stands.ts';

const sign = (payload: object): string => `signed ${canonicalJson(payload)}`;

const unsigned: Decision = {
  id: 'dec_1',
  incidentId: 'inc_1',
  command: { kind: 'skip', operation: 'gate', reason: 'looked at' },
  actor: { person: 'ada', name: 'Ada', roles: ['responder'], channel: 'api' },
  decidedAt: '2026-01-01T00:00:00.000Z',
  signature: '',
  outcome: 'pending',
  reason: null,
};
const admitted: Decision = { ...unsigned, signature: sign(signedPart(unsigned)) };

test.each<[string, Decision | null, Partial<Decision>, boolean]>([
  ['as it was admitted', admitted, {}, true],
  ['without a row', null, {}, false],
  ['once more, after it was answered', { ...admitted, outcome: 'accepted' }, {}, false],
  ['with another command', admitted, { command: { kind: 'cancel', reason: 'x' } }, false],
  [
    'of another person',
    admitted,
    { actor: { person: 'mallory', name: 'Ada', roles: ['responder'], channel: 'api' } },
    false,
  ],
  ['of another incident', admitted, { incidentId: 'inc_2' }, false],
  ['whose row was written beside the API', unsigned, {}, false],
])('a decision %s', async (...values) => {
  const [, row, changed, stands] = values;
  const decisions: Pick<Store['decisions'], 'get'> = { get: () => Promise.resolve(row) };
  const deps = {
    store: { decisions },
    verifySignature: (payload: object, signature: string) => signature === sign(payload),
  };
  expect(await decisionStands(deps, { decision: { ...admitted, ...changed } })).toEqual({ stands });
});
