import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connected } from '../stress/oracle';
import { openStage, type Stage } from './stage';

export interface DeltaFigures {
  readonly rows: number;
  readonly churned: number;
  readonly capture: string;
  /** Keys a second, from the moment the run is told to go on to the commit of the last round: bringing them into `pending` is part of it. */
  readonly keysPerSecond: number;
  readonly seconds: number;
  /** The same while rounds apply keys. */
  readonly keysPerSecondOfRounds: number;
  readonly rounds: number;
  /** The peer in the same run: one subscription of PostgreSQL applies the same churn, rows a second. */
  readonly peerRowsPerSecond: number;
  readonly ratio: number;
}

/** One fifth of the accounts, in transactions of 10,000. */
async function churn(source: Client, rows: number): Promise<number> {
  let changed = 0;
  for (let from = 1; from <= rows; from += 50_000) {
    const { rowCount } = await source.query(
      'update public.pgbench_accounts set abalance = abalance + 1 where aid >= $1 and aid < $1 + 50000 and aid % 5 = 0',
      [from],
    );
    changed += rowCount ?? 0;
  }
  return changed;
}

export async function measureDelta(rows: number, capture: 'triggers' | 'logical'): Promise<DeltaFigures> {
  const stage = await openStage(rows);
  try {
    const peerRowsPerSecond = await measurePeer(stage, rows);
    let figures: Omit<DeltaFigures, 'ratio'> | null = null;
    await stage.migrate({
      capture,
      atGate: async (run) => {
        if (figures !== null) return;
        await stage.bench.rowproof('pause', run, '--by', 'bench', '--reason', 'backlog');
        await sleep(25_000);
        const churned = await connected(stage.source.url('bank'), (client) => churn(client, rows));
        const before = await roundsOf(stage, run, 0);
        await stage.bench.rowproof('resume', run, '--by', 'bench', '--reason', 'apply');
        // both servers and this process share one clock
        const resumed = Date.now() / 1_000;
        for (;;) {
          const since = await roundsOf(stage, run, before.last);
          if (since.keys >= churned) {
            const { rounds, keys, from, to } = since;
            const seconds = to - resumed;
            const keysPerSecondOfRounds = keys / (to - from);
            const speeds = { keysPerSecond: keys / seconds, seconds, keysPerSecondOfRounds, rounds, peerRowsPerSecond };
            figures = { rows, churned, capture, ...speeds };
            return;
          }
          await sleep(500);
        }
      },
    });
    if (figures === null) throw new Error('The run never asked for the cutover.');
    const { keysPerSecond } = figures as DeltaFigures;
    return { ...(figures as DeltaFigures), ratio: keysPerSecond / peerRowsPerSecond };
  } finally {
    await stage.close();
  }
}

async function roundsOf(
  stage: Stage,
  run: string,
  after: number,
): Promise<Record<'last' | 'keys' | 'rounds' | 'from' | 'to', number>> {
  return connected(stage.target.url('bank'), async (client) => {
    const { rows } = await client.query<Record<'last' | 'keys' | 'rounds' | 'from' | 'to', string>>(
      `select coalesce(max(round), 0)::text as last, coalesce(sum(keys), 0)::text as keys, count(*)::text as rounds,
         coalesce(extract(epoch from min(started_at)), 0)::text as "from",
         coalesce(extract(epoch from max(committed_at)), 0)::text as "to"
       from rowproof.round where run = $1 and round > $2 and keys > 0`,
      [run, after],
    );
    const row = rows[0];
    const number = (name: 'last' | 'keys' | 'rounds' | 'from' | 'to'): number => Number(row?.[name]);
    return {
      last: number('last'),
      keys: number('keys'),
      rounds: number('rounds'),
      from: number('from'),
      to: number('to'),
    };
  });
}

/** PostgreSQL's own logical replication of the same table between the same servers, caught up on the same churn. */
async function measurePeer(stage: Stage, rows: number): Promise<number> {
  const url = new URL(stage.source.url('bank'));
  const address = `host=${url.hostname} port=${url.port} dbname=bank user=postgres password=${decodeURIComponent(url.password)}`;
  return connected(stage.source.url('bank'), (source) =>
    connected(stage.target.url('bank'), async (target) => {
      await source.query('create publication peer for table public.pgbench_accounts');
      await target.query(
        'create table public.pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84))',
      );
      await target.query(`create subscription peer connection '${address.replaceAll("'", "''")}' publication peer`);
      const ready = `select 1 from pg_subscription_rel where srsubstate <> 'r'`;
      while ((await target.query(ready)).rows.length > 0) await sleep(200);
      await target.query('alter subscription peer disable');
      const changed = await churn(source, rows);
      const end = (await source.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn')).rows[0]?.lsn;
      const began = performance.now();
      await target.query('alter subscription peer enable');
      const behind = `select 1 from pg_replication_slots where slot_name = 'peer' and confirmed_flush_lsn < $1::pg_lsn`;
      while ((await source.query(behind, [end])).rows.length > 0) await sleep(50);
      const seconds = (performance.now() - began) / 1_000;
      await target.query('drop subscription peer');
      await target.query('drop table public.pgbench_accounts');
      await source.query('drop publication peer');
      return changed / seconds;
    }),
  );
}
