import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openFolder } from '../support/open-folder';
import { startTemporal } from '../support/temporal';
import { runSeed, type SeedOptions, type SeedResult } from './one-seed';
import { startStressServer } from './servers';

const usage = `npm run stress -- [--seconds N] [--seed S] [--seeds K] [--mode full|lanes] [--capture triggers|logical|none|both]
                  [--fault fence|gate|lock|cursor] [--scenario fence|gate|lock|cursor] [--strikes N] [--clients N] [--scale N] [--round-keys N]
                  [--patience SECONDS] [--keep FOLDER]

Migrates a source that is being written, while workers, sessions and servers are broken at random, once for each seed from S on,
until N seconds have passed or K seeds are through; then compares. Exit code 1 when anything differs.`;

const line = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string' },
      capture: { type: 'string', default: 'both' },
      fault: { type: 'string' },
      scenario: { type: 'string' },
      mode: { type: 'string', default: 'full' },
      strikes: { type: 'string', default: '4' },
      clients: { type: 'string', default: '3' },
      'round-keys': { type: 'string' },
      scale: { type: 'string', default: '1' },
      patience: { type: 'string' },
      keep: { type: 'string', default: join(tmpdir(), 'rowproof-stress') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    line(usage);
    return 0;
  }
  const seconds = values.seconds === undefined ? Infinity : Number(values.seconds);
  const seeds = values.seeds === undefined ? (values.seconds === undefined ? 1 : Infinity) : Number(values.seeds);
  mkdirSync(values.keep, { recursive: true });
  const folder = openFolder('rowproof-stress-');
  const began = performance.now();
  const source = await startStressServer(join(folder, 'source'));
  const target = await startStressServer(join(folder, 'target'));
  const temporal = values.mode === 'lanes' ? null : await startTemporal();
  const results: SeedResult[] = [];
  try {
    for (let n = 0; n < seeds && (performance.now() - began) / 1_000 < seconds; n += 1) {
      const seed = Number(values.seed) + n;
      const capture = values.capture === 'both' ? (seed % 2 === 0 ? 'logical' : 'triggers') : values.capture;
      const result = await runSeed({ source, target }, temporal, {
        seed,
        capture: capture as SeedOptions['capture'],
        fault: values.fault ?? null,
        scenario: (values.scenario ?? (temporal === null ? values.fault : null) ?? null) as SeedOptions['scenario'],
        patienceMs: Number(values.patience ?? (temporal === null ? 150 : 300)) * 1_000,
        clients: Number(values.clients),
        scale: Number(values.scale),
        roundKeys: Number(values['round-keys'] ?? (temporal === null ? 400 : 1_500)),
        strikes: Number(values.strikes),
        keep: values.keep,
      });
      results.push(result);
      line(sentenceOf(result, capture));
    }
  } finally {
    await temporal?.stop();
    await source.stop();
    await target.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const bad = results.filter(({ outcome, differences }) => outcome !== 'complete' || differences.length > 0);
  const different = results.filter(({ differences }) => differences.length > 0);
  line(
    `${results.length} seeds, ${results.reduce((sum, { transactions }) => sum + transactions, 0)} transactions, ` +
      `${results.reduce((sum, { deeds }) => sum + deeds.length, 0)} deeds, ${((performance.now() - began) / 1_000).toFixed(0)} s: ` +
      `${different.length} with differences, ${bad.length - different.length} not to an end`,
  );
  return bad.length === 0 && results.length > 0 ? 0 : 1;
}

function sentenceOf(result: SeedResult, capture: string): string {
  const { seed, outcome, differences, transactions, unknown, deeds, seconds, longestWaitMs, sentence } = result;
  const verdict = differences.length > 0 ? 'DIFFERS' : outcome === 'complete' ? 'ok' : outcome.toUpperCase();
  return [
    `seed ${seed} ${capture} ${verdict} ${seconds.toFixed(1)} s, ${transactions} transactions (${unknown} unknown), longest wait ${longestWaitMs.toFixed(0)} ms`,
    ...(deeds.length > 0 ? [`  deeds: ${deeds.join(', ')}`] : []),
    ...(verdict === 'ok' ? [] : [`  ${sentence}`]),
    ...differences.slice(0, 12).map((difference) => `  ${difference}`),
  ].join('\n');
}

// what the test started ends with it
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
