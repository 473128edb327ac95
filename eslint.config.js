import js from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import importX from 'eslint-plugin-import-x';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';
import { guardedWrites } from './scripts/guarded-writes.js';
import { elements, fileCategories, policies } from './scripts/import-policies.js';

// Zero warnings: a rule is an error or absent.

const TYPESCRIPT = ['**/*.ts', '**/*.tsx'];
const TESTS = ['**/*.test.ts', 'test/**'];

/** Pure folders have no clock and no chance: both are handed in. */
const PURE = ['domain/**', 'render/**', 'intake/**', 'expression/**', 'evidence/**'];

/** Folders whose configuration is handed in; the environment is read in app/ (and by tools). */
const CONFIGURED = [
  ...PURE,
  'playbooks/**',
  'regimes/**',
  'workflows/**',
  'activities/**',
  'connectors/**',
  'store/**',
  'worker/**',
  'api/**',
  'lab/**',
];

const clockAndChance = [
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'A pure module has no clock: take the time as a parameter.',
  },
  {
    selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message: 'A pure module has no clock: take the time as a parameter.',
  },
  {
    selector: 'CallExpression[callee.object.name="Math"][callee.property.name="random"]',
    message: 'A pure module has no randomness: take it as a parameter.',
  },
];

const barrels = [
  {
    selector: 'ExportAllDeclaration',
    message: 'No barrels: import from the file that defines it.',
  },
  {
    selector: 'ExportNamedDeclaration[source]',
    message: 'No barrels: import from the file that defines it.',
  },
];

const celOnlyInExpression = {
  name: '@marcbachmann/cel-js',
  message: 'Only expression/ knows the CEL library.',
};

const workflowImports = {
  paths: [
    celOnlyInExpression,
    { name: 'zod', allowTypeImports: true, message: 'Workflows hold no zod values.' },
  ],
  patterns: [
    { regex: '^node:', message: 'Workflows run without Node.' },
    {
      regex: '^@temporalio/(?!(workflow|common)$)',
      message: 'Workflows know only @temporalio/workflow and @temporalio/common.',
    },
    {
      regex: '-schema\\.ts$',
      allowTypeImports: true,
      message: 'Schemas hold zod values: import their types only.',
    },
  ],
};

/**
 * Who may import whom: apart, so that test/boundaries can run exactly these rules on planted
 * violations, without type information.
 */
export const importRules = [
  {
    files: TYPESCRIPT,
    languageOptions: { parser: tseslint.parser },
    plugins: { boundaries, 'import-x': importX },
    settings: {
      'boundaries/elements': elements,
      'boundaries/files': fileCategories,
      'import-x/extensions': ['.ts', '.tsx', '.js', '.mjs'],
      'import-x/external-module-folders': ['node_modules'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        { default: 'disallow', checkAllOrigins: true, policies },
      ],
      'boundaries/no-unknown-files': 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-default-export': 'error',
      'no-restricted-imports': ['error', { paths: [celOnlyInExpression] }],
      'no-restricted-syntax': ['error', ...barrels],
    },
  },
  {
    files: ['expression/**'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: PURE,
    ignores: ['**/*.test.ts'],
    rules: { 'no-restricted-syntax': ['error', ...barrels, ...clockAndChance] },
  },
  {
    // Registries: exactly the workflows of the bundle, exactly the activities.
    files: ['workflows/index.ts', 'activities/index.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['workflows/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': ['error', workflowImports],
      'no-restricted-globals': ['error', 'process', 'fetch', 'console', 'Buffer'],
    },
  },
  {
    files: CONFIGURED,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only app/ reads the environment.' },
      ],
    },
  },
];

/** No way past the guard: apart for the same reason. */
export const guardRules = [
  {
    files: TYPESCRIPT,
    ignores: [...TESTS, 'lab/**', '**/test-*.ts'],
    plugins: { firebreak: { rules: { 'guarded-writes': guardedWrites } } },
    rules: { 'firebreak/guarded-writes': 'error' },
  },
];

const documentedExports = [
  'ClassDeclaration',
  'FunctionDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'ExportNamedDeclaration > VariableDeclaration',
];

export default tseslint.config(
  { ignores: ['dist/**', 'coverage/**', 'bench/peers/**', '.firebreak/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...importRules,
  ...guardRules,
  {
    files: TYPESCRIPT,
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { jsdoc },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      complexity: ['error', 10],
      eqeqeq: 'error',
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          enableFixer: false,
          contexts: documentedExports,
          require: { FunctionDeclaration: false },
        },
      ],
      'max-depth': ['error', 3],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 3],
      'no-console': 'error',
    },
  },
  {
    files: ['web/**/*.tsx'],
    rules: {
      'max-lines-per-function': ['error', { max: 120, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: TESTS,
    rules: {
      'max-lines-per-function': 'off',
      'jsdoc/require-jsdoc': 'off',
      // Jest's matchers take methods as values.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        console: 'readonly',
        process: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
      },
    },
  },
);
