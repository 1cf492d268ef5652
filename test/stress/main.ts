import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openFolder } from '../support/open-folder';
import { startTemporal } from '../support/temporal';
import { runFault, type FaultVerdict } from './fault-runs';
import { faultRuns } from './faults';
import { runSeed, type SeedOptions, type SeedResult } from './one-seed';
import { startStressServer } from './servers';

const usage = `npm run stress -- [--seconds N] [--seed S] [--seeds K] [--mode full|lanes] [--capture triggers|logical|none|both]
                  [--fault NAME] [--scenario fence|closed|gate|cursor|first|lock|link|identity|books] [--strikes N] [--clients N] [--scale N]
                  [--round-keys N] [--patience SECONDS] [--keep FOLDER]
npm run stress -- --faults [--fault fence|closed|gate|cursor|first|lock|freeze|link|identity|books] [--seed S] [--seeds K]

Migrates a source that is being written, while workers, sessions and servers are broken at random, once for each seed from S on,
until N seconds have passed or K seeds are through; then compares. Exit code 1 when anything differs.

--faults breaks one rule after another on purpose. Exit code 0 when each of them makes the difference that it must make, and the same
seed without it makes none.`;

const line = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string' },
      capture: { type: 'string', default: 'both' },
      fault: { type: 'string' },
      faults: { type: 'boolean', default: false },
      scenario: { type: 'string' },
      mode: { type: 'string', default: 'full' },
      strikes: { type: 'string', default: '4' },
      clients: { type: 'string' },
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
  const temporal =
    values.mode === 'lanes' || values.faults || values.fault !== undefined ? null : await startTemporal();
  const results: SeedResult[] = [];
  const options = {
    patienceMs: Number(values.patience ?? (temporal === null && !values.faults ? 150 : 300)) * 1_000,
    clients: Number(values.clients ?? (values.faults ? 2 : 3)),
    scale: Number(values.scale),
    roundKeys: Number(values['round-keys'] ?? (temporal === null ? 400 : 1_500)),
    strikes: Number(values.strikes),
    keep: values.keep,
  };
  try {
    if (values.faults) {
      const chosen = faultRuns.filter(({ fault }) => values.fault === undefined || fault === values.fault);
      let unseen = 0;
      for (let n = 0; n < seeds; n += 1) {
        for (const run of chosen) {
          const verdict = await runFault({ source, target }, run, { ...options, seed: Number(values.seed) + n });
          line(sentenceOfFault(verdict));
          if (!verdict.seen) unseen += 1;
        }
      }
      line(
        `${seeds * chosen.length} faults, ${((performance.now() - began) / 1_000).toFixed(0)} s: ${unseen} not seen`,
      );
      return unseen === 0 && chosen.length > 0 ? 0 : 1;
    }
    for (let n = 0; n < seeds && (performance.now() - began) / 1_000 < seconds; n += 1) {
      const seed = Number(values.seed) + n;
      const capture = values.capture === 'both' ? (seed % 2 === 0 ? 'logical' : 'triggers') : values.capture;
      const result = await runSeed({ source, target }, temporal, {
        seed,
        capture: capture as SeedOptions['capture'],
        fault: values.fault ?? null,
        scenario: (values.scenario ?? (temporal === null ? values.fault : null) ?? null) as SeedOptions['scenario'],
        ...options,
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

function sentenceOfFault({ run, seed, control, broken, seen }: FaultVerdict): string {
  return [
    `fault ${run.fault}, ${run.capture}, seed ${seed}: ${seen ? 'seen' : 'NOT SEEN'}`,
    `without it: ${sentenceOf(control, run.capture)}`,
    `with it: ${sentenceOf(broken, run.capture)}`,
  ].join('\n  ');
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
