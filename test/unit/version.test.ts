import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineVersion } from '../../src/contract/version';

it('the engine version is the version of the package', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { version: string };
  expect(engineVersion).toBe(version);
});
