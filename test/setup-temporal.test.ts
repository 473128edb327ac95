// Goal: the Temporal programs come from the first source that works, are what was pinned, and when all
// fail one message says what was tried and what to do. Method: our scripts with a PATH, a cache and a
// vendor that the test makes.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { cacheFolder } from '../app/cache-folder.ts';
import {
  TEMPORAL_CLI_VERSION,
  TEMPORAL_TEST_SERVER_VERSION,
} from '../app/embedded/temporal-cli.ts';
import { tempDir } from './harness.ts';
import { makeCheckout, runNode, type Ended } from './setup-checkout.ts';

const SCRIPTS = join(import.meta.dirname, '..', 'scripts', 'setup');
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function program(folder: string, name: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

const CLI_1_9 = 'echo "temporal version 1.9.1 (Server 1.32.0)"';

describe('when every source is broken', () => {
  test('one message lists each attempt, its cause and the fix, and the exit code is 4', async () => {
    const { root, setup } = await makeCheckout();
    const bin = join(root, 'bin');
    program(bin, 'temporal', 'echo "temporal version 1.2.0 (Server 1.20.0)"');
    program(
      bin,
      'python3',
      'echo "ERROR: No matching distribution found for x (from https://registry.test/simple/)" >&2; exit 1',
    );
    const { code, stderr, stdout } = await setup(['--temporal', '--test-server'], {
      PATH: bin,
      TEMPORAL_CLI_PATH: join(root, 'gone'),
      HTTPS_PROXY: 'http://127.0.0.1:9',
    });
    expect(code).toBe(4);
    expect(stdout).toBe('');
    for (const line of [
      'No Temporal CLI 1.9.1 was found',
      'No Temporal time-skipping test server 1.40.0 was found',
      `TEMPORAL_CLI_PATH: ${join(root, 'gone')} is not a program`,
      `PATH: ${join(bin, 'temporal')} is 1.2.0; 1.5.1 or newer is needed`,
      'PATH: no `temporal-test-server` in it',
      `cache ${join(root, 'home/.cache/firebreak/temporal-cli-1.9.1')}: not there`,
      'download https://temporal.download/cli/archive/v1.9.1?platform=',
      'ECONNREFUSED',
      'by python3 -m pip: ERROR: No matching distribution found',
      'by pip3: pip3 is not installed',
      'by pip: pip is not installed',
      'Fix, any one of these:',
      'set TEMPORAL_CLI_PATH to its path',
    ]) {
      expect(stderr).toContain(line);
    }
    const hosts = new Set([...stderr.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host));
    expect([...hosts]).toEqual(['temporal.download']);
  });

  test('an unreachable vendor is given up within seconds', async () => {
    const { setup } = await makeCheckout();
    // Accepts the connection and never answers.
    const silent = createServer(() => undefined).on('connect', () => undefined);
    closers.push(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const port = await listen(silent);
    const started = Date.now();
    const { stderr } = await setup(['--temporal'], {
      HTTPS_PROXY: `http://127.0.0.1:${port.toString()}`,
    });
    expect(stderr).toContain('the proxy did not answer within 3 s');
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a program that is there', () => {
  test.each([['TEMPORAL_CLI_PATH'], ['PATH']])('is used from %s, silently', async (source) => {
    const { root, setup } = await makeCheckout();
    await setup();
    const path = program(join(root, 'bin'), 'temporal', CLI_1_9);
    const ended = await setup(
      ['--temporal'],
      source === 'PATH' ? { PATH: join(root, 'bin') } : { TEMPORAL_CLI_PATH: path },
    );
    expect(ended).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('is used from the cache only as it was unpacked', async () => {
    const { root, setup } = await makeCheckout();
    await setup();
    const folder = join(root, 'cache/firebreak/temporal-cli-1.9.1');
    const path = program(folder, 'temporal', CLI_1_9);
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    const record = join(folder, 'record.json');
    writeFileSync(record, JSON.stringify({ sha256, size: 0, mtimeMs: 0, ctimeMs: 0, ino: 0 }));
    const environment = { XDG_CACHE_HOME: join(root, 'cache'), HTTPS_PROXY: 'http://127.0.0.1:9' };
    expect(await setup(['--temporal'], environment)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(record, 'utf8'))).toMatchObject({
      sha256,
      size: readFileSync(path).length,
    });
    writeFileSync(path, '#!/bin/sh\necho changed\n');
    const { code, stderr } = await setup(['--temporal'], environment);
    expect(code).toBe(4);
    expect(stderr).toContain('not what was unpacked');
  });
});

/** A tar with one file, as the vendor's archives have. */
function tarGz(name: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000755\0', 100);
  head.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('0', 156);
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return gzipSync(Buffer.concat([head, bytes, padding, Buffer.alloc(1024)]));
}

/** A zip with one file, as a wheel has. */
function zip(name: string, bytes: Buffer): Buffer {
  const data = deflateRawSync(bytes);
  const local = Buffer.alloc(30);
  local.write('PK\x03\x04', 'latin1');
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.write('PK\x01\x02', 'latin1');
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(data.length, 20);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length + name.length + data.length, 16);
  const title = Buffer.from(name);
  return Buffer.concat([local, title, data, central, title, end]);
}

/** Obtains a made-up program pinned to `bytes` from a vendor that answers `archive`. */
async function obtain(input: {
  readonly archive: Buffer;
  readonly wheel?: Buffer;
  readonly bytes: Buffer;
  readonly status?: number;
}): Promise<Ended & { readonly cached: string }> {
  const root = await tempDir();
  const vendor = createServer((request, response) => {
    if (request.url?.startsWith('/moved') === true) {
      response.writeHead(input.status ?? 200).end(input.archive);
    } else response.writeHead(302, { location: '/moved' }).end();
  });
  closers.push(() => {
    vendor.closeAllConnections();
    vendor.close();
  });
  const port = await listen(vendor);
  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const pins = { wheel: digest(input.wheel ?? Buffer.alloc(0)), program: digest(input.bytes) };
  const wanted = {
    title: 'Tool',
    version: '1.0.0',
    name: 'tool',
    folder: 'tool-1.0.0',
    variable: 'TOOL_PATH',
    artifact: 'tool',
    wheel: 'tool-bin',
    platforms: { [`${process.platform}-${process.arch}`]: pins },
  };
  if (input.wheel !== undefined) {
    writeFileSync(join(root, 'w.whl'), input.wheel);
    const bin = join(root, 'bin');
    program(
      bin,
      'pip3',
      `for a in "$@"; do case "$a" in --dest=*) cp "${join(root, 'w.whl')}" "\${a#--dest=}/";; esac; done`,
    );
    symlinkSync('/bin/cp', join(bin, 'cp'));
  }
  const options = {
    environment: { PATH: join(root, 'bin'), TMPDIR: root },
    cacheDir: join(root, 'cache'),
    vendor: `http://127.0.0.1:${port.toString()}`,
  };
  const code = `
    import { obtain } from ${JSON.stringify(pathToFileURL(join(SCRIPTS, 'obtain.mjs')).href)};
    try {
      console.log(await obtain(${JSON.stringify(wanted)}, { ...${JSON.stringify(options)}, log: (line) => console.error(line) }));
    } catch (error) { console.error(error.message); process.exitCode = error.exitCode; }`;
  const ended = await runNode(['--input-type=module', '-e', code], { TMPDIR: root });
  return { ...ended, cached: join(root, 'cache/tool-1.0.0/tool') };
}

describe('a program that is fetched', () => {
  const bytes = Buffer.from('#!/bin/sh\necho tool\n');

  test('comes from the vendor, through redirects, into the cache', async () => {
    const { code, stdout, cached } = await obtain({ archive: tarGz('deep/tool', bytes), bytes });
    expect(code).toBe(0);
    expect(stdout.trim()).toBe(cached);
    expect(readFileSync(cached)).toEqual(bytes);
  });

  test('comes from the wheel when the vendor has something else', async () => {
    const wheel = zip('tool-1.data/scripts/tool', bytes);
    const { code, stderr, cached } = await obtain({
      archive: tarGz('tool', Buffer.from('evil')),
      wheel,
      bytes,
    });
    expect(code).toBe(0);
    expect(stderr).toContain('by pip3');
    expect(readFileSync(cached)).toEqual(bytes);
  });

  test.each<[string, { archive: Buffer; wheel?: Buffer; status?: number }, string]>([
    [
      'is another program',
      { archive: tarGz('tool', Buffer.from('evil')) },
      'not the pinned program',
    ],
    ['lacks the file', { archive: tarGz('readme', bytes) }, 'holds no file tool'],
    ['is no archive', { archive: Buffer.from('<html>') }, 'download'],
    ['is missing', { archive: Buffer.alloc(0), status: 404 }, 'it answered 404'],
  ])('is refused when the archive %s', async (_, given, cause) => {
    const { code, stderr, cached } = await obtain({ ...given, bytes });
    expect(code).not.toBe(0);
    expect(stderr).toContain(cause);
    expect(existsSync(cached)).toBe(false);
  });
});

test('the application looks where the set-up puts things', async () => {
  const pins = readFileSync(join(SCRIPTS, 'programs.mjs'), 'utf8');
  expect(pins).toContain(`folder: 'temporal-cli-${TEMPORAL_CLI_VERSION}'`);
  expect(pins).toContain(`folder: 'temporal-test-server-${TEMPORAL_TEST_SERVER_VERSION}'`);
  const { root, setup } = await makeCheckout();
  const { stderr } = await setup(['--temporal'], { HTTPS_PROXY: 'http://127.0.0.1:9' });
  expect(stderr).toContain(cacheFolder({ HOME: join(root, 'home') }));
});
