// Goal: what makes a storm is one playbook class at one severity. Method: keys of routes that differ in one of them.
import { describe, expect, test } from '@jest/globals';
import { stormKeyOf } from './storm.ts';

describe('the key of a storm', () => {
  test('another class or another severity is another storm', () => {
    const drift = stormKeyOf('model-drift', { severity: 'sev3', drill: false });
    expect(stormKeyOf('model-drift', { severity: 'sev3', drill: false })).toBe(drift);
    expect(stormKeyOf('poisoned-data', { severity: 'sev3', drill: false })).not.toBe(drift);
    expect(stormKeyOf('model-drift', { severity: 'sev2', drill: false })).not.toBe(drift);
  });

  test('drills are a storm of their own', () => {
    const real = stormKeyOf('model-drift', { severity: 'sev3', drill: false });
    expect(stormKeyOf('model-drift', { severity: 'sev3', drill: true })).not.toBe(real);
  });
});
