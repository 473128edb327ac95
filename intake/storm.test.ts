// Goal: what makes a storm is one playbook class at one severity. Method: keys of routes that differ in one of them.
import { describe, expect, test } from '@jest/globals';
import { stormKeyOf } from './storm.ts';

describe('the key of a storm', () => {
  test('another class or another severity is another storm', () => {
    const drift = stormKeyOf('model-drift', 'sev3');
    expect(stormKeyOf('model-drift', 'sev3')).toBe(drift);
    expect(stormKeyOf('poisoned-data', 'sev3')).not.toBe(drift);
    expect(stormKeyOf('model-drift', 'sev2')).not.toBe(drift);
  });
});
