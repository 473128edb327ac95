import { spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { run } from '../cli/test-run.ts';
import { createEmptyDatabase, withClient, type TestDatabase } from '../store/test-database.ts';
import { freshDatabase, programPath, tempDir, unique } from './harness.ts';

// Goal: a wrong playbook, setting, configuration or database stops `firebreak start` with file, line and reason and a
// stable exit code, shows neither stack nor secret, and has changed nothing. Method: the compiled program, started once
// per mistake, all side by side, from a copy of its own where a shipped file is what is wrong; and the same command in
// this process for mistakes in one file.

const PASSWORD = 'hunter2-of-nobody';
const START_MS = 300_000;

interface Edited {
  readonly path: string;
  readonly edit: (text: string) => string;
}

interface Mistake {
  readonly name: string;
  /** Files of the folder that it is started in. */
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A file of the program that is edited first. */
  readonly edited?: Edited;
  readonly database?: 'migrated' | 'newer' | 'foreign';
  readonly exit: number;
  readonly told: RegExp;
}

const AT_LINE_7 = (whole: string): string => {
  const lines = whole.split('\n');
  return lines.with(6, `${lines[6] ?? ''} -- edited`).join('\n');
};

const MISTAKES: readonly Mistake[] = [
  {
    name: 'a configuration of wrong types',
    files: { 'firebreak.yaml': 'mailTo: []\ninstances: 5\n' },
    args: ['--config', 'firebreak.yaml'],
    exit: 2,
    told: /firebreak\.yaml:2:12: 'instances': .*expected array/,
  },
  {
    name: 'a configuration that is missing',
    args: ['--config', 'nowhere.yaml'],
    exit: 2,
    told: /nowhere\.yaml cannot be read: there is no such file\./,
  },
  {
    name: 'an empty variable, which does not hide the line of .env',
    files: { '.env': 'FIREBREAK_CONFIG=broken.yaml\n', 'broken.yaml': 'people: {\n' },
    environment: { FIREBREAK_CONFIG: '' },
    exit: 2,
    told: /broken\.yaml:\d+:\d+: ./,
  },
  {
    name: 'a port that is none',
    environment: { PORT: 'http', SMTP_URL: `smtps://u:${PASSWORD}@mail.example.com` },
    exit: 2,
    told: /PORT must be a number/,
  },
  {
    name: 'a certificate that is not there',
    environment: { HOST: '0.0.0.0', TLS_CERT_FILE: 'cert.pem', TLS_KEY_FILE: 'key.pem' },
    exit: 2,
    told: /TLS_CERT_FILE names a file that cannot be read \(\/.*cert\.pem\)/,
  },
  {
    name: 'a playbook with a misspelt key',
    edited: {
      path: 'playbooks/p1-model-drift.yaml',
      edit: (whole) => whole.replace(/^title:/m, 'titel:'),
    },
    exit: 2,
    told: /playbooks\/p1-model-drift\.yaml:9:1: Unknown key 'titel'\. Did you mean 'title'\?/,
  },
  {
    name: 'a migration that was edited',
    edited: { path: 'store/migrations/0002-fact.sql', edit: AT_LINE_7 },
    database: 'migrated',
    exit: 3,
    told: /Migration 0002-fact\.sql:7 was edited after it was applied/,
  },
  {
    name: 'a database of a newer version',
    database: 'newer',
    exit: 3,
    told: /Migration 9999-later\.sql was applied to this database but is not part of this version/,
  },
  {
    name: 'a database of another application',
    database: 'foreign',
    exit: 3,
    told: /The schema firebreak of this database belongs to .* DATABASE_URL the database of another application/,
  },
];

/** Everything that a start could change in a database, as text. */
async function stateOf(url: string): Promise<string> {
  return withClient(url, async (client) => {
    const tables = await client.query<Record<string, unknown>>(
      `select n.nspname, c.relname, n.nspacl::text, c.relacl::text, c.reltuples::text from pg_namespace n
        left join pg_class c on c.relnamespace = n.oid where n.nspname = 'firebreak' order by 1, 2`,
    );
    const applied = await client
      .query<Record<string, unknown>>(
        'select name, sha256 from firebreak.migration_checksum order by 1',
      )
      .catch(() => ({ rows: [] }));
    return JSON.stringify([tables.rows, applied.rows]);
  });
}

async function databaseOf(kind: NonNullable<Mistake['database']>): Promise<TestDatabase> {
  if (kind === 'migrated') return freshDatabase();
  const database = kind === 'newer' ? await freshDatabase() : await createEmptyDatabase();
  await withClient(database.url, (client) =>
    client.query(
      kind === 'newer'
        ? "insert into firebreak.migration (name, run_on) values ('9999-later', now())"
        : 'create schema firebreak; create table firebreak.incident (theirs int)',
    ),
  );
  return database;
}

/** A copy of the program in which a file is edited. */
async function copyOf(program: string, { path, edit }: Edited): Promise<string> {
  const root = await tempDir();
  await cp(program, root, { recursive: true });
  const file = join(root, path);
  await writeFile(file, edit(await readFile(file, 'utf8')));
  return root;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly dataDir: readonly string[] | null;
  readonly before: string;
  readonly after: string;
}

const dropped: (() => Promise<void>)[] = [];

async function startOf(mistake: Mistake): Promise<Ended> {
  const folder = await tempDir();
  for (const [name, content] of Object.entries(mistake.files ?? {})) {
    await writeFile(join(folder, name), content);
  }
  const program = await programPath();
  const root = mistake.edited === undefined ? program : await copyOf(program, mistake.edited);
  const database = mistake.database === undefined ? null : await databaseOf(mistake.database);
  if (database !== null) dropped.push(() => database.drop());
  const dataDir = join(folder, unique('data'));
  const before = database === null ? '' : await stateOf(database.url);
  const named =
    database === null ? {} : { DATABASE_URL: database.url, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const home = join(folder, 'home');
  await mkdir(home);
  const child = spawn(
    process.execPath,
    [join(root, 'cli', 'main.js'), 'start', ...(mistake.args ?? [])],
    {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: START_MS,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        PORT: '0',
        FIREBREAK_DATA_DIR: dataDir,
        ...named,
        ...mistake.environment,
      },
    },
  );
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  const after = database === null ? '' : await stateOf(database.url);
  const left = await readdir(dataDir).catch(() => null);
  return { code, out, err, dataDir: left, before, after };
}

const ended = new Map<Mistake, Ended>();
beforeAll(async () => {
  await Promise.all(MISTAKES.map(async (mistake) => ended.set(mistake, await startOf(mistake))));
}, START_MS);
afterAll(async () => {
  for (const drop of dropped) await drop();
});

test.each(MISTAKES.map((mistake) => [mistake.name, mistake] as const))('%s', (_name, mistake) => {
  const { code, out, err, dataDir, before, after } = ended.get(mistake) ?? {};
  expect(err).toMatch(mistake.told);
  expect([code, out]).toEqual([mistake.exit, '']);
  expect(err).toMatch(/^error: /m);
  expect(err).not.toMatch(/\n\s+at |node_modules|firebreak incident|firebreak start/);
  expect(err).not.toContain(PASSWORD);
  // Where a database is named the folder may have been made, but nothing was put into it.
  expect(dataDir ?? []).toEqual([]);
  expect(after).toBe(before);
});

/** Mistakes in one file that need no process of their own. */
const FILES: readonly (readonly [name: string, text: string, told: RegExp])[] = [
  [
    'several mistakes, each told',
    'rout: []\nroutes:\n  - name: a\n    when: nobody\n    playbook: p\n',
    /f\.yaml:1:1: Unknown key 'rout'\. Did you mean 'routes'\?/,
  ],
  [
    'a route that names no playbook',
    "routes:\n  - name: a\n    when: 'true'\n    playbook: poisoned-date\n",
    /f\.yaml:4:15: There is no playbook 'poisoned-date'\. Did you mean 'poisoned-data'\?/,
  ],
  [
    'a route that gives no truth',
    "routes:\n  - name: a\n    when: '1 + 1'\n    playbook: poisoned-data\n",
    /f\.yaml:3:\d+: CEL: this is int, but bool is needed/,
  ],
  [
    'a secret that nobody set',
    'sources:\n  - name: a\n    kind: alertmanager\n    authentication: { kind: hmac, secrets: [{ env: HOOK_OF_NOBODY }] }\n',
    /f\.yaml:4:\d+: The variable HOOK_OF_NOBODY is not set\./,
  ],
  [
    'an empty secret',
    "sources:\n  - name: a\n    kind: alertmanager\n    authentication: { kind: hmac, secrets: [''] }\n",
    /f\.yaml:4:\d+: .*secrets/,
  ],
  [
    'a connector that nobody knows',
    'instances:\n  - { name: a, connector: mlflo }\n',
    /f\.yaml:2:\d+: Unknown connector 'mlflo'\. Did you mean 'mlflow'\?/,
  ],
  ['a key twice', 'people: []\npeople: []\n', /f\.yaml:2:1: The key 'people' is given twice\./],
  ['YAML that is none', 'people: {\n', /f\.yaml:\d+:\d+: ./],
];

test.each(FILES)('a configuration: %s', async (_name, content, told) => {
  const folder = await tempDir();
  const file = join(folder, 'f.yaml');
  await writeFile(file, content);
  const dataDir = join(folder, 'data');
  const { code, out, err } = await run(['start', '--config', file, '--data-dir', dataDir]);
  expect(err).toMatch(told);
  expect([code, out]).toEqual([2, '']);
  expect(err).not.toMatch(/\n\s+at |node_modules/);
  expect(await readdir(folder)).toEqual(['f.yaml']);
});

test('a configuration: a folder in its place', async () => {
  const folder = await tempDir();
  const { code, err } = await run([
    'start',
    '--config',
    folder,
    '--data-dir',
    join(folder, 'data'),
  ]);
  expect(err).toContain(`${folder} cannot be read: it is a folder.`);
  expect([code, await readdir(folder)]).toEqual([2, []]);
});
