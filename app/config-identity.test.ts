// Goal: a mistake in who somebody is at the issuer is told with its place. Method: whole files, each with one mistake.
import { expect, test } from '@jest/globals';
import { isAppError } from '../domain/error.ts';
import { readConfiguration } from './config-file.ts';

const read = (text: string) =>
  readConfiguration(text, 'firebreak.yaml', { manifests: [], playbooks: [], environment: {} });

function problemsOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (isAppError(error)) return JSON.stringify(error.details?.['problems'] ?? []);
    throw error;
  }
  return '';
}

const PEOPLE = `people:
  - id: ada
    name: Ada
    roles: [viewer]
    identity: { issuer: https://id.example.com, subject: subject-1 }
  - id: bob
    name: Bob
    roles: [viewer]
    identity: { issuer: https://id.example.com, subject: subject-2 }
`;

test('who somebody is at the issuer is read as it stands; nobody has to be anybody there', () => {
  const identity = { issuer: 'https://id.example.com', subject: 'subject-1' };
  expect(read(PEOPLE).people[0]).toMatchObject({ id: 'ada', identity });
  const [carl] = read('people: [{ id: carl, name: Carl, roles: [viewer] }]\n').people;
  // Rules from before there were identities keep their digest.
  expect(Object.keys(carl ?? {})).not.toContain('identity');
});

test.each([
  ['subject: subject-2', 'subject: subject-1', '9:15', /Somebody above has this identity/],
  [', subject: subject-2', '', '9:15', /subject/],
  ['subject: subject-2', 'subject: " x"', '9:58', /is not a subject/],
  ['subject: subject-2', `subject: ${'x'.repeat(256)}`, '9:58', /255/],
  [
    'id.example.com, subject: subject-2',
    'id.example.com?a, subject: b',
    '9:25',
    /no.*issuer|issuer/,
  ],
  ['subject: subject-2', 'subject: b, mail: b', '9:61', /Unknown key 'mail'/],
])('%s → %s', (from, to, ...[place, message]) => {
  const problems = problemsOf(PEOPLE.replace(from, to));
  const [line = '', column = ''] = place.split(':');
  expect(problems).toMatch(message);
  expect(problems).toContain(`"line":${line},"column":${column},`);
});
