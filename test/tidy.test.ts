// Goal: rules that no other tool checks hold over the whole repository.
// Method: every file that git knows or would add is read once; each rule lists what breaks it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { generatedFiles } from '../scripts/generated-files.ts';

const ROOT = join(import.meta.dirname, '..');
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: OUTPUT_BYTES_MAX,
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const ending = (...ends: readonly string[]): readonly string[] =>
  FILES.filter((path) => ends.some((end) => path.endsWith(end)));

const CODE = ending('.ts', '.tsx', '.js', '.mjs');
const HERE = join('test', 'tidy.test.ts');

/** `path:line` of every line of the files that the pattern finds. */
function linesWith(paths: readonly string[], pattern: RegExp): readonly string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${(index + 1).toString()} ${line.trim()}`] : [],
      ),
  );
}

const glossary = read('docs/glossary.md');
const AVOIDED = [
  ...(glossary.split('## Words that names avoid')[1] ?? '').matchAll(/`([a-z]+)`/gu),
].map((match) => match[1] ?? '');
/** The words of a kebab-case, camel-case or Pascal-case name. */
const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/gu, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/u);
const avoided = (names: readonly string[]): readonly string[] =>
  names.filter((name) => wordsOf(name).some((word) => AVOIDED.includes(word)));

describe('Markdown', () => {
  const pages = ending('.md');
  const withoutCode = (text: string): string => text.replace(/^(`{3,})[\s\S]*?^\1`*$/gmu, '');

  test.each(pages)('%s has one title', (path) => {
    expect(withoutCode(read(path)).match(/^# .+/gmu) ?? []).toHaveLength(1);
  });

  test.each(pages)('%s has no dead relative link', (path) => {
    const links = [...withoutCode(read(path)).matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/gu)].map(
      (match) => match[1] ?? '',
    );
    const dead = links
      .filter((link) => !/^[a-z]+:/iu.test(link))
      .filter((link) => !existsSync(join(ROOT, normalize(join(dirname(path), decodeURI(link))))));
    expect(dead).toEqual([]);
  });
});

describe('names', () => {
  test('the glossary lists the words to avoid', () => {
    expect(AVOIDED.length).toBeGreaterThan(5);
  });

  test('files are kebab-case', () => {
    const odd = CODE.filter(
      (path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|config))?\.[a-z]+$/u.test(basename(path)),
    );
    expect(odd).toEqual([]);
  });

  test('files avoid empty words', () => {
    expect(avoided(CODE)).toEqual([]);
    expect(CODE.filter((path) => /(?:^|\/)(?:common|types|misc)(?:\/|\.ts)/u.test(path))).toEqual(
      [],
    );
  });

  test('exported types of the vocabulary avoid other traditions’ words', () => {
    const sources = CODE.filter(
      (path) => /^domain\/[^/]+\.ts$|^api\/contract\.ts$/u.test(path) && !path.endsWith('.test.ts'),
    );
    const names = sources.flatMap((path) =>
      [...read(path).matchAll(/^export (?:interface|type|class) (\w+)/gmu)].map(
        (match) => match[1] ?? '',
      ),
    );
    expect(names.length).toBeGreaterThan(0);
    expect(avoided(names)).toEqual([]);
  });

  test('commands and playbook keys avoid them too', () => {
    const commands = CODE.filter((path) => path.startsWith('cli/')).flatMap((path) =>
      [...read(path).matchAll(/\.command\(\s*'([^']+)'/gu)].map((match) => match[1] ?? ''),
    );
    // A runbook is a human page, and `incident runbook` prints one.
    expect(avoided(commands.filter((name) => name.split(' ')[0] !== 'runbook'))).toEqual([]);
    const keys = [...read('playbooks/playbook.schema.json').matchAll(/^\s*"([\w-]+)":/gmu)].map(
      (match) => match[1] ?? '',
    );
    expect(avoided(keys)).toEqual([]);
  });
});

describe('connectors', () => {
  const folders = [
    ...new Set(FILES.flatMap((path) => /^connectors\/([^/]+)\/.+/u.exec(path)?.[1] ?? [])),
  ];

  test.each(folders)('%s has its manifest, entry, README and a test', (folder) => {
    const inside = FILES.filter((path) => path.startsWith(`connectors/${folder}/`)).map((path) =>
      basename(path),
    );
    expect(inside).toEqual(expect.arrayContaining(['manifest.ts', 'index.ts', 'README.md']));
    expect(inside.some((name) => name.endsWith('.test.ts'))).toBe(true);
  });
});

describe('generated files', () => {
  test.each(generatedFiles().map(({ path, text }): [string, string] => [path, text]))(
    '%s is current',
    (path, text) => {
      expect(existsSync(join(ROOT, path)) ? read(path) : 'missing: npm run generate').toBe(text);
    },
  );
});

describe('leftovers', () => {
  const others = CODE.filter((path) => path !== HERE);

  test('nothing is left to do', () => {
    expect(linesWith(others, /\b(?:TODO|FIXME|XXX|HACK)\b/u)).toEqual([]);
  });

  test('no test is singled out or switched off', () => {
    expect(
      linesWith(others, /\b(?:test|it|describe)\.(?:only|skip|todo)\b|\b[fx](?:it|describe)\(/u),
    ).toEqual([]);
  });

  test('nothing prints for debugging', () => {
    // The tests of the set-up write programs, which print.
    const product = others.filter((path) => !/^(scripts|test\/setup)/u.test(path));
    expect(linesWith(product, /\bconsole\.\w+\(|\bdebugger\b/u)).toEqual([]);
  });

  test('every switched-off lint rule carries a reason', () => {
    expect(linesWith(others, /eslint-disable(?!.* -- \S)/u)).toEqual([]);
    expect(linesWith(others, /@ts-(?:ignore|nocheck|expect-error)(?! -- \S)/u)).toEqual([]);
  });
});

describe('the lock file', () => {
  const lock = z
    .object({
      packages: z.record(
        z.string(),
        z.object({
          optionalDependencies: z.record(z.string(), z.string()).optional(),
          resolved: z.string().optional(),
        }),
      ),
    })
    .parse(JSON.parse(read('package-lock.json')));

  test('has an entry for every optional dependency', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter((name) => {
        const parts = path.split('/node_modules/');
        const places = parts.map((_, index) =>
          [...parts.slice(0, parts.length - index), name].join('/node_modules/'),
        );
        return ![...places, `node_modules/${name}`].some(
          (place) => place.replace(/^\//u, '') in lock.packages,
        );
      }),
    );
    expect(missing).toEqual([]);
  });

  test('names no host', () => {
    expect(
      Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined),
    ).toEqual([]);
  });
});
