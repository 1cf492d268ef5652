import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { chanceFrom } from '../stress/chance';
import { connected } from '../stress/oracle';
import { fly, type Flight } from '../stress/pilot';
import { startStressServer, type StressServer } from '../stress/servers';
import type { RunStatus } from '../../src/contract/run';
import { openFolder } from '../support/open-folder';
import { findPgbench, type Pgbench } from '../support/postgres/pgbench';
import { startTemporal } from '../support/temporal';
import { createWorkbench, type Workbench } from '../support/workbench';

/** Two servers with everything synced as in production, Temporal, and pgbench's tables to be migrated. */
export interface Stage {
  readonly source: StressServer;
  readonly target: StressServer;
  readonly tool: Pgbench;
  readonly bench: Workbench;
  /** Migrates database `bank` and waits for the end; `atGate` runs once the run asks for the cutover. */
  migrate(options: {
    readonly capture: 'triggers' | 'logical';
    readonly atGate: (run: string) => Promise<void>;
    readonly seen?: (status: RunStatus) => void;
  }): Promise<Flight>;
  close(): Promise<void>;
}

const likeProduction = {
  fsync: 'on',
  full_page_writes: 'on',
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '15min',
};

const targetSchema = `
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
  legacy_no bigint primary key, teller_no integer not null references bank.teller, branch_no integer not null,
  account_no integer not null references bank.account, amount integer not null, moved_at timestamp not null
);`;

const plan = (capture: string): string => `version: 1
name: bank
sources: { old: "\${BENCH_SOURCE_URL}" }
target: "\${BENCH_TARGET_URL}"
capture: ${capture}
tables:
  bank.branch: { from: public.pgbench_branches, columns: { branch_no: bid, balance: bbalance, filler: filler } }
  bank.teller: { from: public.pgbench_tellers, columns: { teller_no: tid, branch_no: bid, balance: tbalance, filler: filler } }
  bank.account: { from: public.pgbench_accounts, columns: { account_no: aid, branch_no: bid, balance: abalance, filler: filler } }
  bank.movement:
    from: public.pgbench_history
    columns: { legacy_no: hid, teller_no: tid, branch_no: bid, account_no: aid, amount: delta, moved_at: mtime }
    ignore: [filler]
settings: { on_failure: keep, pattern: hybrid, cutover: { max_freeze: 60s, max_lag: 60s } }
`;

export async function openStage(rows: number): Promise<Stage> {
  const tool = await findPgbench();
  if (tool === null) throw new Error('pgbench is not installed here.');
  const folder = openFolder('rowproof-measure-');
  const source = await startStressServer(join(folder, 'source'), likeProduction);
  const target = await startStressServer(join(folder, 'target'), likeProduction);
  const temporal = await startTemporal();
  for (const server of [source, target]) {
    await connected(server.url(), async (client) => void (await client.query('create database bank')));
  }
  await tool.initialize(source.url('bank'), Math.max(1, Math.round(rows / 100_000)));
  await connected(source.url('bank'), async (client) => {
    // a row that pgbench never touches: the probe's own
    await client.query('insert into public.pgbench_accounts values (0, 1, 0, $1)', ['']);
    await client.query('vacuum analyze');
  });
  await connected(target.url('bank'), async (client) => void (await client.query(targetSchema)));
  const bench = createWorkbench(temporal, {
    BENCH_SOURCE_URL: source.url('bank'),
    BENCH_TARGET_URL: target.url('bank'),
  });
  bench.worker('--log-level', 'info');
  return {
    source,
    target,
    tool,
    bench,
    migrate: async ({ capture, atGate, seen }) => {
      const flight = await fly({
        bench,
        address: temporal.address,
        namespace: temporal.namespace,
        plan: bench.write('bank.yaml', plan(capture)),
        chance: chanceFrom(1),
        patienceMs: 4 * 3_600_000,
        followMs: 0,
        drills: 0,
        approving: atGate,
        ...(seen === undefined ? {} : { seen }),
      });
      if (flight.outcome !== 'complete') throw new Error(`${flight.sentence}\n${flight.log.join('\n')}`);
      return flight;
    },
    close: async () => {
      await bench.close();
      await temporal.stop();
      await source.stop();
      await target.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
