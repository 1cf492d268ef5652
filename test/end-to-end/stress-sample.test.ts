import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openFolder } from '../support/open-folder';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { faultRuns, type FaultRun } from '../stress/faults';
import { runSeed, type SeedOptions, type SeedResult } from '../stress/one-seed';
import { startStressServer, type StressServer } from '../stress/servers';

const fence = faultRuns.find(({ fault }) => fault === 'fence');

let folder: string;
let servers: { source: StressServer; target: StressServer } | undefined;
let temporal: TestTemporal | undefined;

beforeAll(async () => {
  folder = openFolder('rowproof-sample-');
  const [source, target, server] = await Promise.all([
    startStressServer(join(folder, 'source')),
    startStressServer(join(folder, 'target')),
    startTemporal(),
  ]);
  servers = { source, target };
  temporal = server;
});

afterAll(async () => {
  await Promise.all([servers?.source.stop(), servers?.target.stop(), temporal?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function run(through: TestTemporal | null, options: Partial<SeedOptions>): Promise<SeedResult> {
  return runSeed(servers as NonNullable<typeof servers>, through, {
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
  const { outcome, differences, sentence, disturbances } = await run(null, { scenario: 'fence' });
  expect({ outcome, differences, sentence }).toMatchObject({ outcome: 'complete', differences: [] });
  expect(JSON.stringify(disturbances)).toContain('stopped until others applied what it had not seen');
});

test('The same without the rule that it rests on is found out: rows are stale, and others are back from the dead', async () => {
  const { differences } = await run(null, { scenario: 'fence', fault: 'fence' });
  expect(differences.join('\n')).toMatch((fence as FaultRun).shows);
});

test('A migration that loses workers, sessions and servers on its way and at the cutover arrives row by row', async () => {
  const { outcome, differences, sentence, disturbances } = await run(temporal as TestTemporal, {
    seed: 3,
    capture: 'logical',
    roundKeys: 1_500,
    strikes: 3,
    // by then it is over, and says what it waited for
    patienceMs: 270_000,
  });
  expect({ outcome, differences, sentence }).toMatchObject({ outcome: 'complete', differences: [] });
  // a fast machine may be through before the last of them
  expect(disturbances.length).toBeGreaterThan(0);
}, 300_000);
