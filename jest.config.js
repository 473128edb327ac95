/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/test/environment.js',
  roots: ['<rootDir>'],
  testMatch: ['**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/dist/', '<rootDir>/test/conformance/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
    // On Node 20 these ESM-only packages are required by CommonJS ones.
    'node_modules/(cookie|content-disposition)/.+\\.js$': [
      '@swc/jest',
      { jsc: { target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: ['/node_modules/(?!(.+/node_modules/)?(cookie|content-disposition)/)'],
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.ts',
  testSequencer: '<rootDir>/test/sequencer.js',
  testTimeout: 60_000,
  // One more than there are processors: the long suites wait for time-outs and for processes that they started.
  maxWorkers: 3,
  // A suite leaves its modules behind: grown too large, a process spends its time collecting garbage.
  workerIdleMemoryLimit: '768MB',
};
