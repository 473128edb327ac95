import shared from '../../jest.config.js';

/** The suites against real servers: `npm run conformance`. @type {import('jest').Config} */
export default {
  ...shared,
  rootDir: '../..',
  roots: ['<rootDir>/test/conformance'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: undefined,
  globalTeardown: undefined,
  testTimeout: 180_000,
  maxWorkers: 1,
  // A suite whose server did not start leaves a proxy open.
  forceExit: true,
};
