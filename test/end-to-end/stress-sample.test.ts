import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder } from '../support/open-folder';
import { runSeed, type SeedOptions, type SeedResult } from '../stress/one-seed';
import { startStressServer, type StressServer } from '../stress/servers';

let folder: string;
let servers: { source: StressServer; target: StressServer } | undefined;

beforeAll(async () => {
  folder = openFolder('rowproof-sample-');
  const [source, target] = await Promise.all([
    startStressServer(join(folder, 'source')),
    startStressServer(join(folder, 'target')),
  ]);
  servers = { source, target };
});

afterAll(async () => {
  await Promise.all([servers?.source.stop(), servers?.target.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function run(options: Partial<SeedOptions>): Promise<SeedResult> {
  return runSeed(servers as NonNullable<typeof servers>, null, {
    seed: 1,
    capture: 'triggers',
    fault: null,
    scenario: null,
    patienceMs: 150_000,
    clients: 2,
    scale: 1,
    roundKeys: 400,
    strikes: 0,
    keep: join(folder, 'kept'),
    ...options,
  });
}

test('A source that is written while a stopped process comes back to its round arrives row by row', async () => {
  const { outcome, differences, sentence } = await run({ scenario: 'fence' });
  expect({ outcome, differences, sentence }).toMatchObject({ outcome: 'complete', differences: [] });
});
