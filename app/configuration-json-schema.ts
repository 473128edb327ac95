import { z } from 'zod';
import type { Manifest } from '../connectors/connector.ts';
import { configurationSchema } from '../domain/configuration-schema.ts';
import { invariant } from '../domain/error.ts';

/** A JSON Schema or a part of one, as plain data. */
export interface JsonSchema {
  [key: string]: unknown;
  $ref?: string | undefined;
  type?: unknown;
  description?: string | undefined;
  default?: unknown;
  enum?: unknown[] | undefined;
  const?: unknown;
  properties?: Record<string, JsonSchema> | undefined;
  required?: string[] | undefined;
  items?: JsonSchema | undefined;
  anyOf?: JsonSchema[] | undefined;
  oneOf?: JsonSchema[] | undefined;
  allOf?: JsonSchema[] | undefined;
  definitions?: Record<string, JsonSchema> | undefined;
}

const part: z.ZodType<JsonSchema> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), part).optional(),
    required: z.array(z.string()).optional(),
    items: part.optional(),
    anyOf: z.array(part).optional(),
    oneOf: z.array(part).optional(),
    allOf: z.array(part).optional(),
    definitions: z.record(z.string(), part).optional(),
  }),
);

/** What zod hands over to be adapted in place. */
type Made = z.core.JSONSchema.BaseSchema;

const REFERENCE: JsonSchema = {
  description: 'The value of a variable, or of the file that `<NAME>_FILE` names; or of a file.',
  oneOf: [
    {
      type: 'object',
      properties: { env: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' } },
      required: ['env'],
      additionalProperties: false,
    },
    {
      type: 'object',
      properties: { file: { type: 'string', pattern: '^/' } },
      required: ['file'],
      additionalProperties: false,
    },
  ],
};

/** Words about a value, beside what it must be. */
const BESIDE = ['description', 'default', 'writeOnly'];

function without(schema: object, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

/** A text may always be a reference; the words for people stay outside. */
function withReference(schema: Made): void {
  const own = without(schema, BESIDE);
  for (const key of Object.keys(own)) Reflect.deleteProperty(schema, key);
  schema.anyOf = [own, { $ref: '#/definitions/reference' }];
}

/** Secrets get draft-07's own word; texts may be references. */
function adapt({ jsonSchema, zodSchema }: { jsonSchema: Made; zodSchema: unknown }): void {
  if (jsonSchema['secret'] === true) {
    Reflect.deleteProperty(jsonSchema, 'secret');
    jsonSchema['writeOnly'] = true;
  }
  const isText = jsonSchema.type === 'string' && jsonSchema.const === undefined;
  if (isText && !(zodSchema instanceof z.ZodEnum)) withReference(jsonSchema);
}

function schemaOf(schema: z.ZodType): JsonSchema {
  const options = { target: 'draft-7', io: 'input', override: adapt } as const;
  // Definitions are those of free-form values, which the places that matter replace.
  return part.parse(
    without(z.toJSONSchema(schema, options), ['$schema', '~standard', 'definitions']),
  );
}

/** What `instances[].config` must be for one connector. */
function connectorJsonSchema(manifest: Manifest): JsonSchema {
  return schemaOf(manifest.config);
}

/** The configuration file as a JSON Schema, without what a connector wants of its `config`. */
function configurationShape(): JsonSchema {
  return schemaOf(configurationSchema);
}

/** `instances[]`, in which `config` depends on the connector. */
function nameConnectors(instance: JsonSchema, manifests: readonly Manifest[]): void {
  const { properties = {} } = instance;
  const { config } = properties;
  const about = { description: config?.description ?? '' };
  instance.properties = {
    ...properties,
    connector: { ...properties['connector'], anyOf: [{ enum: manifests.map(({ name }) => name) }] },
    config: { ...about, type: 'object', default: {} },
  };
  instance.allOf = manifests.map(({ name }) => ({
    if: { properties: { connector: { const: name } }, required: ['connector'] },
    then: { properties: { config: { $ref: `#/definitions/${name}` } } },
  }));
}

/**
 * The JSON Schema (draft-07) of the configuration file, for editors: every text may be a reference to a variable or a
 * file, and `config` of an instance depends on its connector.
 */
export function configurationJsonSchema(manifests: readonly Manifest[]): JsonSchema {
  const shape = configurationShape();
  const instance = shape.properties?.['instances']?.items;
  invariant(instance !== undefined, 'the configuration lists instances');
  nameConnectors(instance, manifests);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Firebreak configuration',
    ...shape,
    definitions: {
      reference: REFERENCE,
      ...Object.fromEntries(manifests.map((one) => [one.name, connectorJsonSchema(one)])),
    },
  };
}
