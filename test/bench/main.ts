import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { measureCasts } from './casts';
import { measureCost } from './capture-cost';
import { measureDelta } from './delta-apply';
import { measureDiscovery } from './discovery';
import { measureViolations } from './known-violations';
import { measureFreeze } from './freeze';
import { measureProof } from './proof';
import { measureRounds } from './rounds';

const usage = `npm run bench -- [delta] [cost] [freeze] [rounds] [violations] [discovery] [casts] [proof] [--rows N] [--capture triggers|logical] [--rate TX_PER_SECOND]
               [--pairs N] [--seconds N]

Measures on this machine, with servers of its own; one JSON document a line. Without a name: all of them, the freeze at 1 and at
10 million rows.`;

type Kind = 'triggers' | 'logical';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rows: { type: 'string' },
      capture: { type: 'string' },
      rate: { type: 'string', default: '500' },
      pairs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '15' },
      help: { type: 'boolean', default: false },
    },
  });
  const say = (what: string, figures: unknown): void =>
    void process.stdout.write(`${JSON.stringify({ what, ...(figures as object) })}\n`);
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const wanted =
    positionals.length === 0
      ? ['rounds', 'delta', 'cost', 'freeze', 'violations', 'discovery', 'casts', 'proof']
      : positionals;
  const kinds: readonly Kind[] = values.capture === undefined ? ['triggers', 'logical'] : [values.capture as Kind];
  const rows = (usual: number): number => (values.rows === undefined ? usual : Number(values.rows));
  say('machine', { cpu: cpus()[0]?.model, cores: cpus().length, memory: totalmem(), node: process.version });
  if (wanted.includes('violations')) say('violations', await measureViolations(rows(200_000)));
  if (wanted.includes('discovery')) {
    for (const one of await measureDiscovery(rows(500_000))) say('discovery', one);
  }
  if (wanted.includes('casts')) {
    for (const one of await measureCasts(rows(300_000))) say('casts', one);
  }
  if (wanted.includes('proof')) say('proof', await measureProof(rows(500_000)));
  for (const capture of kinds) {
    if (wanted.includes('rounds')) {
      for (const one of await measureRounds(rows(400_000), capture)) say('rounds', one);
    }
    if (wanted.includes('delta')) say('delta', await measureDelta(rows(2_000_000), capture));
    if (wanted.includes('cost')) {
      say('cost', await measureCost(rows(500_000), capture, Number(values.pairs), Number(values.seconds)));
    }
    if (!wanted.includes('freeze')) continue;
    const sizes = values.rows === undefined ? [1_000_000, 10_000_000] : [Number(values.rows)];
    for (const size of sizes) say('freeze', await measureFreeze(size, Number(values.rate), capture));
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
