// Goal: the JSON Schema for editors says the same as the program, and the reference page tells what every key is.
// Method: the schema is turned back into a parser; the example and its misspellings go through both.
import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { connectorModules } from '../connectors/registry.ts';
import { configurationJsonSchema, type JsonSchema } from './configuration-json-schema.ts';
import { renderConfigurationPage } from './configuration-page.ts';

const manifests = connectorModules.map(({ manifest }) => manifest);
const schema = configurationJsonSchema(manifests);
const { definitions = {} } = schema;

/** The schema as a parser; what depends on the connector is looked at beside it. */
function parserOf(part: JsonSchema): z.ZodType {
  const text = JSON.stringify({ ...part, definitions });
  const copy: unknown = JSON.parse(text, (key, value: unknown) =>
    key === 'allOf' ? undefined : value,
  );
  const given = z.custom<Parameters<typeof z.fromJSONSchema>[0]>().parse(copy);
  return z.fromJSONSchema(given, { defaultTarget: 'draft-7' });
}

const file = parserOf(schema);
const example: unknown = parse(
  await readFile(join(import.meta.dirname, '../docs/firebreak.example.yaml'), 'utf8'),
);
const instances = z
  .object({ instances: z.array(z.looseObject({ connector: z.string(), config: z.json() })) })
  .parse(example).instances;

describe('the JSON Schema', () => {
  test('is draft-07 and takes the example, references to variables included', () => {
    expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
    expect(file.safeParse(example).error?.issues).toBeUndefined();
    expect(JSON.stringify(example)).toContain('"env":');
  });

  test.each(instances.map((one) => [one.connector, one.config] as const))(
    'has a definition for %s that takes its configuration and no other key',
    (connector, config) => {
      const parser = parserOf(definitions[connector] ?? {});
      expect(parser.safeParse(config).success).toBe(true);
      expect(parser.safeParse(Object.assign({}, config, { uri: 'x' })).success).toBe(false);
    },
  );

  test.each<[string, unknown]>([
    ['an unknown key', { route: [] }],
    ['an unknown mode', { routes: [{ name: 'a', when: 'true', playbook: 'p', mode: 'yolo' }] }],
    ['an unknown connector', { instances: [{ name: 'a', connector: 'mlflo' }] }],
    ['a number for a text', { people: [{ id: 'ada', name: 7, roles: ['viewer'] }] }],
    ['a reference with more keys', { slackChannel: { env: 'A', or: 'B' } }],
  ])('refuses %s', (_name, value) => {
    expect(file.safeParse(value).success).toBe(false);
  });

  test('chooses the shape of `config` by the connector', () => {
    const rules = schema.properties?.['instances']?.items?.allOf ?? [];
    expect(rules).toHaveLength(manifests.length);
    expect(JSON.stringify(rules[1])).toBe(
      '{"if":{"properties":{"connector":{"const":"mlflow"}},"required":["connector"]},"then":{"properties":{"config":{"$ref":"#/definitions/mlflow"}}}}',
    );
  });

  test('marks secrets, and only by the word of the standard', () => {
    expect(definitions['mlflow']?.properties?.['token']).toMatchObject({ writeOnly: true });
    expect(JSON.stringify(schema)).not.toContain('"secret":');
  });
});

test('the reference tells of every key what it is', () => {
  const page = renderConfigurationPage(manifests);
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(80);
  expect(rows.filter((line) => /\|\s*\|$/.test(line))).toEqual([]);
});

test('the reference tells of a key of access where it means something else than elsewhere', () => {
  const page = renderConfigurationPage(manifests);
  const sections = page
    .split('\n### ')
    .filter((section) => section.includes('(#how-to-be-let-in)'));
  const tokens = sections.filter((section) => section.includes('\n| `token` |'));
  expect(tokens.map((section) => section.split('\n')[0])).toEqual(['PagerDuty (`pagerduty`)']);
  expect(tokens[0]).toContain('`Token token=…`');
  expect(tokens[0]).toContain('And `oauth2`, `caFile`, `proxy` of [how to be let in]');
});
