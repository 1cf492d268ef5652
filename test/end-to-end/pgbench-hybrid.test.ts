import { setTimeout as sleep } from 'node:timers/promises';
import { captureLeft } from '../support/capture-left';
import { ownCluster } from '../support/postgres/own-cluster';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { findPgbench, type Pgbench, type PgbenchRun } from '../support/postgres/pgbench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createWorkbench, type Workbench } from '../support/workbench';

const target = `
create schema bank;
create table bank.branch (branch_no integer primary key, balance bigint not null, filler char(88));
create table bank.teller (
  teller_no integer primary key, branch_no integer not null references bank.branch, balance bigint not null, filler char(84)
);
create table bank.account (
  account_no integer primary key, branch_no integer not null references bank.branch, balance bigint not null, filler char(84)
);
create index account_by_branch on bank.account (branch_no);
create table bank.movement (
  id uuid primary key, legacy_no bigint not null unique, teller_no integer not null references bank.teller,
  branch_no integer not null references bank.branch, account_no integer not null references bank.account,
  amount integer not null, moved_at timestamp not null
);`;

const plan = (capture: string, settings: string): string => `version: 1
name: bank
sources: { old: "\${BENCH_SOURCE_URL}" }
target: "\${BENCH_TARGET_URL}"
capture: ${capture}
defaults: { unmapped_source_columns: error }
tables:
  bank.branch: { from: public.pgbench_branches, columns: { branch_no: bid, balance: bbalance, filler: filler } }
  bank.teller: { from: public.pgbench_tellers, columns: { teller_no: tid, branch_no: bid, balance: tbalance, filler: filler } }
  bank.account: { from: public.pgbench_accounts, columns: { account_no: aid, branch_no: bid, balance: abalance, filler: filler } }
  bank.movement:
    from: public.pgbench_history
    id: { uuid_from: hid }
    columns: { legacy_no: hid, teller_no: tid, branch_no: bid, account_no: aid, amount: delta, moved_at: mtime }
    ignore: [filler]
settings: { on_failure: keep, batch: { rows: 20000 }, ${settings} }
`;

/** Both sides as they should be equal, for psql: name, query of the source, query of the target. */
const exports: readonly (readonly [string, string, string])[] = [
  [
    'branch',
    'select bid, bbalance, filler from pgbench_branches',
    'select branch_no, balance, filler from bank.branch',
  ],
  [
    'teller',
    'select tid, bid, tbalance, filler from pgbench_tellers',
    'select teller_no, branch_no, balance, filler from bank.teller',
  ],
  [
    'account',
    'select aid, bid, abalance, filler from pgbench_accounts',
    'select account_no, branch_no, balance, filler from bank.account',
  ],
  [
    'movement',
    'select hid, tid, bid, aid, delta, mtime from pgbench_history',
    'select legacy_no, teller_no, branch_no, account_no, amount, moved_at from bank.movement',
  ],
];

const pgbench = findPgbench();

describe('a source that pgbench writes to during the whole migration', () => {
  let temporal: TestTemporal;
  let server: { stop(): Promise<void> } | undefined;
  let tool: Pgbench | null;

  beforeAll(async () => {
    tool = await pgbench;
    if (tool === null) {
      process.stderr.write('pgbench is not installed: its tests are skipped\n');
      return;
    }
    // a slot waits until transactions of the whole server have ended, also those of other tests
    server = await ownCluster({ wal_level: 'logical', max_replication_slots: '8', max_wal_senders: '8' });
    temporal = await startTemporal();
  });
  afterAll(async () => {
    await temporal?.stop();
    await server?.stop();
  });

  it.each([
    ['triggers', 'pattern: hybrid'],
    ['logical', 'pattern: hybrid'],
    ['none', 'pattern: big_bang'],
  ])('is on the target to the last row with capture %s, as psql alone can tell', async (capture, settings) => {
    if (tool === null) return;
    const bench = await openBench(temporal, tool, capture, settings);
    let writing: PgbenchRun | undefined;
    try {
      bench.worker();
      writing = tool.start(bench.source.url, 50);
      const cli = bench.start('run', bench.plan, '--wait', '--output', 'json');
      await approve(bench, 'bank-1', cli.ended);
      const code = await cli.ended;
      if (code !== 0) throw new Error(`The run ended with ${code}: ${cli.stdout()}${cli.stderr()}`);
      const said = await writing.ended;
      expect(said.text).toMatch(/bank-1/);
      const [movements] = await bench.target.query<{ n: string }>('select count(*) as n from bank.movement');
      // what pgbench counts was acknowledged; nothing else arrived
      expect(Number(movements?.n)).toBe(said.transactions);
      expect(said.transactions).toBeGreaterThan(0);
      expect(await differences(tool, bench)).toBe('');
      expect(await captureLeft(bench.source)).toEqual([]);
      await bench.target.query('update bank.branch set balance = balance');
    } finally {
      writing?.child.kill();
      await writing?.ended;
      await bench.close();
    }
  });
});

interface PgbenchBench extends Workbench {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly plan: string;
}

async function openBench(
  temporal: TestTemporal,
  tool: Pgbench,
  capture: string,
  settings: string,
): Promise<PgbenchBench> {
  const from = await createDatabase({ prefix: 'pgbench_old' });
  const to = await createDatabase({ prefix: 'pgbench_new' });
  await tool.initialize(from.url, 1);
  await to.query(target);
  const bench = createWorkbench(temporal, { BENCH_SOURCE_URL: from.url, BENCH_TARGET_URL: to.url });
  return {
    ...bench,
    source: from,
    target: to,
    plan: bench.write('bank.yaml', plan(capture, settings)),
    close: async () => {
      await bench.close();
      await from.query(
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()`,
      );
      await from.drop();
      await to.drop();
    },
  };
}

/** Approves the cutover whenever the run asks for it, until the run has ended. */
async function approve(bench: Workbench, run: string, ended: Promise<unknown>): Promise<void> {
  const signed = ['--by', 'ben', '--reason', 'window'];
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    const status = await bench.status(run);
    if (status?.gate === 'cutover')
      await bench.rowproof('approve', 'cutover', '--run', run, '--code', status.code, ...signed);
    await sleep(500);
  }
}

/** Files that psql exported, loaded by psql into a database of their own: what EXCEPT says, both ways. */
async function differences(tool: Pgbench, bench: PgbenchBench): Promise<string> {
  const scratch = await createDatabase({ prefix: 'pgbench_scratch' });
  try {
    const copy = (which: 1 | 2): string =>
      exports.map((one) => `\\copy (${one[which]}) to '${one[0]}.${which}.csv' csv`).join('\n');
    await tool.psql(bench.source.url, copy(1), bench.folder);
    await tool.psql(bench.target.url, copy(2), bench.folder);
    const said = exports.map(([name, query]) => {
      const columns = /select (.*) from/.exec(query)?.[1] ?? '';
      const typed = columns
        .split(', ')
        .map((column) => `${column} text`)
        .join(', ');
      return `create table ${name}_1 (${typed});
create table ${name}_2 (${typed});
\\copy ${name}_1 from '${name}.1.csv' csv
\\copy ${name}_2 from '${name}.2.csv' csv
(table ${name}_1 except all table ${name}_2) union all (table ${name}_2 except all table ${name}_1) limit 10;`;
    });
    return (await tool.psql(scratch.url, said.join('\n'), bench.folder)).trim();
  } finally {
    await scratch.drop();
  }
}
