const base = require('../../jest.config');

/** Values near the most that the protocol carries: minutes and gigabytes each, so they are run by `npm run test:large` and not with the others. */
const database = base.projects.find(({ displayName }) => displayName === 'database');

module.exports = {
  ...database,
  displayName: 'large',
  rootDir: database.rootDir,
  testMatch: ['<rootDir>/test/large/**/*.test.ts'],
  testTimeout: 900_000,
};
