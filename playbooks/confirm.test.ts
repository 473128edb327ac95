// Goal: what may confirm an alert, and where each mistake in it is told. Method: the sample playbook with a confirmation,
// changed by one text replacement per case.
import { expect, test } from '@jest/globals';
import { changed, told } from './sample-playbook.ts';

const CONFIRM_TEXT = `confirm:
  needs: 1
  probes:
    - probe: there
      use: kubernetes.deployment
      with: { namespace: ml, name: web }
      expect: value.exists
`;

test('a playbook may have its alert confirmed', () => {
  expect(told(changed('isolate:\n', `${CONFIRM_TEXT}isolate:\n`)).code).toBe('loaded');
});

test.each<[string, string, string, string, RegExp]>([
  [
    'a confirmation that needs more than there is',
    'isolate:\n',
    `${CONFIRM_TEXT.replace('needs: 1', 'needs: 3')}isolate:\n`,
    '7:10',
    /'needs' is 3, and there are 1 probes/,
  ],
  [
    'a confirmation that cannot say no',
    'isolate:\n',
    `${CONFIRM_TEXT.replace('      expect: value.exists\n', '')}isolate:\n`,
    '9:7',
    /A probe that confirms needs 'expect'/,
  ],
  [
    'a confirmation by something else',
    'isolate:\n',
    `${CONFIRM_TEXT.replace('probe: there', 'seal: there').replace('      expect: value.exists\n', '')}isolate:\n`,
    '9:7',
    /'seal' cannot confirm an alert/,
  ],
  [
    'an expression that reads what confirmed',
    'isolate:\n',
    `${CONFIRM_TEXT}isolate:\n  - gate: early\n    expect: results['there'].exists\n`,
    '15:',
    /there/,
  ],
])('%s', (...values) => {
  const [, from, to, place, message] = values;
  const answer = told(changed(from, to));
  expect(answer.code).toBe('invalid');
  const [line = '', column = ''] = place.split(':');
  const wanted = new RegExp(`"line":${line},"column":${column === '' ? '\\d+' : column}\\D`);
  expect(answer.places.filter((text) => wanted.test(text) && message.test(text))).not.toEqual([]);
});
