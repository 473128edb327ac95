// Goal: a rung or a schedule that names whom nobody knows is a mistake of the file, told with its place. Method: files, read.
import { expect, test } from '@jest/globals';
import { connectorModules } from '../connectors/registry.ts';
import { isAppError } from '../domain/error.ts';
import { readConfiguration } from './config-file.ts';

const references = {
  manifests: connectorModules.map(({ manifest }) => manifest),
  ...{ playbooks: [], environment: {} },
};

/** What is said of a file; empty when it is taken. */
function told(...lines: readonly string[]): string {
  const people = 'people: [{ id: mona, name: Mona, roles: [responder] }]';
  try {
    readConfiguration([people, ...lines].join('\n'), 'firebreak.yaml', references);
    return '';
  } catch (error) {
    if (!isAppError(error)) throw error;
    return JSON.stringify(error.details?.['problems']);
  }
}

const ROTATION = "{ timeZone: UTC, startsAt: '2026-11-23T09:00', people: [WHO] }";
const STAND = "{ from: '2026-12-24T09:00:00Z', to: '2026-12-25T09:00:00Z', person: WHO }";

const PAGER = ['instances: [{ name: pd, connector: pagerduty, config: { token: key } }]'];

test.each<[string, readonly string[]]>([
  ['a rung', ['escalation:', '  incidents: [{ afterSeconds: 60, person: WHO }]']],
  ['a turn', ['onCall:', `  - { name: ml, rotation: ${ROTATION} }`]],
  [
    'a calendar',
    ['onCall:', '  - { name: ml, ical: { file: /ops.ics, people: { WHO: [Mona] } } }'],
  ],
  [
    'a schedule of PagerDuty',
    [
      'onCall:',
      '  - { name: ml, pagerduty: { instance: pd, schedule: PX, people: { WHO: [PU] } } }',
      ...PAGER,
    ],
  ],
  [
    'who stands in',
    [
      'onCall:',
      `  - { name: ml, rotation: ${ROTATION.replace('WHO', 'mona')}, overrides: [${STAND}] }`,
    ],
  ],
])('%s names somebody who is there', (_name, lines) => {
  const named = (who: string) => told(...lines.map((line) => line.replace('WHO', who)));
  expect(named('mona')).toBe('');
  expect(named('mono')).toContain("There is no 'mono' here. Did you mean 'mona'?");
  expect(named('mono')).toContain('"line":3,');
});

test('a rung uses a schedule that is there, and no two have one name', () => {
  const rung = ['escalation:', '  incidents: [{ afterSeconds: 60, onCall: mk }]'];
  const one = `  - { name: ml, rotation: ${ROTATION.replace('WHO', 'mona')} }`;
  expect(told(...rung, 'onCall:', one)).toContain("There is no 'mk' here. Did you mean 'ml'?");
  expect(told('onCall:', one, one)).toContain("'ml' is given twice.");
});

test.each([
  ['that is not there', 'name: pe, connector: pagerduty, config: { token: key }'],
  ['that is another system', 'name: pd, connector: prometheus, config: { url: "http://lab.test" }'],
  ['of drills', 'name: pd, drill: true, connector: pagerduty, config: { token: key }'],
])('a schedule of PagerDuty names no instance %s', (_name, instance) => {
  const schedule =
    '  - { name: ml, pagerduty: { instance: pd, schedule: PX, people: { mona: [PU] } } }';
  const said = told('onCall:', schedule, `instances: [{ ${instance} }]`);
  expect(said).toContain("There is no 'pd' here.");
  expect(said).toContain('"line":3,');
});

test('a schedule is written in one way alone', () => {
  const ways = [
    `rotation: ${ROTATION.replace('WHO', 'mona')}`,
    'ical: { file: /a, people: { mona: [M] } }',
  ];
  expect(told('onCall:', `  - { name: ml, ${ways.join(', ')} }`)).toContain('needs exactly one of');
  expect(told('onCall:', '  - { name: ml }')).toContain('needs exactly one of');
});

const RUNG = '  approvals: [{ afterSeconds: 60, role: admin, channels: [page] }]';
const pager = (config: string): string =>
  `instances: [{ name: pd, connector: pagerduty, config: { ${config} } }]`;

test.each<[string, readonly string[], string, number | null]>([
  ['where nothing pages', [RUNG], 'escalation.pager must name the instance', 3],
  ['by what is not there', ['  pager: pe', RUNG], "There is no 'pe' here. Did you mean 'pd'?", 3],
  ['by what has no key for it', ['  pager: pd', RUNG], "'pd' has no routingKey to page with.", 3],
  ['by what has one', ['  pager: pd', RUNG], '', null],
])('a rung that pages %s', (...[name, lines, said, line]) => {
  const config = name.endsWith('has one') ? 'routingKey: key' : 'token: key';
  const answer = told('escalation:', ...lines, pager(config));
  expect(answer).toContain(said);
  if (line === null) expect(answer).toBe('');
  else expect(answer).toContain(`"line":${line.toString()},`);
});
