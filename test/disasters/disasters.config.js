const base = require('../../jest.config');

/** Killed workers and whole-machine restarts: minutes each, so they are run by `npm run test:disasters` and not with the others. */
const endToEnd = base.projects.find(({ displayName }) => displayName === 'end-to-end');

module.exports = {
  ...endToEnd,
  displayName: 'disasters',
  rootDir: endToEnd.rootDir,
  testMatch: ['<rootDir>/test/disasters/**/*.test.ts'],
  testTimeout: 600_000,
};
