import { readdirSync, readFileSync } from 'node:fs';
import { LeaseHolder } from '../../src/engine/follow/apply-lease';
import { runRound } from '../../src/engine/follow/run-round';
import { setRulesOn } from '../../src/postgres/ledger/follow/apply-lease';
import { openFollowedRun, type FollowedDraft, type FollowedRun } from '../database/delta/followed-run';
import { ownCluster } from '../support/postgres/own-cluster';

export interface RoundFigures {
  readonly course: 'large' | 'small';
  readonly capture: string;
  readonly keys: number;
  readonly rounds: number;
  readonly milliseconds: number;
  readonly keysPerSecond: number;
  /** CPU a key, microseconds: backends of each database, and this process. */
  readonly cpu: { readonly source: number; readonly target: number; readonly node: number };
}

const ticksPerSecond = 100;
const chained = 10;
const max = 60_000;

/** One table with a primary key and a foreign key, as pgbench's accounts. */
const accounts = (rows: number): FollowedDraft => ({
  source: `create table branch (no int primary key);
    insert into branch select generate_series(1, 20);
    create table account (no int primary key, branch int not null, balance int not null, filler char(84));
    insert into account select g, 1 + g % 20, 0, '' from generate_series(1, ${rows}) g; analyze`,
  target: `create table branch (no int primary key);
    create table account (no int primary key, branch int not null references branch, balance int not null, filler char(84));
    create index on account (branch)`,
  mappings: [
    { name: 'branch', columns: [{ target: 'no' }] },
    {
      name: 'account',
      columns: [{ target: 'no' }, { target: 'branch' }, { target: 'balance' }, { target: 'filler' }],
    },
  ],
});

/** Tables each of which refers to the one before, without an index for that. */
const chain = (rows: number): FollowedDraft => {
  const tables = Array.from({ length: chained }, (_, at) => `t${at}`);
  const columns = 'no int primary key, label text unique, v int';
  const create = (keys: boolean): string =>
    tables
      .map((name, at) => {
        const parent = at === 0 ? '' : `, parent int${keys ? ` references t${at - 1}` : ''}`;
        return `create table ${name} (${columns}${parent})`;
      })
      .join('; ');
  const fill = tables
    .map((name, at) => {
      const parent = at === 0 ? '' : ', g';
      return `insert into ${name} select g, 'l' || g, 0${parent} from generate_series(1, ${rows}) g`;
    })
    .join('; ');
  return {
    source: `${create(false)}; ${fill}`,
    target: create(true),
    mappings: tables.map((name, at) => ({
      name,
      columns: ['no', 'label', 'v', ...(at === 0 ? [] : ['parent'])].map((target) => ({ target })),
    })),
  };
};

/** Rounds alone, without Temporal: as in production the capture writes what they read, and rules are on. */
export async function measureRounds(rows: number, capture: 'triggers' | 'logical'): Promise<RoundFigures[]> {
  const quick = { shared_buffers: '512MB', max_wal_size: '8GB', wal_level: 'logical' };
  const cluster = await ownCluster(quick);
  try {
    const large = await rounds('large', { ...accounts(rows), capture }, async (run) => {
      await run.source.query('update account set balance = balance + 1 where no % 5 = 0');
    });
    const small = await rounds('small', { ...chain(20_000), capture }, async (run) => {
      for (let at = 0; at < chained; at += 1) await run.source.query(`update t${at} set v = v + 1 where no <= 40`);
    });
    return [large, small];
  } finally {
    await cluster.stop();
  }
}

async function rounds(
  course: RoundFigures['course'],
  draft: FollowedDraft & { readonly capture: 'triggers' | 'logical' },
  change: (run: FollowedRun) => Promise<void>,
): Promise<RoundFigures> {
  const run = await openFollowedRun(draft);
  const session = await run.databases.ledger(run.ref, 'bench');
  try {
    await setRulesOn(session, run.ref.run);
    const holder = await LeaseHolder.open(run.host, run.ref, 'bench');
    try {
      const figures: RoundFigures[] = [];
      // the first time sessions and their scratch tables are made
      for (let turn = 0; turn < 2; turn += 1) {
        await change(run);
        const [before, began] = [cpuOf(run), performance.now()];
        let [keys, count] = [0, 0];
        for (let complete = false; !complete;) {
          const outcome = await runRound(holder, { limit: max, heartbeat: () => undefined });
          ({ complete } = outcome);
          keys += outcome.keys;
          if (outcome.keys > 0) count += 1;
        }
        const [milliseconds, after] = [performance.now() - began, cpuOf(run)];
        const each = (name: keyof typeof after): number => ((after[name] - before[name]) * 1e6) / keys;
        figures.push({
          course,
          capture: draft.capture,
          keys,
          rounds: count,
          milliseconds,
          keysPerSecond: (keys * 1_000) / milliseconds,
          cpu: { source: each('source'), target: each('target'), node: each('node') },
        });
      }
      return figures.at(-1) as RoundFigures;
    } finally {
      await holder.end(true);
    }
  } finally {
    session.destroy();
    await run.capture.removeCapture(run.ref);
    await run.drop();
  }
}

/** Seconds of CPU so far: of the backends of either database that run now, and of this process. */
function cpuOf(run: FollowedRun): { source: number; target: number; node: number } {
  const { user, system } = process.cpuUsage();
  const seconds = { source: 0, target: 0, node: (user + system) / 1e6 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const side = words.includes(` ${run.source.name} `)
        ? 'source'
        : words.includes(` ${run.target.name} `)
          ? 'target'
          : null;
      if (!words.startsWith('postgres:') || side === null) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      seconds[side] += (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    } catch {
      continue; // ended meanwhile
    }
  }
  return seconds;
}
