import { randomUUID } from 'node:crypto';
import { NOW } from '../../api/test-api.ts';

/** One alert of an envelope, as a sender may write it. */
export interface Element {
  readonly status?: unknown;
  readonly labels?: unknown;
  readonly annotations?: unknown;
  readonly startsAt?: unknown;
  readonly endsAt?: unknown;
}

/** A good alert about `id`. */
export const element = (id: string): Element => ({
  status: 'firing',
  labels: { alertname: id },
  startsAt: NOW,
});

const labels = (count: number): Readonly<Record<string, string>> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`l${index.toString()}`, 'x']));

/** Changes to a good element, and the field that is then wrong; null when nothing is. */
export const ELEMENTS: readonly (readonly [string, (good: Element) => Element, string | null])[] = [
  ['five hundred labels', (good) => ({ ...good, labels: labels(500) }), 'labels'],
  ['labels that are a list', (good) => ({ ...good, labels: ['a'] }), 'labels'],
  ['labels that are a text', (good) => ({ ...good, labels: 'a=b' }), 'labels'],
  ['a label that is a list', (good) => ({ ...good, labels: { a: [] } }), 'labels.a'],
  ['a label without a name', (good) => ({ ...good, labels: { '': 'x' } }), 'labels.'],
  [
    'a label name of 300 letters',
    (good) => ({ ...good, labels: { ['n'.repeat(300)]: 'x' } }),
    'labels.n',
  ],
  ['a label of 9 kB', (good) => ({ ...good, labels: { a: 'x'.repeat(9000) } }), 'labels.a'],
  ['NUL in a label', (good) => ({ ...good, labels: { a: 'x\u0000' } }), 'labels.a'],
  ['NUL in the name of a label', (good) => ({ ...good, labels: { 'a\u0000': 'x' } }), 'labels'],
  ['half a character in a label', (good) => ({ ...good, labels: { a: '\ud800' } }), 'labels.a'],
  ['an unknown status', (good) => ({ ...good, status: 'suppressed' }), 'status'],
  ['a status that is a number', (good) => ({ ...good, status: 1 }), 'status'],
  ['a start that is a number', (good) => ({ ...good, startsAt: 1763604000 }), 'startsAt'],
  ['a start in words', (good) => ({ ...good, startsAt: 'yesterday' }), 'startsAt'],
  ['a start without a zone', (good) => ({ ...good, startsAt: '2026-11-20T02:00:00' }), 'startsAt'],
  [
    'a day that does not exist',
    (good) => ({ ...good, startsAt: '2026-02-30T00:00:00Z' }),
    'startsAt',
  ],
  ['a leap second', (good) => ({ ...good, startsAt: '2026-06-30T23:59:60Z' }), 'startsAt'],
  ['the year 0', (good) => ({ ...good, startsAt: '0000-06-01T00:00:00Z' }), 'startsAt'],
  ['the year 1', (good) => ({ ...good, startsAt: '0001-01-01T00:00:00Z' }), 'startsAt'],
  [
    'past the year 9999',
    (good) => ({ ...good, startsAt: '9999-12-31T23:59:59-10:00' }),
    'startsAt',
  ],
  ['the year 10000', (good) => ({ ...good, startsAt: '+10000-01-01T00:00:00Z' }), 'startsAt'],
  [
    'an end before the start',
    (good) => ({ ...good, status: 'resolved', endsAt: '2026-11-01T00:00:00Z' }),
    'endsAt',
  ],
  [
    'an end that is no time',
    (good) => ({ ...good, status: 'resolved', endsAt: 'later' }),
    'endsAt',
  ],
  ['the year 2', (good) => ({ ...good, startsAt: '0002-01-01T00:00:00Z' }), null],
  ['the year 9999', (good) => ({ ...good, startsAt: '9999-12-31T23:59:59Z' }), null],
  ['nanoseconds', (good) => ({ ...good, startsAt: '2026-11-20T02:00:00.123456789Z' }), null],
  ['an offset', (good) => ({ ...good, startsAt: '2026-11-20T02:00:00+05:45' }), null],
  ['the start of an era', (good) => ({ ...good, startsAt: '1970-01-01T00:00:00Z' }), null],
  [
    '256 labels',
    (good) => ({ ...good, labels: { ...labels(250), alertname: randomUUID() } }),
    null,
  ],
  [
    'names with dots, slashes and emoji',
    (good) => ({
      ...good,
      labels: { 'a.b/c': '1', '🔥': randomUUID(), 'with space': '2', ünïcode: '3' },
    }),
    null,
  ],
  [
    'names of methods',
    (good) => ({
      ...good,
      labels: { constructor: randomUUID(), toString: 'a', hasOwnProperty: 'b' },
    }),
    null,
  ],
  [
    'a title of 100 kB of marks',
    (good) => ({ ...good, annotations: { summary: 'a\u0301'.repeat(9000) } }),
    null,
  ],
];
