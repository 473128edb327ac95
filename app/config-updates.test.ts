// Goal: a mistake in words for stakeholders is told when the file is read, with its place, not in the night in which they are needed.
// Method: whole files, each with one mistake.
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

const UPDATES = `updates:
  - name: customers
    reach: external
    to: [ann@example.com]
    everyMinutes: { sev1: 60 }
    templates:
      update: { subject: "{{ model }}", text: "{{ model }}" }
`;
test('words for stakeholders are read', () => {
  const [audience] = read(UPDATES).updates;
  expect(audience).toMatchObject({ slackChannel: null, templates: { update: {} } });
});

test.each([
  ['text: "{{ model }}"', 'text: "{{ modle }}"', '7:47', /there is no modle/],
  ['text: "{{ model }}"', 'text: "{% if x"', '7:47', /Liquid: .*not closed/],
  ['reach: external', 'reach: outside', '3:12', /none of internal, external/],
  ['to: [ann@example.com]', 'to: []', '4:9', /either addresses or a slackChannel/],
  ['{ sev1: 60 }', '{}', '5:19', /at least one severity/],
  ['{ sev1: 60 }', '{ sev1: 1 }', '5:27', /5/],
])('in words for stakeholders, %s → %s', (from, to, ...[place, message]) => {
  const problems = problemsOf(UPDATES.replace(from, to));
  const [line = '', column = ''] = place.split(':');
  expect(problems).toMatch(message);
  expect(problems).toContain(`"line":${line},"column":${column},`);
});
