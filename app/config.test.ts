// Goal: settings come from the right place, errors name the variable and never the value, and insecure
// combinations are refused. Method: tables of environments; a property for the order of the sources.
import { chmodSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAppError } from '../domain/error.ts';
import { tempDir } from '../test/harness.ts';
import { readClientConfig, readConfig, type Config } from './config.ts';
import { environmentWithFile, type Environment } from './environment.ts';
import { renderEnvExample, TEMPORAL_VARIABLES, VARIABLES } from './environment-schema.ts';
import { readTemporalConnection } from './temporal-connection.ts';

const SECRET = 'hunter2-very-secret';
const ISSUER = {
  ...{ OIDC_ISSUER: 'https://id.example.com', OIDC_CLIENT_ID: 'firebreak' },
  OIDC_CLIENT_SECRET: SECRET,
};

function failure(
  environment: Environment,
  file: Environment = {},
): { field: string; message: string } {
  try {
    readConfig({ environment, file });
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid') {
      return { field: error.field ?? '', message: error.message };
    }
    throw error;
  }
  return { field: '', message: 'accepted' };
}

describe('the configuration of a process', () => {
  test('has safe defaults', () => {
    const config = readConfig({ environment: {}, folder: '/srv/firebreak' });
    const { databaseUrl, dataDir, host, port, baseUrl, slack, mail, taskQueue } = config;
    expect({ databaseUrl, dataDir, host, port, baseUrl, slack, mail, taskQueue }).toEqual({
      databaseUrl: null,
      dataDir: '/srv/firebreak/.firebreak',
      host: '127.0.0.1',
      port: 7400,
      baseUrl: null,
      slack: null,
      mail: null,
      taskQueue: 'firebreak',
    });
  });

  test('takes a flag before the environment, that before the file, that before the default', () => {
    const level = fc.option(fc.constantFrom('trace', 'debug', 'warn', ''), { nil: undefined });
    fc.assert(
      fc.property(level, level, level, (flag, environment, file) => {
        const config = readConfig({
          flags: { LOG_LEVEL: flag },
          environment: { LOG_LEVEL: environment },
          file: { LOG_LEVEL: file },
        });
        const wanted = [flag, environment, file, 'info'].find(
          (value) => value !== undefined && value !== '',
        );
        expect(config.logLevel).toBe(wanted);
      }),
    );
  });

  test.each<[string, Environment]>([
    ['PORT', { PORT: 'http' }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: '-1' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
    ['BASE_URL', { BASE_URL: 'ftp://x' }],
    ['BASE_URL', { BASE_URL: 'firebreak.example.com' }],
    ['DATABASE_URL', { DATABASE_URL: `mysql://u:${SECRET}@h/d` }],
    ['SLACK_BOT_TOKEN', { SLACK_BOT_TOKEN: SECRET }],
    ['SLACK_BOT_TOKEN', { SLACK_APP_TOKEN: `xapp-${SECRET}` }],
    ['SLACK_BOT_TOKEN', { SLACK_SIGNING_SECRET: 'a'.repeat(32) }],
    [
      'SLACK_SIGNING_SECRET',
      {
        SLACK_BOT_TOKEN: `xoxb-${SECRET}`,
        SLACK_APP_TOKEN: `xapp-${SECRET}`,
        SLACK_SIGNING_SECRET: 'a'.repeat(32),
      },
    ],
    ['TLS_KEY_FILE', { TLS_CERT_FILE: 'cert.pem' }],
    ['TLS_CERT_FILE', { TLS_KEY_FILE: 'key.pem' }],
    ['OIDC_ISSUER', { OIDC_ISSUER: 'id.example.com' }],
    ['OIDC_ISSUER', { OIDC_ISSUER: `https://${SECRET}@id.example.com` }],
    ['OIDC_ISSUER', { OIDC_ISSUER: 'https://id.example.com/?realm=x' }],
    ['OIDC_ISSUER', { OIDC_CLIENT_SECRET: SECRET }],
    ['OIDC_CLIENT_ID', { OIDC_ISSUER: 'https://id.test', OIDC_CLIENT_SECRET: SECRET }],
    ['OIDC_CLIENT_SECRET', { OIDC_ISSUER: 'https://id.test', OIDC_CLIENT_ID: 'f' }],
    [
      'BASE_URL',
      { OIDC_ISSUER: 'https://id.test', OIDC_CLIENT_ID: 'f', OIDC_CLIENT_SECRET: SECRET },
    ],
    ['SMTP_URL', { SMTP_URL: `http://${SECRET}`, MAIL_FROM: 'a@b.test' }],
    ['SMTP_URL', { SMTP_URL: `smtp://u:${SECRET}@m.test?requireTLS=false`, MAIL_FROM: 'a@b.test' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'nobody' }],
    ['MAIL_DKIM_SELECTOR', { MAIL_DKIM_DOMAIN: 'b.test' }],
    ['MAIL_DKIM_DOMAIN', { MAIL_DKIM_KEY: SECRET }],
    ['MAIL_DKIM_KEY', { MAIL_DKIM_DOMAIN: 'b.test', MAIL_DKIM_SELECTOR: 's' }],
    [
      'MAIL_DKIM_KEY',
      { MAIL_DKIM_DOMAIN: 'b.test', MAIL_DKIM_SELECTOR: 's', MAIL_DKIM_KEY: SECRET },
    ],
    ['MAIL_FROM', { SMTP_URL: 'smtp://127.0.0.1' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://127.0.0.1', MAIL_FROM: 'a@b\r\nBcc: c@d' }],
    ['FIREBREAK_TRUST_PROXY', { FIREBREAK_TRUST_PROXY: 'maybe' }],
    ['HOST', { HOST: 'not a host' }],
  ])('names %s in the error for %j, and no secret', (field, environment) => {
    const found = failure(environment);
    expect(found.field).toBe(field);
    expect(found.message).toMatch(new RegExp(`^${field} `));
    expect(found.message).not.toContain(SECRET);
  });

  test.each<[string, Environment]>([
    ['HOST', { HOST: '0.0.0.0' }],
    ['HOST', { HOST: '::' }],
    ['HOST', { HOST: '10.0.0.5', BASE_URL: 'http://firebreak.example.com' }],
    ['HOST', { HOST: '0.0.0.0', BASE_URL: 'https://firebreak.example.com' }],
    ['HOST', { HOST: '127.0.0.1.example.com' }],
    ['OIDC_ISSUER', { OIDC_ISSUER: 'http://id.example.com' }],
    ['BASE_URL', { ...ISSUER, BASE_URL: 'http://firebreak.example.com' }],
    ['SLACK_API_URL', { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_API_URL: 'http://gateway.example.com/' }],
  ])('refuses the insecure use of %s in %j', (field, environment) => {
    expect(failure(environment).field).toBe(field);
  });

  test.each<[Environment]>([
    [{ HOST: '0.0.0.0', FIREBREAK_TRUST_PROXY: '1' }],
    [{ HOST: '0.0.0.0', TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' }],
    [{ HOST: '::1' }],
    [{ HOST: 'localhost' }],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_API_URL: 'http://127.0.0.1:9000/' }],
    [{ SMTP_URL: 'smtp://u:p@mail.example.com', MAIL_FROM: 'a@b.test' }],
    [{ SMTP_URL: 'smtp://127.0.0.1:2525', MAIL_FROM: 'Fire Break <a@b.test>' }],
  ])('accepts %j', (environment) => {
    expect(failure(environment).message).toBe('accepted');
  });

  test('shows every setting with its source, and no secret', () => {
    const { shown } = readConfig({
      environment: { DATABASE_URL: `postgres://u:${SECRET}@127.0.0.1/d`, PORT: '8000' },
      file: { LOG_LEVEL: 'debug' },
    });
    expect(JSON.stringify(shown)).not.toContain(SECRET);
    expect(shown).toContainEqual({
      name: 'DATABASE_URL',
      value: '(secret)',
      source: 'environment',
    });
    expect(shown).toContainEqual({ name: 'PORT', value: '8000', source: 'environment' });
    expect(shown).toContainEqual({ name: 'LOG_LEVEL', value: 'debug', source: 'file' });
    expect(shown).toContainEqual({ name: 'HOST', value: '127.0.0.1', source: 'default' });
  });
});

describe('secrets', () => {
  test('may stand in a file of their own, without its last line break', async () => {
    const path = join(await tempDir(), 'secret');
    writeFileSync(path, 'postgres://u:p@127.0.0.1/d\n');
    const config: Config = readConfig({
      environment: { DATABASE_URL_FILE: path, DATABASE_URL: '' },
    });
    expect(config.databaseUrl).toBe('postgres://u:p@127.0.0.1/d');
  });

  test('may not stand in two places, in a missing file, or in the configuration file', async () => {
    const path = join(await tempDir(), 'secret');
    writeFileSync(path, SECRET);
    chmodSync(path, 0o600);
    expect(failure({ SMTP_URL_FILE: path, SMTP_URL: 'smtp://x' }).field).toBe('SMTP_URL_FILE');
    expect(failure({ DATABASE_URL_FILE: `${path}.gone` }).field).toBe('DATABASE_URL_FILE');
    expect(failure({}, { DATABASE_URL: `postgres://u:${SECRET}@h/d` }).field).toBe('DATABASE_URL');
  });
});

test('a .env file lies under the real variables, of which empty ones count as unset', async () => {
  const folder = await tempDir();
  writeFileSync(join(folder, '.env'), 'PORT=8001\nHOST=localhost\nLOG_LEVEL=warn\n');
  process.env['PORT'] = '8002';
  process.env['LOG_LEVEL'] = '';
  try {
    const config = readConfig({ environment: environmentWithFile(folder) });
    expect([config.port, config.host, config.logLevel]).toEqual([8002, 'localhost', 'warn']);
  } finally {
    delete process.env['PORT'];
    delete process.env['LOG_LEVEL'];
  }
});

test('a client sends its token over https or loopback only', () => {
  expect(readClientConfig({ environment: { FIREBREAK_TOKEN: 't' } })).toEqual({
    url: 'http://127.0.0.1:7400',
    token: 't',
  });
  const plain = { FIREBREAK_TOKEN: 't', FIREBREAK_URL: 'http://firebreak.example.com' };
  expect(() => readClientConfig({ environment: plain })).toThrow('FIREBREAK_URL');
});

describe('the Temporal server of the environment', () => {
  test('is none when only a namespace is given', async () => {
    expect(
      await readTemporalConnection({ TEMPORAL_NAMESPACE: 'x', TEMPORAL_ADDRESS: '' }),
    ).toBeNull();
  });

  test('is read by the rules of the SDK', async () => {
    const HOME = await tempDir();
    expect(
      await readTemporalConnection({
        HOME,
        TEMPORAL_ADDRESS: 'temporal:7233',
        TEMPORAL_API_KEY: 'k',
      }),
    ).toEqual({
      connection: { address: 'temporal:7233', apiKey: 'k', tls: true },
      namespace: 'default',
    });
    const file = join(HOME, 'temporal.toml');
    writeFileSync(file, '[profile.p]\naddress = "127.0.0.1:7233"\nnamespace = "n"\n');
    expect(
      await readTemporalConnection({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'p' }),
    ).toEqual({
      connection: { address: '127.0.0.1:7233' },
      namespace: 'n',
    });
  });

  const server = { TEMPORAL_ADDRESS: 'temporal:7233' };
  test.each<[string, Readonly<Record<string, string>>, string | null]>([
    ['without anything', server, 'without TLS'],
    ['with TLS alone', { ...server, TEMPORAL_TLS: 'true' }, 'without an API key'],
    ['with TLS switched off', { ...server, TEMPORAL_TLS: 'false' }, 'without TLS'],
    ['with an API key', { ...server, TEMPORAL_API_KEY: 'k' }, null],
    ['without anything, accepted', { ...server, FIREBREAK_OPEN_TEMPORAL: '1' }, null],
    ['without anything, on this machine', { TEMPORAL_ADDRESS: '[::1]:7233' }, null],
  ])('beyond this machine %s', async (_name, environment, problem) => {
    const reading = readTemporalConnection({ HOME: await tempDir(), ...environment });
    if (problem === null) await expect(reading).resolves.not.toBeNull();
    else {
      await expect(reading).rejects.toMatchObject({ code: 'invalid', field: 'TEMPORAL_TLS' });
      await expect(reading).rejects.toThrow(problem);
    }
  });

  test('must parse and have an address', async () => {
    const file = join(await tempDir(), 'temporal.toml');
    writeFileSync(file, '[profile');
    const broken = { TEMPORAL_CONFIG_FILE: file };
    await expect(readTemporalConnection(broken)).rejects.toMatchObject({ code: 'invalid' });
    writeFileSync(file, '[profile.default]\nnamespace = "n"\n');
    await expect(readTemporalConnection(broken)).rejects.toMatchObject({
      field: 'TEMPORAL_ADDRESS',
    });
  });
});

test('.env.example is what the schema says, and sets nothing', async () => {
  const text = renderEnvExample();
  expect(await readFile(join(import.meta.dirname, '..', '.env.example'), 'utf8')).toBe(text);
  const names = [
    ...Object.values(VARIABLES).map(({ name }) => name),
    ...TEMPORAL_VARIABLES.map(([name]) => name),
  ];
  for (const name of names) expect(text).toContain(`\n# ${name}=`);
  expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
});
