import { describe, expect, test } from '@jest/globals';
import { connectorModules } from '../connectors/registry.ts';
import { lastResorts } from './last-resort.ts';

// Goal: for each system that we may change people find what takes our credential there away, with their own names
// filled in and no secret. Method: instances as a configuration has them; and every manifest once.

const instance = (name: string, connector: string, config: Record<string, string>) => ({
  name,
  connector,
  holdSeconds: 0,
  config,
});

describe('the last resort', () => {
  test('is filled in from the configuration, and never holds a secret', () => {
    const told = lastResorts([
      instance('registry', 'mlflow', {
        url: 'https://mlflow.example',
        username: 'firebreak-bot',
        password: 'hunter2-hunter2',
      }),
      instance('metrics', 'prometheus', { url: 'https://prometheus.example' }),
    ]);
    expect(told.map(({ instance: name }) => name)).toEqual(['registry']);
    const text = JSON.stringify(told);
    expect(text).toContain('https://mlflow.example/api/2.0/mlflow/users/delete');
    expect(text).toContain('firebreak-bot');
    expect(text).not.toContain('hunter2');
  });

  test('leaves open what is missing, or would be more than one word to a shell', () => {
    const [told] = lastResorts([
      instance('registry', 'mlflow', { url: 'https://mlflow.example', username: `x'; rm -rf /` }),
    ]);
    expect(told?.commands.join(' ')).toContain('<username>');
    expect(told?.commands.join(' ')).not.toContain('rm -rf');
  });

  test.each(connectorModules.map(({ manifest }) => [manifest.name, manifest] as const))(
    'of %s is there exactly when it has actions',
    (_, manifest) => {
      expect(manifest.lastResort.length > 0).toBe(Object.keys(manifest.actions).length > 0);
      const fields = manifest.lastResort.join(' ').match(/\{[a-zA-Z]+\}/gu) ?? [];
      for (const field of fields) expect(field).not.toMatch(/token|password|secret/iu);
    },
  );
});
