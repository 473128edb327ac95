/** One line planted in a tree of otherwise innocent files. */
export interface Planted {
  /** File that holds the line. */
  readonly file: string;
  readonly line: string;
  /** The rule that must refuse it; null when it must pass. */
  readonly rule: string | null;
}

const BOUNDARY = 'boundaries/dependencies';
const RESTRICTED = 'no-restricted-imports';
const GUARDED = 'firebreak/guarded-writes';

/** Files that exist in the planted tree, so that imports resolve. */
export const PRESENT: readonly string[] = [
  'domain/noun.ts',
  'domain/noun-schema.ts',
  'expression/noun.ts',
  'evidence/noun.ts',
  'evidence/digest.ts',
  'render/noun.ts',
  'store/noun.ts',
  'lab/noun.ts',
  'playbooks/noun.ts',
  'playbooks/yaml-document.ts',
  'regimes/noun.ts',
  'intake/noun.ts',
  'connectors/connector.ts',
  'connectors/registry.ts',
  'connectors/one/client.ts',
  'connectors/one/index.ts',
  'connectors/one/manifest.ts',
  'connectors/two/client.ts',
  'workflows/noun.ts',
  'workflows/messages.ts',
  'activities/noun.ts',
  'worker/noun.ts',
  'api/noun.ts',
  'api/client.ts',
  'app/noun.ts',
  'cli/noun.ts',
  'web/noun.ts',
  'bench/noun.ts',
  'scripts/noun.ts',
  'test/harness.ts',
  'test/noun.ts',
];

/** A present file that imports one that plants are put in. */
export const CIRCLE = {
  file: 'render/circle.ts',
  line: `export { noun } from './planted.ts';`,
} as const;

const value = (path: string): string => `import { noun } from '${path}';`;
const type = (path: string): string => `import type { Noun } from '${path}';`;
const dynamic = (path: string): string => `export const load = () => import('${path}');`;

const refuse = (file: string, line: string, rule = BOUNDARY): Planted => ({ file, line, rule });
const pass = (file: string, line: string): Planted => ({ file, line, rule: null });

/** At least one violation per row of the import table. */
export const VIOLATIONS: readonly Planted[] = [
  refuse('domain/planted.ts', value('../render/noun.ts')),
  refuse('domain/planted.ts', type('../store/noun.ts')),
  refuse('domain/planted.ts', `import { createHash } from 'node:crypto';`),
  refuse('domain/planted.ts', `import { z } from 'zod';`),
  refuse('domain/planted-schema.ts', `import pg from 'pg';`),
  refuse('expression/planted.ts', value('../store/noun.ts')),
  refuse('evidence/planted.ts', value('../store/noun.ts')),
  refuse('render/planted.ts', value('../evidence/noun.ts')),
  refuse('store/planted.ts', value('../evidence/noun.ts')),
  refuse('store/planted.ts', type('../connectors/connector.ts')),
  refuse('lab/planted.ts', value('../connectors/one/client.ts')),
  refuse('lab/planted.test.ts', value('../connectors/one/client.ts')),
  refuse('playbooks/planted.ts', value('../connectors/one/index.ts')),
  refuse('playbooks/planted.ts', value('../connectors/connector.ts')),
  refuse('regimes/planted.ts', value('../playbooks/noun.ts')),
  refuse('regimes/planted.ts', value('../render/noun.ts')),
  refuse('playbooks/planted.ts', value('../regimes/noun.ts')),
  refuse('intake/planted.ts', value('../store/noun.ts')),
  refuse('connectors/planted.ts', value('./one/client.ts')),
  refuse('connectors/planted.ts', value('../evidence/noun.ts')),
  refuse('connectors/one/planted.ts', value('../two/client.ts')),
  refuse('connectors/one/planted.ts', type('../two/client.ts')),
  refuse('connectors/one/planted.ts', value('../registry.ts')),
  refuse('connectors/one/planted.ts', value('../../lab/noun.ts')),
  refuse('connectors/registry.ts', value('./one/index.ts')),
  refuse('workflows/planted.ts', value('../activities/noun.ts')),
  refuse('workflows/planted.ts', type('../store/noun.ts')),
  refuse('workflows/planted.ts', value('../domain/noun-schema.ts'), RESTRICTED),
  refuse('workflows/planted.ts', `import { z } from 'zod';`, RESTRICTED),
  refuse('workflows/planted.ts', `import { readFile } from 'node:fs/promises';`, RESTRICTED),
  refuse('workflows/planted.ts', `import { Client } from '@temporalio/client';`, RESTRICTED),
  refuse('workflows/planted.ts', `export const answer = fetch('/');`, 'no-restricted-globals'),
  refuse('activities/planted.ts', value('../store/noun.ts')),
  refuse('activities/planted.ts', value('../connectors/connector.ts')),
  refuse('activities/planted.ts', type('../connectors/one/client.ts')),
  refuse('activities/planted.ts', value('../workflows/noun.ts')),
  refuse('worker/planted.ts', value('../activities/noun.ts')),
  refuse('worker/planted.ts', value('../workflows/noun.ts')),
  refuse('api/planted.ts', value('../store/noun.ts')),
  refuse('api/planted.ts', value('../workflows/noun.ts')),
  refuse('api/planted.ts', type('../activities/noun.ts')),
  refuse('app/planted.ts', value('../lab/noun.ts')),
  refuse('app/planted.ts', dynamic('../cli/noun.ts')),
  refuse('app/planted.ts', value('../web/noun.ts')),
  refuse('cli/planted.ts', value('../app/noun.ts')),
  refuse('cli/planted.ts', value('../api/noun.ts')),
  refuse('cli/planted.ts', value('../lab/noun.ts')),
  refuse('web/planted.ts', value('../render/noun.ts')),
  refuse('web/planted.ts', value('../api/noun.ts')),
  refuse('bench/planted.ts', value('../store/noun.ts')),
  refuse('scripts/planted.ts', value('../store/noun.ts')),
  refuse('render/planted.test.ts', value('../store/noun.ts')),
  refuse('render/planted.test.ts', value('../test/noun.ts')),
  refuse('render/planted.ts', value('../test/harness.ts')),
  refuse('strange/planted.ts', 'export const here = 1;', 'boundaries/no-unknown-files'),
  refuse('render/planted.ts', `export * from './noun.ts';`, 'no-restricted-syntax'),
  refuse('render/planted.ts', `export default 1;`, 'import-x/no-default-export'),
  refuse('render/planted.ts', `export const at = new Date();`, 'no-restricted-syntax'),
  refuse('api/planted.ts', `export const home = process.env.HOME;`, 'no-restricted-properties'),
  refuse('intake/planted.ts', `import { evaluate } from '@marcbachmann/cel-js';`, RESTRICTED),
  refuse('render/planted.ts', value('./circle.ts'), 'import-x/no-cycle'),
  // Ways past the guard: a permit of one's own, a verb called directly, a request sent directly.
  refuse(
    'activities/planted.ts',
    `export const free = { permit: () => Promise.resolve() };`,
    GUARDED,
  ),
  refuse('app/planted.ts', `export const free = { async permit() {} };`, GUARDED),
  refuse('api/planted.ts', `export const free = (c) => (c.permit = async () => {});`, GUARDED),
  refuse('cli/planted.ts', `export const go = (c) => ({ ...c, 'permit': c.x });`, GUARDED),
  refuse('activities/planted.ts', `export const go = (a, i, p, c) => a.apply(i, p, c);`, GUARDED),
  refuse(
    'activities/planted.ts',
    `export const go = (a, l) => Reflect.apply(a.apply, a, l);`,
    GUARDED,
  ),
  refuse(
    'activities/planted.ts',
    `export const go = (a, i, p, c) => a.ensure?.(i, p, c);`,
    GUARDED,
  ),
  refuse(
    'app/planted.ts',
    `export const go = (a, i, p, c) => a.actions['scale'].revert(i, p, c);`,
    GUARDED,
  ),
  refuse('activities/planted.ts', `export const take = ({ ensure }) => ensure;`, GUARDED),
  refuse(
    'connectors/one/planted.ts',
    `export const send = () => fetch('/', { method: 'PUT' });`,
    GUARDED,
  ),
  refuse('connectors/one/planted.ts', `import { request } from 'node:https';`, GUARDED),
  refuse('connectors/one/planted.ts', `import { request as other } from 'undici';`, GUARDED),
  refuse('connectors/one/planted.ts', `export const net = () => import('node:net');`, GUARDED),
  refuse(
    'connectors/one/planted.ts',
    `export const call = { method: 'PUT', readOnly: true };`,
    GUARDED,
  ),
];

/** What must stay allowed, so that no rule refuses everything. */
export const ALLOWED: readonly Planted[] = [
  pass('domain/planted-schema.ts', `import { z } from 'zod';`),
  pass('domain/planted.test.ts', `import { test } from '@jest/globals';`),
  pass('expression/planted.ts', `import { evaluate } from '@marcbachmann/cel-js';`),
  pass('evidence/planted.ts', `import { createHash } from 'node:crypto';`),
  pass('render/planted.ts', value('../domain/noun.ts')),
  pass('render/planted.ts', 'export const at = new Date(0);'),
  pass('store/planted.ts', value('../evidence/digest.ts')),
  pass('playbooks/planted.ts', value('../connectors/one/manifest.ts')),
  pass('playbooks/planted.ts', value('../connectors/registry.ts')),
  pass('regimes/planted.ts', value('../playbooks/yaml-document.ts')),
  pass('regimes/planted.ts', value('../expression/noun.ts')),
  pass('connectors/registry.ts', value('./one/manifest.ts')),
  pass('connectors/registry.ts', dynamic('./one/index.ts')),
  pass('connectors/one/planted.ts', value('../connector.ts')),
  pass('connectors/one/planted.ts', value('./client.ts')),
  pass('connectors/one/planted.test.ts', value('../../lab/noun.ts')),
  pass('workflows/planted.ts', type('../activities/noun.ts')),
  pass('workflows/planted.ts', type('../domain/noun-schema.ts')),
  pass('workflows/planted.ts', `import { sleep } from '@temporalio/workflow';`),
  pass('activities/planted.ts', type('../store/noun.ts')),
  pass('activities/planted.ts', type('../connectors/connector.ts')),
  pass('worker/planted.ts', value('../workflows/messages.ts')),
  pass('worker/planted.ts', type('../activities/noun.ts')),
  pass('api/planted.ts', value('../workflows/messages.ts')),
  pass('api/planted.ts', type('../store/noun.ts')),
  pass('app/planted.ts', value('../activities/noun.ts')),
  pass('cli/planted.ts', dynamic('../app/noun.ts')),
  pass('cli/planted.ts', value('../api/client.ts')),
  pass('cli/demo.ts', value('../lab/noun.ts')),
  pass('web/planted.ts', value('../api/client.ts')),
  pass('bench/planted.ts', value('../app/noun.ts')),
  pass('render/planted.test.ts', value('../test/harness.ts')),
  pass('test/planted.ts', value('../connectors/one/client.ts')),
  pass('app/planted.ts', `export const none = { permit: () => Promise.reject(new Error('no')) };`),
  pass('activities/planted.ts', `export const use = async ({ permit }) => permit();`),
  pass('activities/planted.ts', `export const bind = (f, self, list) => f.apply(self, list);`),
  pass(
    'activities/planted.ts',
    `export const call = (f, list) => Reflect.apply(f, undefined, list);`,
  ),
  pass('connectors/one/planted.ts', `import type { RequestOptions } from 'node:https';`),
  pass('connectors/one/planted.ts', `import { WebAPIHTTPError } from '@slack/web-api';`),
  pass('test/planted.ts', `export const free = { permit: () => Promise.resolve() };`),
];
