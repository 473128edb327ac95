import { expect, test } from '@jest/globals';
import { routeReports } from './route-report.ts';

// Goal: precision is confirmed among what people could tell, and nothing else. Method: counted groups of three routes.

test('precision leaves out what people could not tell, and is unknown without any verdict', () => {
  const reports = routeReports([
    { of: 'incident', route: null, name: null, count: 1 },
    { of: 'incident', route: 'b', name: 'confirmed', count: 3 },
    { of: 'incident', route: 'b', name: 'false_positive', count: 1 },
    { of: 'incident', route: 'b', name: 'expected_change', count: 1 },
    { of: 'incident', route: 'b', name: 'inconclusive', count: 9 },
    { of: 'incident', route: 'b', name: null, count: 2 },
    { of: 'incident', route: 'a', name: 'inconclusive', count: 1 },
    { of: 'would-have', route: 'a', name: 'kubernetes.scale', count: 4 },
    { of: 'applied', route: 'b', name: 'kubernetes.scale', count: 5 },
    { of: 'confirmation', route: 'b', name: 'unconfirmed', count: 2 },
    { of: 'override', route: 'b', name: 'veto', count: 1 },
    { of: 'override', route: 'b', name: 'skip', count: 2 },
  ]);
  expect(reports).toEqual([
    {
      route: 'a',
      incidents: 1,
      verdicts: { inconclusive: 1 },
      precision: null,
      wouldHave: { 'kubernetes.scale': 4 },
      applied: {},
      confirmations: { confirmed: 0, unconfirmed: 0 },
      overrides: {},
    },
    {
      route: 'b',
      incidents: 16,
      verdicts: { confirmed: 3, false_positive: 1, expected_change: 1, inconclusive: 9 },
      precision: 0.6,
      wouldHave: {},
      applied: { 'kubernetes.scale': 5 },
      confirmations: { confirmed: 0, unconfirmed: 2 },
      overrides: { veto: 1, skip: 2 },
    },
    {
      route: null,
      incidents: 1,
      verdicts: {},
      precision: null,
      wouldHave: {},
      applied: {},
      confirmations: { confirmed: 0, unconfirmed: 0 },
      overrides: {},
    },
  ]);
});
