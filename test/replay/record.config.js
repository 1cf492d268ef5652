/** `npm run record-histories`: runs the scenarios for real and writes what Temporal recorded of them. */
const replay = require('../../jest.config').projects.find(({ displayName }) => displayName === 'replay');

module.exports = {
  ...replay,
  displayName: 'record',
  testMatch: ['<rootDir>/test/replay/record-histories.ts'],
  testTimeout: 180_000,
};
