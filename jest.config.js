const tiers = ['unit', 'database', 'replay', 'end-to-end', 'browser'];

/** One project a tier: `npx jest --selectProjects unit`. A generous limit: it stops what hangs, it measures nothing. */
module.exports = {
  testTimeout: 180_000,
  // most tests wait for servers: two at a time also on two cores; four were no faster there
  maxWorkers: '100%',
  testSequencer: '<rootDir>/test/support/longest-first.js',
  projects: tiers.map((tier) => ({
    displayName: tier,
    rootDir: __dirname,
    testEnvironment: 'node',
    testMatch: [`<rootDir>/test/${tier}/**/*.test.ts`],
    modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/dist-next-'],
    transform: {
      '^.+\\.ts$': [
        '@swc/jest',
        { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
      ],
    },
    ...(tier === 'unit'
      ? {}
      : {
          globalSetup: '<rootDir>/test/support/postgres/start-postgres.ts',
          globalTeardown: '<rootDir>/test/support/postgres/stop-postgres.ts',
        }),
  })),
};
