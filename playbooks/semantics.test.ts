// Goal: what a playbook means is checked, and each mistake is told with its place and a suggestion. Method: the sample
// playbook, changed by one text replacement per case, against real manifests.
import { describe, expect, test } from '@jest/globals';
import { SAMPLE_PLAYBOOK, changed, told } from './sample-playbook.ts';

describe('refused, with place and suggestion', () => {
  test.each<[string, string, string, string, RegExp]>([
    // title, replaced, by, line:column, message
    [
      'misspelt key',
      'title: Small',
      'titel: Small',
      '3:1',
      /Unknown key 'titel'\. Did you mean 'title'\?/,
    ],
    [
      'misspelt kind',
      '- seal: manifests',
      '- seel: manifests',
      '7:5',
      /needs one of the keys.*Did you mean 'seal'\?/,
    ],
    [
      'misspelt further key',
      '    within: 20s',
      '    witin: 20s',
      '17:5',
      /Unknown key 'witin'\. Did you mean 'within'\?/,
    ],
    [
      'two kinds',
      '- seal: manifests',
      '- seal: manifests\n    probe: x',
      '7:5',
      /has probe and seal/,
    ],
    [
      'unknown connector',
      'use: kubernetes.scale',
      'use: kubernets.scale',
      '11:10',
      /Unknown connector 'kubernets'\. Did you mean 'kubernetes'\?/,
    ],
    [
      'unknown action',
      'use: kubernetes.scale',
      'use: kubernetes.scala',
      '11:10',
      /Unknown action 'kubernetes\.scala'\. Did you mean 'kubernetes\.scale'\?/,
    ],
    [
      'probe as action',
      'use: kubernetes.scale',
      'use: kubernetes.pods',
      '11:10',
      /is a probe, not an action/,
    ],
    [
      'unknown input',
      'name: web, replicas: 0',
      'name: web, replica: 0',
      '12:39',
      /Unknown key 'replica'\. Did you mean 'replicas'\?/,
    ],
    ['missing input', ', replicas: 0', '', '12:11', /replicas|expected number/],
    ['wrong input', 'replicas: 0', 'replicas: -1', '12:49', /Too small|>=0/],
    [
      'constant beside a hole',
      'name: m, alias: champion',
      'name: m, alias: latest',
      '36:33',
      /reserved alias/,
    ],
    ['missing beside a hole', 'name: m, alias: champion', 'name: m', '36:15', /'alias' is missing/],
    [
      'class too low',
      'use: mlflow.move-alias',
      'use: mlflow.move-alias\n        class: R2',
      '36:16',
      /R3; a playbook can raise its class/,
    ],
    [
      'effect of R3 outside an approval',
      '  - wait: settle\n    for: 30s',
      '  - action: a\n    use: mlflow.move-alias\n    with: { name: m, alias: c, version: "1" }',
      '54:5',
      /is R3: it must stand in the 'covers'/,
    ],
    [
      'lift outside an approval',
      '  - wait: settle\n    for: 30s',
      '  - undo: again\n    of: [scale-away]',
      '54:5',
      /is R3/,
    ],
    [
      'irreversible raised from R1',
      'use: kubernetes.scale\n    with: { namespace: ml, name: web, replicas: 0 }',
      'use: kubernetes.restart\n    with: { namespace: ml, name: web }',
      '10:5',
      /R2/,
    ],
    [
      'role missing',
      'roles: [approver-model-owner, approver-security]\n    expires',
      'roles: [approver-model-owner]\n    expires',
      '49:12',
      /The role 'approver-security' is missing/,
    ],
    [
      'unknown role',
      'roles: [approver-model-owner, approver-security]\n    expires',
      'roles: [approver-security, approver-legal]\n    expires',
      '49:32',
      /none of viewer/,
    ],
    [
      'undo in isolate',
      '    with: { namespace: ml, name: web, replicas: 0 }',
      '    with: { namespace: ml, name: web, replicas: 0 }\n    onFailure: undo',
      '13:16',
      /'onFailure: undo' is refused in isolate/,
    ],
    [
      'no seal before the effect',
      '  - seal: manifests',
      '  - probe: manifests',
      '10:5',
      /a seal must come before|not an action|is a/,
    ],
    [
      'no look after the effect',
      '    expect: value.replicas',
      '    title: value.replicas',
      '10:5',
      /a probe with 'expect' must follow/,
    ],
    ['patch not first', '  - gate: patched\n    expect: "true"\n', '', '50:9', /Patch first/],
    [
      'name twice',
      '- probe: gone',
      '- probe: scale-away',
      '13:5',
      /The name 'scale-away' is used twice/,
    ],
    ['name not kebab-case', '- probe: gone', '- probe: Gone_', '13:12', /kebab-case/],
    [
      'undo of nothing',
      'of: [scale-away]',
      'of: [scale-awai]',
      '53:14',
      /not an action that comes before.*Did you mean 'scale-away'\?/,
    ],
    [
      'undo by both credentials',
      'of: [scale-away]',
      'of: [scale-away, alias-back]',
      '53:13',
      /different credentials: write an undo for each/,
    ],
    ['undo of a probe', 'of: [scale-away]', 'of: [gone]', '53:14', /not an action/],
    [
      'unknown lineage',
      'lineage: radius\n    versions',
      'lineage: radios\n    versions',
      '26:14',
      /Did you mean 'radius'\?/,
    ],
    ['later result', "results['scale-away']", "results['good']", '16:36', /not known yet/],
    [
      'own result',
      "results['scale-away']",
      "results['gone']",
      '16:36',
      /cannot read its own result/,
    ],
    [
      'unknown result',
      "results['scale-away']",
      "results['scale-awaz']",
      '16:36',
      /Did you mean 'scale-away'\?/,
    ],
    [
      'computed result',
      "results['scale-away']",
      'results[incident.id]',
      '16:36',
      /Name the operation literally/,
    ],
    [
      'result of a sibling',
      'expect: parameters.limit > 2',
      "expect: results['dag'].exists",
      '44:17',
      /not known yet/,
    ],
    [
      'unknown parameter',
      'parameters.limit > 2',
      'parameters.limits > 2',
      '44:17',
      /Did you mean 'limit'\?/,
    ],
    [
      'value outside expect',
      'with: { dag: nightly }',
      "with: { dag: '${{ value.x }}' }",
      '42:27',
      /'value' is empty here/,
    ],
    [
      'each outside forEach',
      'with: { dag: nightly }',
      "with: { dag: '${{ each.x }}' }",
      '42:27',
      /'each' is empty here/,
    ],
    [
      'CEL type',
      'parameters.limit > 2',
      'size(incident.title)',
      '44:17',
      /this is int, but bool or null is needed/,
    ],
    ['CEL syntax', 'parameters.limit > 2', 'parameters.limit >', '44:35', /Unexpected token/],
    [
      'CEL field',
      'suspect: incident.suspect',
      'suspect: incident.suspekt',
      '20:23',
      /No such key: suspekt/,
    ],
    [
      'hole not closed',
      '"${{ results[\'good\'].version }}"',
      '"${{ results[\'good\'].version"',
      '36:52',
      /not closed/,
    ],
    ['wrong order', 'audit:\n', 'x:\n', '1:1', /step 'audit' is missing/],
    ['default of another type', 'default: 3', "default: 'x'", '5:35', /not a number/],
    ['negative duration', 'within: 20s', 'within: -5s', '17:13', /is not a duration/],
    ['endless duration', 'for: 30s', 'for: .inf', '55:10', /not finite|duration|string/],
    ['long duration', 'within: 20s', 'within: 2h', '17:13', /is longer than 1h/],
    [
      'approval in parallel',
      '      - gate: few\n        expect: parameters.limit > 2',
      '      - wait: few\n        for: 1s',
      '43:9',
      /'wait' cannot stand inside 'parallel'/,
    ],
    [
      'a credential',
      'dag: nightly',
      'dag: xoxb-123456789012-abc',
      '42:15',
      /looks like a credential/,
    ],
    [
      'expiry before escalation',
      'expires: 2h',
      'expires: 1m',
      '48:5',
      /expires before it escalates/,
    ],
    [
      'operation that is text',
      '  - wait: settle\n    for: 30s',
      '  - settle',
      '54:5',
      /An operation is a map/,
    ],
  ])('%s', (...values) => {
    const [, from, to, place, message] = values;
    const answer = told(changed(from, to));
    expect(answer.code).toBe('invalid');
    const [line = '', column = ''] = place.split(':');
    const wanted = new RegExp(`"line":${line},"column":${column === '' ? '\\d+' : column}\\D`);
    const hit = answer.places.find((text) => wanted.test(text) && message.test(text));
    expect({ hit, all: answer.places }).toMatchObject({ hit: expect.any(String) });
    expect(answer.message).toMatch(/^small\.yaml:\d+:\d+: /);
  });

  test('steps in another order', () => {
    const audit = /audit:\n[\s\S]*?(?=revert:)/.exec(SAMPLE_PLAYBOOK)?.[0] ?? '';
    const swapped = SAMPLE_PLAYBOOK.replace(audit, '').replace('isolate:', `${audit}isolate:`);
    expect(told(swapped).message).toMatch(/small\.yaml:6:1: The step 'audit' is out of order/);
  });

  test('several mistakes are told together, in the order of the file', () => {
    const answer = told(
      changed('use: airflow.dag\n', 'use: airflow.dog\n').replace(
        'use: kubernetes.scale',
        'use: kubernetes.skale',
      ),
    );
    expect(answer.places).toHaveLength(2);
    expect(answer.message).toMatch(/small\.yaml:11:10: .*\(and 1 more\)$/);
  });
});
