const { posix, relative, sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take longest, in seconds on two cores: a fresh clone has no timings of its own yet. */
const seconds = {
  'end-to-end/states/ways-out': 280,
  'end-to-end/states/frozen': 200,
  'end-to-end/hybrid': 203,
  'end-to-end/stress-sample': 90,
  'end-to-end/secrecy': 51,
  'browser/operator': 45,
  'database/discovery/discovery': 42,
  'end-to-end/bad-input': 35,
  'end-to-end/resumption': 35,
  'end-to-end/going-on': 35,
  'end-to-end/everyday-schemas': 35,
  'end-to-end/operators': 35,
  'end-to-end/chinook': 35,
  'database/capture-logical/states': 35,
};

/** Starts long files before short ones, so that all workers end together. What the last runs here took counts for more. */
module.exports = class LongestFirst extends Sequencer {
  time(test) {
    const file = relative(`${test.context.config.rootDir}/test`, test.path).split(sep).join(posix.sep);
    const usual = seconds[file.replace(/\.test\.ts$/, '')] ?? (file.startsWith('end-to-end/') ? 20 : null);
    // about as long as a database test of this size takes
    return super.time(test) ?? (usual === null ? (test.context.hasteFS.getSize(test.path) ?? 0) : usual * 1000);
  }
};
